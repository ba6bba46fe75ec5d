"""Votes over tracks of crops made here, with fake readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.errors import SourceError
from lpr.evaluate import evaluate_tracks
from lpr.evaluate.tracks import majority
from lpr.geometry import Quad
from lpr.testing import CountingFuser, sure_reading
from lpr.types import CropQuality, Image, PlateCrop, Reading
from lpr.vote.voter import PlateVoter

_TEXTS = ("AB12CDE", "AB12CDF", "XY34ZUV", "")


class _Rectifier:
    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        return PlateCrop(image, CropQuality(120.0, 1.0, contrast=1.0, edge=1.0), quad)


class _Recognizer:
    """A crop's brightness is the number of what it says; a last bit makes it less sure."""

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        return tuple(_reading(round(float(crop.mean()) / 20)) for crop in crops)


class _Fuser(CountingFuser):
    """Two looks make a picture that says what code 0 says."""

    def add(self, vehicle: int, crop: PlateCrop) -> PlateCrop | None:
        picture = super().add(vehicle, crop)
        return None if picture is None else replace(picture, image=np.zeros_like(crop.image))


def _no_fuser() -> None:
    """Votes rest on single looks."""


def _reading(code: int) -> Reading:
    text = _TEXTS[code // 2]
    return sure_reading(text, probability=0.6 if code % 2 else 0.95) if text else sure_reading("")


def _data(folder: Path, tracks: Sequence[tuple[str, Sequence[int]]]) -> Path:
    plates = folder / "plates" / "tracks"
    plates.mkdir(parents=True)
    rows = []
    for number, (text, codes) in enumerate(tracks, 1):
        for frame, code in enumerate(codes):
            name = f"{number}-{frame}.png"
            cv2.imwrite(str(plates / name), np.full((20, 60, 3), 20 * code, np.uint8))
            row = {"image": name, "text": text, "lines": 1, "box": [0, 0, 60, 20]}
            rows.append(row | {"quad": None, "split": "val", "track": number, "note": ""})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (plates / "labels.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_the_vote_is_set_against_single_looks_and_simple_rules(tmp_path: Path) -> None:
    data = _data(
        tmp_path,
        [
            ("AB12CDE", [0, 0, 0, 2]),  # one wrong look of four
            ("AB12CD?", [2, 2, 2]),  # painted over: the last character may be any
            ("XY34ZUV", [0, 0, 0]),  # all looks are wrong
            ("XY34ZUV", [6, 6, 6]),  # nothing is read
        ],
    )
    seen: list[tuple[int, int]] = []
    report = evaluate_tracks(
        _Recognizer(),
        _Rectifier(),
        PlateVoter,
        _no_fuser,
        data,
        progress=lambda *now: seen.append(now),
    )
    assert report.looks.value == pytest.approx(6 / 13)
    assert report.looks.total == 13
    assert "# Tracks, val, 4 tracks of 13 crops" in report.to_markdown()
    assert report.to_json()["tracks"] == 4
    rules = report.rules
    assert rules["vote"] == (True, True, False, False)
    assert rules["any look (out of reach)"] == (True, True, False, False)
    right, wrong = report.verdicts
    assert (right.hits, wrong.hits, right.total) == (2, 1, 4)
    assert [one.cause for one in report.failures] == ["wrong", "unread"]
    assert seen[-1] == (13, 13)
    assert "| vote | 0.500" in report.to_markdown()
    assert json.loads(json.dumps(report.to_json()))["rules"]["vote"]["n"] == 4


def test_the_surest_look_may_be_the_wrong_one(tmp_path: Path) -> None:
    data = _data(tmp_path, [("AB12CDE", [1, 1, 1, 1, 2])])
    report = evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data)
    assert report.rules["surest look"] == (False,)
    assert report.rules["majority of texts"] == (True,)
    assert report.against["surest look"].total == 1


def test_a_look_that_surely_reads_nothing_is_not_the_surest(tmp_path: Path) -> None:
    """It made the simple rule worse than it is, and what the vote gains larger."""
    report = evaluate_tracks(
        _Recognizer(), _Rectifier(), PlateVoter, _no_fuser, _data(tmp_path, [("AB12CDE", [6, 1])])
    )
    assert _reading(6).confidence > _reading(1).confidence
    assert report.rules["surest look"] == (True,)


def test_the_interval_of_single_looks_is_that_of_tracks(tmp_path: Path) -> None:
    """Twenty looks at each of two vehicles are two cases, not forty."""
    data = _data(tmp_path, [("AB12CDE", [0] * 20), ("XY34ZUV", [0] * 20)])
    looks = evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data).looks
    assert (looks.low, looks.value, looks.high, looks.total) == (0.0, 0.5, 1.0, 40)


def test_what_the_looks_make_together_has_a_vote(tmp_path: Path) -> None:
    data = _data(tmp_path, [("AB12CDE", [3, 5, 3])])
    alone = evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data)
    assert alone.rules["vote"] == (False,)
    fused = evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _Fuser, data)
    assert fused.rules["vote"] == (True,)
    assert fused.rules["majority of texts"] == alone.rules["majority of texts"]
    assert fused.looks.total == 3


def test_a_tie_of_texts_goes_to_the_surest_look() -> None:
    readings = [
        sure_reading("AB12CDF", probability=0.6),
        sure_reading("AB12CDE", probability=0.5),
        sure_reading("AB12CDE", probability=0.95),
        sure_reading("AB12CDF", probability=0.8),
        sure_reading("XY34ZUV", probability=0.99),
    ]
    assert majority(readings) == majority(readings[::-1]) == "AB12CDE"


def test_looks_that_read_nothing_are_no_text_of_a_majority() -> None:
    nothing = sure_reading("")
    assert majority([nothing, sure_reading("AB12CDE", probability=0.5), nothing]) == "AB12CDE"
    assert majority([nothing, nothing]) == ""


def test_crops_without_a_track_are_nothing_to_measure(tmp_path: Path) -> None:
    data = _data(tmp_path, [("AB12CDE", [0])])
    labels = data / "plates" / "tracks" / "labels.jsonl"
    labels.write_text(labels.read_text().replace('"track": 1', '"track": null'))
    with pytest.raises(SourceError, match="no labels of split 'val'"):
        evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data)


def test_crops_of_a_track_need_not_follow_each_other(tmp_path: Path) -> None:
    data = _data(tmp_path, [("AB12CDE", [0, 0, 0]), ("XY34ZUV", [4, 4, 4])])
    labels = data / "plates" / "tracks" / "labels.jsonl"
    rows = labels.read_text().splitlines()
    labels.write_text("\n".join(rows[::3] + rows[1::3] + rows[2::3]))
    report = evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data)
    assert report.rules["vote"] == (True, True)
    assert [len(one.looks) for one in report.outcomes] == [3, 3]


def test_an_unknown_set_is_named(tmp_path: Path) -> None:
    data = _data(tmp_path, [("AB12CDE", [0])])
    with pytest.raises(SourceError, match="no set 'nope'"):
        evaluate_tracks(_Recognizer(), _Rectifier(), PlateVoter, _no_fuser, data, sets=("nope",))
