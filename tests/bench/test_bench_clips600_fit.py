"""Recordings of clips and the fit of the voter on them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench.clips600 import recording
from bench.clips600.fit import (
    Claim,
    claims_of,
    cost,
    fit_beliefs,
    fit_folders,
    fit_probability,
    fit_thresholds,
    report,
    surprise,
)
from bench.clips600.recording import RecordedFrame, RecordedLook, Recording, replay
from lpr.config import EngineConfig, RecognizerConfig
from lpr.errors import SourceError
from lpr.evaluate.datasets import Clip, ClipPlate
from lpr.geometry import Quad
from lpr.testing import sure_reading
from lpr.types import CropQuality, Detection, EventKind, Reading
from lpr.vote import VoterOptions

QUALITY = CropQuality(120.0, 0.8)


def _reading(text: str, probability: float, width: float) -> Reading:
    return sure_reading(text, probability=probability, quality=replace(QUALITY, width=width))


def _recording(
    name: str,
    label: str,
    says: list[str],
    probability: float = 0.97,
    path: Path = Path(),
    width: float = 120.0,
) -> Recording:
    """A plate that drives through the picture and is read as told."""
    frames = []
    for number, text in enumerate(says):
        x = 50.0 + 25 * number
        found = Detection(Quad.from_box(x, 100, x + width, 130), 0.9)
        reading = _reading(text, probability, width)
        fused = replace(reading, looks=number + 1) if number > 1 else None
        looks = (RecordedLook(found, reading, fused),)
        frames.append(RecordedFrame(number, number / 10, looks))
    plates = (ClipPlate(label, 0, len(says) - 1),) if label else ()
    return Recording(Clip(path / name, 10.0, len(says), plates), tuple(frames))


def test_a_replay_is_an_engine_on_what_was_recorded() -> None:
    one = replay(_recording("a.mp4", "AB123CD", ["AB123CD"] * 8), EngineConfig())
    events = [event for result in one.results for event in result.events]
    assert [(event.kind, event.text) for event in events] == [
        (EventKind.CONFIRMED, "AB123CD"),
        (EventKind.DEPARTED, "AB123CD"),
    ]
    (plate,) = one.plates
    assert plate.text == "AB123CD"
    # A settled track costs no reading, although every frame has one.
    assert sum(len(result.readings) for result in one.results) < 8


def test_a_replay_fuses_where_the_engine_does() -> None:
    doubtful = _recording("a.mp4", "AB123CD", ["AB123CD"] * 8, probability=0.7)
    (plate,) = replay(doubtful, EngineConfig()).plates
    assert plate.fused is not None
    assert plate.fused.looks == 8
    alone = EngineConfig(recognizer=RecognizerConfig(fuse_looks=False))
    (plate,) = replay(doubtful, alone).plates
    assert plate.fused is None


def test_a_recording_survives_the_disk(tmp_path: Path) -> None:
    before = _recording("a.mp4", "AB123CD", ["AB123CD", "A8123CD", "AB123CD"])
    rows: list[object] = [
        [frame.index, frame.time, [recording._look_row(look) for look in frame.looks]]
        for frame in before.frames
    ]
    path = tmp_path / "recordings-x" / "a.json.gz"
    recording._save(path, rows)
    assert recording._load(path, before.clip) == before


def test_a_video_that_was_replaced_is_recorded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def networks(clip: Clip, *_: object) -> list[object]:
        said.append(clip.path.read_text(encoding="utf-8"))
        return []

    monkeypatch.setattr(recording, "_record", networks)
    path = tmp_path / "a.mp4"
    clip = Clip(path, 10.0, 8, ())
    for content in ("old", "old", "new"):
        path.write_text(content, encoding="utf-8")
        os.utime(path, (0, 0))
        recording.record([clip])
    assert said == ["old", "new"]
    path.unlink()
    with pytest.raises(SourceError, match=r"a\.mp4: cannot be read"):
        recording.record([clip])


def test_the_temperature_is_that_of_the_greatest_likelihood() -> None:
    # Believed at odds of 99 to 1, right in nine of ten: the voter is too sure by a factor of two.
    claims = [Claim(4.595, right=number % 10 != 0) for number in range(100)]
    at = {value: surprise(claims, value) for value in (0.5, 1.0, 2.09, 4.0)}
    assert min(at, key=lambda value: at[value]) == 2.09


def test_a_voter_that_is_too_sure_is_made_more_careful() -> None:
    wrong = [_recording(f"w{n}.mp4", "AB123CD", ["AB128CD"] * 8) for n in range(4)]
    right = [_recording(f"r{n}.mp4", "AB123CD", ["AB123CD"] * 8) for n in range(6)]
    careful = fit_probability([*wrong, *right], VoterOptions())
    trusting = fit_probability(right, VoterOptions())
    assert careful.temperature > 2 > trusting.temperature


def test_an_option_moves_only_where_it_pays() -> None:
    right = [_recording(f"r{n}.mp4", "AB123CD", ["AB123CD"] * 8) for n in range(3)]
    assert fit_beliefs(right, VoterOptions()) == VoterOptions()
    assert fit_thresholds(right, VoterOptions()) == VoterOptions()


def test_the_evidence_is_fitted_to_what_makes_the_outcomes_likely() -> None:
    # What is seen from afar alone is wrong, however often it is read.
    far, near = (["AB128CD"] * 4, 60.0), (["AB123CD"] * 4, 160.0)
    clips = [
        _recording(f"{n}.mp4", "AB123CD", says, 0.8, width=width)
        for n, (says, width) in enumerate([far, near] * 8)
    ]
    start = VoterOptions(size_relief=0.9)
    fitted = fit_beliefs(clips, start)
    assert fitted.size_relief < 0.9
    assert surprise_of(clips, fitted) < surprise_of(clips, start) - 1 / 16


def surprise_of(clips: list[Recording], options: VoterOptions) -> float:
    open_ended = replace(options, temperature=1.0, ceiling=1 - 1e-6)
    config = EngineConfig(voter=open_ended)
    claims = [claim for clip in clips for claim in claims_of(replay(clip, config))]
    return min(surprise(claims, 0.4 * 1.05**n) for n in range(48))


def test_a_wrong_verdict_costs_more_than_a_missed_plate() -> None:
    wrong = report([_recording("w.mp4", "AB123CD", ["AB128CD"] * 8)], VoterOptions())
    missed = report([_recording("m.mp4", "AB123CD", [""] * 8)], VoterOptions())
    assert cost(wrong) > cost(missed) == 1


def test_nothing_is_fitted_to_what_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="held out"):
        fit_folders([tmp_path], [tmp_path / "." / ""])


def test_the_fit_prints_a_configuration_and_both_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "fit", tmp_path / "report"]
    for folder in folders:
        folder.mkdir()
        row = {"video": "a.mp4", "fps": 10, "frames": 8, "width": 640, "height": 360}
        plate = {"text": "AB123CD", "lines": 1, "first_frame": 0, "last_frame": 7}
        (folder / "labels.jsonl").write_text(
            json.dumps({**row, "plates": [plate], "uncertain": [], "tags": []}), encoding="utf-8"
        )

    def recorded(clips: list[Clip]) -> list[Recording]:
        return [_recording("a.mp4", "AB123CD", ["AB123CD"] * 8) for _ in clips]

    monkeypatch.setattr("bench.clips600.fit.record", recorded)
    text = fit_folders(folders[:1], folders[1:])
    assert "fitted on 1 clips" in text
    assert "temperature = " in text
    assert "## On other clips" in text
