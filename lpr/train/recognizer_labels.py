"""Labelled crops of plates: `labels.jsonl`, one line a crop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from lpr.errors import TrainingError
from lpr.gate.plate_text import MAX_CHARACTERS, bare
from lpr.geometry import Quad
from lpr.imaging import rectify
from lpr.types import Image

EXAMPLE: Final = (
    '{"image": "images/1.jpg", "text": "AB123CD", "lines": 1, "box": [8, 6, 150, 44], '
    '"quad": null, "split": "train"}'
)
"""A line as it is to be, for who wrote another."""
SPLITS: Final = ("train", "val")
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
        # Spreadsheets and Windows editors put a byte order mark first.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"{path}: is not UTF-8: {error.reason}; save it as UTF-8") from error
    return tuple(
        _read_line(folder, line, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    )


def check_pictures(labels: Sequence[CropLabel]) -> None:
    """Find out what is wrong with pictures, and with boxes in them, before anything is rendered.

    Raises:
        TrainingError: a picture is missing or damaged, or a plate lies outside of it; the message
            names line and key.
    """
    for label in labels:
        if not label.path.is_file():
            raise TrainingError(f"{label.where}: image: there is no {label.path}")
        try:
            rows, columns = load_crop(label).shape[:2]
        except TrainingError as error:
            raise TrainingError(f"{label.where}: image: {error}") from error
        left, top, right, bottom = label.quad.box
        across, down = _OVERHANG * (right - left), _OVERHANG * (bottom - top)
        if min(left + across, top + down) < 0 or right - across > columns or bottom - down > rows:
            raise TrainingError(
                f"{label.where}: box or quad: {left:g}, {top:g}, {right:g}, {bottom:g} lies "
                f"outside of the picture of {columns} x {rows} pixels; it is the place of the "
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


def _read_line(folder: Path, line: str, where: str) -> CropLabel:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{where}: is not JSON; a line is like {EXAMPLE}") from error
    if not isinstance(row, dict):
        raise TrainingError(f"{where}: is no JSON object; a line is like {EXAMPLE}")
    try:
        return _label(folder, row, where)
    except ValueError as error:
        raise TrainingError(f"{where}: {error}") from error


def _label(folder: Path, row: dict[str, Any], where: str) -> CropLabel:
    image, lines, split = row.get("image"), row.get("lines"), row.get("split", "train")
    if not isinstance(image, str) or not image:
        raise ValueError(f"image: {image!r} is no name of a picture")
    if not (lines is None or (type(lines) is int and lines in (1, 2))):
        raise ValueError(f"lines: {lines!r} is neither 1 nor 2")
    if split not in SPLITS:
        raise ValueError(f"split: {split!r} is neither train nor val")
    quad = _quad(row.get("quad")) or _box(row.get("box"))
    if quad is None:
        raise ValueError(
            "box: is null, and quad too; where the plate fills the picture it is "
            "[0, 0, width, height]"
        )
    return CropLabel(
        folder / image,
        _text(row.get("text")),
        lines or 1,
        quad,
        split,
        str(row.get("note") or ""),
        where=where,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text: {value!r} is no text; put it between quotes")
    text = bare(value)
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"text: {value[:40]!r} has {len(text)} characters; no plate has more than "
            f"{MAX_CHARACTERS}"
        )
    return text


def _quad(value: object) -> Quad | None:
    if value is None:
        return None
    try:
        quad = Quad.from_points(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"quad: {value!r} is not four points [x, y] of finite numbers") from error
    if not quad.is_convex:
        raise ValueError(f"quad: {value!r} are not corners clockwise from the top left")
    return quad.along_text()


def _box(value: object) -> Quad | None:
    if value is None:
        return None
    numbers = [one for one in value if type(one) in (int, float)] if isinstance(value, list) else []
    if len(numbers) != 4 or numbers != value:
        raise ValueError(f"box: {value!r} is not [left, top, right, bottom]")
    left, top, right, bottom = numbers
    if not (left < right and top < bottom):
        raise ValueError(
            f"box: {value!r} has no area; it is [left, top, right, bottom], not "
            "[left, top, width, height]"
        )
    try:
        return Quad.from_points([(left, top), (right, top), (right, bottom), (left, bottom)])
    except (ValueError, OverflowError) as error:
        raise ValueError(f"box: {value!r}: {error}") from error
