"""A label that is broken is refused with its line and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lpr.errors import TrainingError
from lpr.train.recognizer_labels import EXAMPLE, check_pictures, read_labels
from tests.train.written_crops import write_crops


def _refusal(folder: Path) -> str:
    with pytest.raises(TrainingError) as refused:
        check_pictures(read_labels(folder))
    return str(refused.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"box": [40, 6, 40, 44]}, "box: .* has no area"),
        ({"box": [100, 6, 60, 30]}, "not \\[left, top, width, height\\]"),
        ({"box": [1, 2, 3]}, "box: must be four finite numbers"),
        ({"box": ["1", 2, 3, 4]}, "box: "),
        ({"box": [900, 500, 1100, 560]}, "lies outside of the picture of 180 x 60 pixels"),
        ({"box": None}, "box: is null, and quad too"),
        ({"quad": [[5, 5], [5, 55], [175, 55], [175, 5]]}, "quad: .* clockwise"),
        ({"quad": [[5, 5], [5, 55]]}, "quad: .* four .* points"),
        ({"lines": 3}, "lines: must be 1 or 2, not 3"),
        ({"lines": True}, "lines: "),
        ({"text": 12345}, "text: 12345 is no text"),
        ({"text": None}, "text: "),
        ({"text": "A" * 17}, "text: .* no plate has more than 16"),
        ({"split": "test"}, "split: must be train or val, not 'test'"),
        ({"image": 7}, "image: 7 is no text"),
        ({"image": "images/none.png"}, "image: there is no .*none.png"),
        ({"image": "labels.jsonl"}, "image: .* cannot be read as a picture"),
    ],
)
def test_a_broken_value_is_named_with_line_and_key(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    folder = write_crops(tmp_path / "own", [("AB12", "train")])
    good = (folder / "labels.jsonl").read_text(encoding="utf-8")
    broken = json.dumps(json.loads(good) | changed) + "\n"
    (folder / "labels.jsonl").write_text(good + broken, encoding="utf-8")
    with pytest.raises(TrainingError, match=rf"labels\.jsonl:2: .*{message}"):
        check_pictures(read_labels(folder))


def test_a_plate_that_the_pictures_edge_cuts_off_is_no_mistake(tmp_path: Path) -> None:
    folder = write_crops(tmp_path / "own", [("AB12", "train")], box=[-20, 5, 195, 62])
    check_pictures(read_labels(folder))


def test_texts_are_taken_as_people_write_them(tmp_path: Path) -> None:
    folder = write_crops(tmp_path / "own", [("b-ab 12", "train"), ("aö·1", "val")])
    assert [row.text for row in read_labels(folder)] == ["BAB12", "AÖ1"]


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    path = write_crops(tmp_path / "own") / "labels.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_labels(path.parent)) == 8


def test_what_is_no_folder_of_labels_is_shown_a_line(tmp_path: Path) -> None:
    assert EXAMPLE in _refusal(tmp_path)
    table = tmp_path / "plates.csv"
    table.write_text("image,text\n1.jpg,AB12\n")
    assert EXAMPLE in _refusal(table)
    (tmp_path / "labels.jsonl").write_text("image,text\n1.jpg,AB12\n")
    assert "labels.jsonl:1: is not JSON" in _refusal(tmp_path)
    assert EXAMPLE in _refusal(tmp_path)
    (tmp_path / "labels.jsonl").write_bytes(b"\xff\xfe{")
    assert "UTF-8" in _refusal(tmp_path)


def test_the_example_is_a_label(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(EXAMPLE)
    [row] = read_labels(tmp_path)
    assert (row.text, row.split, row.quad.box) == ("AB123CD", "train", (8, 6, 150, 44))
