"""Labelled crops of plates: `labels.jsonl`, one line a crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from lpr.errors import SourceError, TrainingError
from lpr.evaluate import labels
from lpr.gate.plate_text import MAX_CHARACTERS, bare
from lpr.geometry import Quad
from lpr.imaging import rectify
from lpr.types import Image

EXAMPLE: Final = (
    '{"image": "images/1.jpg", "text": "AB123CD", "lines": 1, "box": [8, 6, 150, 44], '
    '"quad": null, "split": "train"}'
)
"""A line as it is to be, for who wrote another."""
_OVERHANG: Final = 0.25
"""How much of its own width or height a plate may reach out of its picture, which cut it off."""


@dataclass(frozen=True, slots=True)
class CropLabel:
    """One line of a `labels.jsonl` of plate crops.

    Attributes:
        path: the picture.
        text: what the plate says, in capitals and without separators.
        lines: rows of text.
        quad: the plate in the crop; without area where it fills the crop.
        split: `train` or `val`.
        note: what is unusual about it.
        cut: left, top, right and bottom of the crop in the picture, pixels; None for all of it.
        where: file and number of the line.
    """

    path: Path
    text: str
    lines: int
    quad: Quad
    split: str
    note: str
    cut: tuple[int, int, int, int] | None = None
    where: str = ""


def read_labels(folder: Path) -> tuple[CropLabel, ...]:
    """Read `folder/labels.jsonl`: image, text, box or quad, and optionally lines, split, note.

    Raises:
        TrainingError: the file is missing or a line is broken; the message names line and key.
    """
    path = folder / "labels.jsonl"
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such file; each line of it is like {EXAMPLE}")
    try:
        return tuple(
            labels.parsed(where, row, partial(_label, folder, where))
            for _, where, row in labels.objects(path)
        )
    except SourceError as error:
        raise TrainingError(f"{error}; a line is like {EXAMPLE}") from error


def check_pictures(rows: Sequence[CropLabel]) -> None:
    """Find out what is wrong with pictures, and with boxes in them, before anything is rendered.

    Raises:
        TrainingError: a picture is missing or damaged, or a plate lies outside of it; the message
            names line and key.
    """
    for label in rows:
        if not label.path.is_file():
            raise TrainingError(f"{label.where}: image: there is no {label.path}")
        try:
            height, width = load_crop(label).shape[:2]
        except TrainingError as error:
            raise TrainingError(f"{label.where}: image: {error}") from error
        left, top, right, bottom = label.quad.box
        across, down = _OVERHANG * (right - left), _OVERHANG * (bottom - top)
        if min(left + across, top + down) < 0 or right - across > width or bottom - down > height:
            raise TrainingError(
                f"{label.where}: box or quad: {left:g}, {top:g}, {right:g}, {bottom:g} lies "
                f"outside of the picture of {width} x {height} pixels; it is the place of the "
                "plate in this picture, not in one that it was cut from"
            )


def load_crop(label: CropLabel) -> Image:
    """Read a label's crop, HxWx3 uint8 BGR.

    Raises:
        TrainingError: it cannot be read.
    """
    image = cv2.imread(str(label.path), cv2.IMREAD_COLOR)
    if image is None:
        raise TrainingError(f"{label.path}: cannot be read as a picture")
    if label.cut is not None:
        left, top, right, bottom = label.cut
        image = image[top:bottom, left:right].copy()
    return np.asarray(image, np.uint8)


def quad_in(label: CropLabel, image: Image) -> Quad:
    """The plate in its picture; the whole picture where the label has neither box nor quad."""
    if label.quad.area > 0:
        return label.quad
    return Quad.from_box(0, 0, image.shape[1], image.shape[0])


def served_crop(label: CropLabel, width: int, height: int) -> Image:
    """The crop that serving would read: rectified from the labelled corners."""
    image = load_crop(label)
    return rectify(image, quad_in(label, image), width, height)


def _label(folder: Path, where: str, row: labels.Row) -> CropLabel:
    quad = labels.optional(row, "quad", labels.quad) or labels.optional(row, "box", labels.box)
    if quad is None:
        raise ValueError(
            "box: is null, and quad too; where the plate fills the picture it is "
            "[0, 0, width, height]"
        )
    return CropLabel(
        folder / labels.field(row, "image", labels.text),
        labels.field(row, "text", _text),
        labels.optional(row, "lines", labels.rows_of_text) or 1,
        quad,
        labels.split_of(row),
        str(row.get("note") or ""),
        where=where,
    )


def _text(value: object) -> str:
    typed = labels.text(value)
    text = bare(typed)
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"{typed[:40]!r} has {len(text)} characters; no plate has more than {MAX_CHARACTERS}"
        )
    return text
