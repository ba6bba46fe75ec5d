"""The 600-clip benchmark: resuming, baselines, its command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.clips600 import generate
from bench.clips600.baselines import TrackReadings, best_frame, majority
from bench.clips600.score import score_folder
from lpr.errors import OutputError
from lpr.evaluate.datasets import Clip, ClipPlate
from lpr.evaluate.events import score_clip
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
    event, departed = best_frame(_track(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8)))
    assert (event.text, event.confidence, event.frame_index) == ("AB7", 0.9, 1)
    assert (departed.kind, departed.text, departed.time) == ("departed", "AB7", 0.2)
    assert best_frame(_track(("AB1", 0.4))) == ()


def test_the_majority_counts_strings() -> None:
    event, _ = majority(_track(("AB1", 0.6), ("AB7", 0.9), ("AB1", 0.8), ("X", 0.1)))
    assert (event.text, event.agreeing, event.frame_index) == ("AB1", 2, 2)
    assert majority(_track(("AB1", 0.9), ("AB2", 0.9))) == ()
    assert majority(_track(("AB1", 0.2), ("AB1", 0.2))) == ()


def test_a_best_frame_before_the_legible_ones_stands_while_its_plate_is_seen() -> None:
    """As the engine's verdicts, which end with their departure."""
    track = _track(("AB123CD", 0.95), *[("AB123C", 0.6)] * 20)
    clip = Clip(Path("a.mp4"), 10.0, 30, (ClipPlate("AB123CD", 15, 20),))
    outcome = score_clip(clip, best_frame(track))
    assert [plate.outcome for plate in outcome.plates] == ["right"]
    assert not outcome.false


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


def test_a_result_that_cannot_be_written_is_told_before_the_clips_are_run(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    row = {"video": "a.mp4", "fps": 25, "frames": 9, "plates": [], "uncertain": []}
    (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(OutputError, match="now"):
        score_folder(tmp_path, save=tmp_path / "none" / "now.json")


def test_seeds_give_other_movements_over_a_photograph(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def render(photo: object, plates: object, spec: object, path: Path) -> ClipLabels:
        seen.append(spec)
        return _labels(path.parent, len(seen))

    monkeypatch.setattr(generate, "render_photo_clip", render)
    for seed in (1, 2):
        generate.generate_photos(tmp_path / str(seed), seed, 1)
    assert seen[0] != seen[1]
    assert shared_data.is_dir()
