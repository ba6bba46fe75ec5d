"""Texts where no label is, and second texts, by a reader whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr.evaluate import EndToEndReport, evaluate_end_to_end, write_report
from lpr.geometry import Quad
from lpr.stills import StillPlate
from lpr.testing import sure_reading
from lpr.types import Image

_PLATE, _BARE, _SIGN = (10, 10, 60, 30), (10, 60, 60, 80), (100, 10, 150, 30)


class _Reader:
    def __init__(self, plates: Sequence[StillPlate]) -> None:
        self._plates = plates

    def read(self, image: Image) -> Sequence[StillPlate]:
        return self._plates


def _read(
    place: tuple[int, int, int, int], text: str, *, probability: float = 1.0, score: float = 0.9
) -> StillPlate:
    reading = sure_reading(text, probability=probability)
    return StillPlate(Quad.from_box(*place), score, 1, reading, text, None)


def _report(folder: Path, plates: Sequence[StillPlate], least: float = 0.0) -> EndToEndReport:
    scenes = folder / "scenes" / "own"
    scenes.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(scenes / "a.png"), np.zeros((100, 200, 3), np.uint8))
    labels = [
        {"box": _PLATE, "text": "AB12", "lines": 1},
        {"box": _BARE, "text": None},
        {"box": _SIGN, "text": None, "note": "notplate"},
    ]
    row = {"image": "a.png", "split": "val", "plates": labels}
    (scenes / "labels.jsonl").write_text(json.dumps(row))
    return evaluate_end_to_end(_Reader(plates), folder, min_confidence=least)


def test_texts_on_no_label_are_counted_by_set_and_drawn(tmp_path: Path) -> None:
    background = (120, 60, 170, 80)
    plates = [
        _read(_PLATE, "AB12"),
        _read(background, "SIGN1"),
        _read((0, 40, 20, 48), "X1", probability=0.5),
        _read((180, 0, 199, 9), ""),
    ]
    report = _report(tmp_path, plates)
    assert [row.name for row in report.strays] == ["all", "own"]
    for row in report.strays:
        assert (row.no_label.hits, row.no_label.total) == (2, 3)
        assert (row.sure.hits, row.sure.total) == (1, 2)
        assert row.second.hits == 0
        assert (row.pictures.hits, row.pictures.total) == (1, 1)
    assert [(one.cause, one.got) for one in report.failures] == [
        ("no label", "SIGN1"),
        ("no label", "X1"),
    ]
    files = write_report(report, tmp_path / "out", "end-to-end")
    assert tmp_path / "out" / "end-to-end-no-label-1.png" in files
    assert "| own | 2: 0.667 (" in files[0].read_text()
    strays = json.loads(files[1].read_text())["strays"]
    assert strays[1]["no_label_sure"]["hits"] == 1
    assert "interval" in strays[1]["no_label"]


def test_a_second_text_of_a_plate_is_one_too_many(tmp_path: Path) -> None:
    within = (12, 12, 50, 30)
    report = _report(tmp_path, [_read(within, "B12", score=0.5), _read(_PLATE, "AB12")])
    assert report.overall.right.hits == 1
    assert (report.strays[0].second.hits, report.strays[0].second.total) == (1, 2)
    assert report.strays[0].no_label.hits == 0
    (failure,) = report.failures
    assert (failure.cause, failure.expected, failure.got) == ("second text", "AB12", "B12")
    write_report(report, tmp_path / "out", "end-to-end")
    assert (tmp_path / "out" / "end-to-end-second-text-1.png").is_file()


def test_a_label_without_a_text_is_a_label_and_no_plate_is_neither(tmp_path: Path) -> None:
    report = _report(tmp_path, [_read(_BARE, "CD34"), _read(_SIGN, "STOP")])
    assert report.overall.missed.hits == 1
    assert (report.strays[0].no_label.hits, report.strays[0].no_label.total) == (0, 1)


def test_what_is_not_accepted_is_no_text(tmp_path: Path) -> None:
    unsure = _read((120, 60, 170, 80), "X1", probability=0.5)
    assert _report(tmp_path, [unsure], least=0.5).strays[0].no_label.total == 0
