"""Transcriptions of plates in scenes: what they name may train and is cut out as labelled."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.errors import TrainingError
from lpr.recognize.alphabet import PLATE_CHARACTERS
from lpr.registry import DEFAULT_RECOGNIZER, find_model
from lpr.train.recognizer_labels import load_crop, quad_in
from lpr.train.recognizer_transcribed import read_transcribed

BOX = [60, 40, 100, 50]
SHIPPED = find_model(DEFAULT_RECOGNIZER).path.parent / "labels" / "transcribed.json"


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """One set of two pictures; the plate is the only white in the first."""
    folder = tmp_path / "scenes" / "street"
    folder.mkdir(parents=True)
    image = np.zeros((80, 120, 3), np.uint8)
    image[40:50, 60:100] = 255
    cv2.imwrite(str(folder / "a.png"), image)
    plates = [{"box": [0, 0, 9, 9], "text": "KNOWN1"}, {"box": BOX, "quad": None, "text": None}]
    rows = [
        {"image": "a.png", "split": "train", "plates": plates},
        {"image": "b.png", "split": "val", "plates": [{"box": BOX, "text": None}]},
    ]
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder.parent


def write(scenes: Path, image: str, number: int) -> Path:
    file = scenes.parent / "transcribed.json"
    file.write_text(json.dumps({"street": {image: [[number, "AB12", 1]]}}))
    return file


def test_a_plate_is_cut_out_with_room_around(scenes: Path) -> None:
    (label,) = read_transcribed(write(scenes, "a.png", 1), scenes)["scenes/street"]
    assert (label.text, label.lines, label.split) == ("AB12", 1, "train")
    crop = load_crop(label)
    left, top, right, bottom = (round(edge) for edge in quad_in(label, crop).box)
    assert crop[top:bottom, left:right].min() == 255
    assert crop.sum() == crop[top:bottom, left:right].sum()
    assert crop.shape[1] < 70


@pytest.mark.parametrize(
    ("image", "number"),
    [("a.png", 0), ("b.png", 0), ("a.png", 2), ("c.png", 0)],
    ids=["has a text", "val", "no such plate", "no such picture"],
)
def test_what_may_not_train_is_refused(scenes: Path, image: str, number: int) -> None:
    with pytest.raises(TrainingError, match=r"transcribed\.json"):
        read_transcribed(write(scenes, image, number), scenes)


def test_a_missing_file_is_named(scenes: Path) -> None:
    with pytest.raises(TrainingError, match=r"nowhere\.json"):
        read_transcribed(scenes / "nowhere.json", scenes)


def test_the_shipped_transcriptions_fit_the_scenes(shared_data: Path) -> None:
    sets = read_transcribed(SHIPPED, shared_data / "scenes")
    labels = [label for rows in sets.values() for label in rows]
    assert len(labels) == len({(label.path, label.cut) for label in labels}) > 500
    assert all(set(label.text) <= set(PLATE_CHARACTERS) for label in labels)
    assert all(load_crop(label).size for label in labels[::25])
