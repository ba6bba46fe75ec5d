"""Crops of written plates, and a run of a few steps on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr.train.recognizer_options import RecognizerTrainOptions
from lpr.train.recognizer_steps import LoopOptions

TEXTS = ("AB12", "7Z", "K9K9", "05X")


def write_crops(folder: Path, texts: Sequence[tuple[str, str]] = (), **changed: Any) -> Path:
    """A folder of crops of 180 x 60 pixels, by text and split; four of each by default.

    Further arguments change what every label says.
    """
    chosen = texts or [(text, split) for split in ("train", "val") for text in TEXTS]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (text, split) in enumerate(chosen):
        image = np.full((60, 180, 3), 230, np.uint8)
        cv2.putText(image, text, (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (10, 10, 10), 3)
        name = f"images/{number}.png"
        cv2.imwrite(str(folder / name), image)
        rows.append({"image": name, "text": text, "box": [5, 5, 175, 55], "split": split} | changed)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "labels.jsonl").write_text(lines, encoding="utf-8")
    return folder


def small(crops: Path, out: Path, steps: int = 3) -> RecognizerTrainOptions:
    """A few steps on a folder of crops, nothing rendered."""
    loop = LoopOptions(steps=steps, batch=4, warmup=1, save_every=2)
    return RecognizerTrainOptions(out=out, data=(crops,), loop=loop, rendered=0)
