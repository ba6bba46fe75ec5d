"""The 600-clip benchmark: resuming, baselines, its command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.clips600 import generate
from bench.clips600.baselines import TrackReadings, best_frame, majority
from lpr.errors import OutputError
from lpr.synth.clip import ClipLabels, ClipPlateLabel
from lpr.types import CharCandidates, Reading


def _reading(text: str, confidence: float) -> Reading:
    candidates = tuple(CharCandidates((char,), (1.0,)) for char in text)
    return Reading(text, (1.0,) * len(text), candidates, confidence)


def _track(*readings: tuple[str, float]) -> TrackReadings:
    track = TrackReadings(3)
    for number, (text, confidence) in enumerate(readings):
        track.add(_reading(text, confidence), number / 10, number)
    return track


def test_the_best_frame_is_the_surest() -> None:
    (event,) = best_frame(_track(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8)))
    assert (event.text, event.confidence, event.frame_index) == ("AB7", 0.9, 1)
    assert best_frame(_track(("AB1", 0.4))) == ()


def test_the_majority_counts_strings() -> None:
    (event,) = majority(_track(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8), ("X", 0.1)))
    assert (event.text, event.agreeing, event.frame_index) == ("AB1", 2, 2)
    assert majority(_track(("AB1", 0.9), ("AB2", 0.9))) == ()
    assert majority(_track(("AB1", 0.2), ("AB1", 0.2))) == ()


def _labels(out: Path, number: int) -> ClipLabels:
    path = out / f"{number:05d}.mp4"
    path.write_bytes(b"clip")
    plates = (
        ClipPlateLabel("AB123", 1, 0, 5, ()),
        ClipPlateLabel("FAR99", 1, -1, -1, ()),
    )
    return ClipLabels(path.name, 10, 6, 64, 48, plates, ("day",), number)


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []

    def render(out: Path, number: int) -> ClipLabels:
        rendered.append(number)
        return _labels(out, number)

    monkeypatch.setattr(generate, "_synthetic", render)
    generate.generate_synthetic(tmp_path, 5, 2)
    generate.generate_synthetic(tmp_path, 5, 4)
    assert rendered == [5, 6, 7, 8]
    lines = (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["number"] for row in rows] == [5, 6, 7, 8]
    assert rows[0]["uncertain"] == ["FAR99"]
    assert [plate["text"] for plate in rows[0]["plates"]] == ["AB123"]


def test_another_run_is_not_mixed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_synthetic", _labels)
    generate.generate_synthetic(tmp_path, 5, 1)
    with pytest.raises(OutputError, match="another run"):
        generate.generate_synthetic(tmp_path, 6, 1)


def test_photographs_are_of_val_and_readable(shared_data: Path) -> None:
    scenes = generate.photographs()
    assert len(scenes) > 400
    assert {scene.split for scene, _ in scenes} == {"val"}
    assert all(plate.text for _, plates in scenes for plate in plates)
    assert shared_data.is_dir()
