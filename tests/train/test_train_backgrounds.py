"""Pictures without plates."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.errors import TrainingError
from lpr.train.backgrounds import grey_pictures


def test_pictures_are_grey_large_enough_and_not_too_wide(tmp_path: Path) -> None:
    sizes = {"a.png": (40, 30), "b.jpg": (900, 300), "deep/c.png": (200, 400)}
    for name, (width, height) in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((height, width, 3), 90, np.uint8))
    pictures = grey_pictures(tmp_path, least=(120, 80), widest=600)
    assert [picture.shape for picture in pictures] == [(90, 120), (200, 600), (400, 200)]
    assert all(picture.dtype == np.uint8 for picture in pictures)


def test_pictures_that_are_held_out_are_no_backgrounds(tmp_path: Path) -> None:
    rows = []
    for name, split in (("a", "train"), ("b", "val"), ("c", "train")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((80, 120, 3), ord(name), np.uint8))
        rows.append(json.dumps({"image": f"{name}.png", "split": split, "plates": []}))
    (tmp_path / "labels.jsonl").write_text("\n".join(rows))
    pictures = grey_pictures(tmp_path, least=(120, 80), widest=120)
    assert [int(picture[0, 0]) for picture in pictures] == [ord("a"), ord("c")]
    (tmp_path / "labels.jsonl").write_text("no label")
    with pytest.raises(TrainingError, match=r"labels.jsonl"):
        grey_pictures(tmp_path, least=(120, 80), widest=120)


def test_no_folder_has_no_pictures(tmp_path: Path) -> None:
    assert grey_pictures(None, least=(10, 10), widest=100) == []
    assert grey_pictures(tmp_path / "missing", least=(10, 10), widest=100) == []
