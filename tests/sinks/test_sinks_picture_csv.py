"""The table of `lpr read --csv`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lpr.geometry import Quad
from lpr.sinks.picture import PicturePlate, PictureResult
from lpr.sinks.picture_csv import COLUMNS, PictureCsv

QUAD = Quad((1.04, 2.0), (33.3, 2.0), (33.3, 44.0), (1.0, 44.0))
PLATE = PicturePlate(QUAD, 0.91237, 2, "AB12", 0.5, (0.9, 0.8, 0.7, 1.0), "DE", "A812")


def rows(path: Path, *results: PictureResult) -> list[dict[str, str]]:
    sink = PictureCsv(path)
    for result in results:
        sink.write(result)
    sink.close()
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_per_plate(tmp_path: Path) -> None:
    first, second = rows(tmp_path / "t.csv", PictureResult("a.jpg", (PLATE, PLATE), 6.94))
    assert tuple(first) == COLUMNS
    assert (first["plate"], second["plate"]) == ("1", "2")
    assert first == {
        **dict.fromkeys(COLUMNS, ""),
        "source": "a.jpg",
        "plate": "1",
        "text": "AB12",
        "raw_text": "A812",
        "ms": "6.9",
        "confidence": "0.5",
        "region": "DE",
        "score": "0.9124",
        "lines": "2",
        "char_scores": "0.9 0.8 0.7 1.0",
        "x1": "1.0",
        "y1": "2.0",
        "x2": "33.3",
        "y2": "2.0",
        "x3": "33.3",
        "y3": "44.0",
        "x4": "1.0",
        "y4": "44.0",
    }


def test_no_plate_and_failed_are_told_apart(tmp_path: Path) -> None:
    none, failed = rows(
        tmp_path / "t.csv", PictureResult("a.jpg", ms=3.0), PictureResult("b.jpg", error="broken")
    )
    assert {name for name, cell in none.items() if cell} == {"source", "ms"}
    assert {name for name, cell in failed.items() if cell} == {"source", "error"}


@pytest.mark.parametrize("hostile", ["=1+1", "@SUM(A1)", "\t=1", " =1", "＝1", "\u202e=1", "\n=1"])
def test_no_name_is_a_formula_or_a_second_row(tmp_path: Path, hostile: str) -> None:
    path = tmp_path / "t.csv"
    [row] = rows(path, PictureResult(hostile, error=f"{hostile}: broken"))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert row["source"].startswith("'")
    assert row["error"].startswith("'")
