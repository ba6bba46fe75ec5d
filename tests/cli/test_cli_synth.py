"""What `lpr synth` writes, and does not write over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpr.cli import synth
from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode


def test_no_two_seeds_share_clips() -> None:
    seeds = [synth._own_seed(seed, number) for seed in range(30) for number in range(30)]
    assert len(set(seeds)) == len(seeds)
    assert synth._own_seed(3, 4) == synth._own_seed(3, 4)


def test_clips_are_drawn_from_seeds_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def none_left(seed: int, **_: object) -> None:
        drawn.append(seed)
        raise KeyboardInterrupt

    monkeypatch.setattr("lpr.synth.clip_spec.sample_clip_spec", none_left)
    for seed in ("1", "2"):
        CliRunner().invoke(app, ["synth", "clips", "--out", str(tmp_path), "--seed", seed])
    assert drawn == [synth._own_seed(1, 0), synth._own_seed(2, 0)]


def test_pictures_of_a_former_run_are_not_left_without_labels(tmp_path: Path) -> None:
    def plates(*more: str) -> int:
        command = ["synth", "plates", "--out", str(tmp_path), "--region", "DE"]
        return CliRunner().invoke(app, [*command, *more]).exit_code

    assert plates("--count", "2") == ExitCode.OK
    assert plates("--count", "3") == ExitCode.OK
    labels = (tmp_path / "labels.jsonl").read_text(encoding="utf-8")
    assert plates("--count", "2") == ExitCode.OUTPUT
    assert plates("--count", "3", "--seed", "1") == ExitCode.OUTPUT
    assert (tmp_path / "labels.jsonl").read_text(encoding="utf-8") == labels
    named = {json.loads(line)["image"] for line in labels.splitlines()}
    assert named == {f"images/{path.name}" for path in (tmp_path / "images").iterdir()}
