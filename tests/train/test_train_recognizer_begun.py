"""A run goes on with what it was begun with, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lpr.errors import TrainingError
from lpr.manifest import load_manifest
from lpr.train import recognizer_loop
from lpr.train.begun import BEGUN
from lpr.train.recognizer_export import load_weights
from lpr.train.recognizer_loop import train_recognizer
from lpr.train.recognizer_options import RecognizerTrainOptions
from tests.train.written_crops import small, write_crops


def _sums(net: torch.nn.Module) -> list[float]:
    return [float(one.detach().sum()) for one in net.parameters()]


@pytest.fixture
def begun(tmp_path: Path) -> RecognizerTrainOptions:
    """A run that has taken a step."""
    options = small(write_crops(tmp_path / "own"), tmp_path / "model", steps=1)
    train_recognizer(options)
    return replace(options, loop=replace(options.loop, steps=2))


def test_the_same_run_goes_on_and_says_so(begun: RecognizerTrainOptions) -> None:
    lines: list[str] = []
    train_recognizer(begun, tell=lines.append)
    assert lines[0] == "going on from step 1"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"init_from": "shipped"}, "--from none, not recognizer-v1"),
        ({"regions": ("de", "fr")}, "--region all, not de,fr"),
        ({"keep": 0.5}, "--keep 1.0, not 0.5"),
    ],
)
def test_another_run_into_the_same_folder_is_refused(
    begun: RecognizerTrainOptions, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError, match=rf"begun with {message}; .*--fresh.*--out"):
        train_recognizer(replace(begun, **changed))


def test_another_seed_is_refused(begun: RecognizerTrainOptions) -> None:
    with pytest.raises(TrainingError, match="--seed 0, not 7"):
        train_recognizer(replace(begun, loop=replace(begun.loop, seed=7)))


def test_other_data_are_refused_and_begin_anew(
    begun: RecognizerTrainOptions, tmp_path: Path
) -> None:
    other = replace(begun, data=(write_crops(tmp_path / "more", [("Q1", "train")]),))
    with pytest.raises(TrainingError, match="--data own, not more"):
        train_recognizer(other)
    folder = train_recognizer(replace(other, resume=False))
    assert [one.name for one in load_manifest(folder).training] == ["more"]
    train_recognizer(replace(other, loop=replace(other.loop, steps=3)))


def test_labels_that_changed_are_refused(begun: RecognizerTrainOptions) -> None:
    with (begun.data[0] / "labels.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(TrainingError, match="other labels of own"):
        train_recognizer(begun)


def test_a_run_that_has_its_steps_is_refused(begun: RecognizerTrainOptions) -> None:
    with pytest.raises(TrainingError, match=r"has taken 1 steps and 1 are asked for.*--steps"):
        train_recognizer(replace(begun, loop=replace(begun.loop, steps=1)))


def test_a_run_that_could_not_be_exported_is(begun: RecognizerTrainOptions) -> None:
    (begun.out / "manifest.toml").unlink()
    folder = train_recognizer(replace(begun, loop=replace(begun.loop, steps=1)))
    assert load_manifest(folder).metrics["steps"] == 1


def test_a_checkpoint_of_a_former_version_goes_on(begun: RecognizerTrainOptions) -> None:
    (begun.out / BEGUN).unlink()
    assert load_manifest(train_recognizer(begun)).metrics["steps"] == 2


def test_a_damaged_record_is_named(begun: RecognizerTrainOptions) -> None:
    (begun.out / BEGUN).write_text(json.dumps({"seed": 0}))
    with pytest.raises(TrainingError, match=rf"{BEGUN}: is damaged"):
        train_recognizer(begun)


def test_exact_before_is_that_of_the_start_after_a_stop_too(
    begun: RecognizerTrainOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = replace(begun, out=tmp_path / "tuned", init_from=str(begun.out))
    train_recognizer(replace(tuned, loop=replace(tuned.loop, steps=1, rate=0.5)))
    seen: list[list[float]] = []

    def noted(net: Any, *_: Any) -> dict[str, Any]:
        seen.append(_sums(net))
        return {}

    monkeypatch.setattr(recognizer_loop, "_validate", noted)
    start, _ = load_weights(begun.out / "weights.npz")
    train_recognizer(replace(tuned, loop=replace(tuned.loop, steps=2, rate=0.5)))
    assert seen[0] == pytest.approx(_sums(start))
    assert seen[0] != pytest.approx(seen[1])


def test_the_temperature_of_the_start_is_kept_where_crops_are_few(
    begun: RecognizerTrainOptions, tmp_path: Path
) -> None:
    manifest = begun.out / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    assert "temperature = 1.0" in text
    manifest.write_text(text.replace("temperature = 1.0", "temperature = 0.83"), encoding="utf-8")
    tuned = replace(begun, out=tmp_path / "tuned", init_from=str(begun.out))
    first = load_manifest(train_recognizer(replace(tuned, loop=replace(tuned.loop, steps=1))))
    assert first.temperature == 0.83
    assert "calibration_error" not in first.metrics
    manifest.write_text(text, encoding="utf-8")
    assert load_manifest(train_recognizer(tuned)).temperature == 0.83


def test_a_run_begun_anew_and_stopped_is_not_taken_for_the_finished_one(
    begun: RecognizerTrainOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkpoint has as many steps as the exported model of the run before."""
    anew = replace(begun, resume=False, loop=replace(begun.loop, steps=1, seed=9))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recognizer_loop, "_calibrated", stopped)
        with pytest.raises(KeyboardInterrupt):
            train_recognizer(anew)
    train_recognizer(replace(anew, resume=True))
    assert load_manifest(anew.out).metrics["steps"] == 1
