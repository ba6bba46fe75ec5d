"""Real-looking inputs: photographs with labelled plates, seen by a camera that pans slowly.

Pictures come from the shared data (`$LPR_DATA`), which CI has, or else from the clips in
`samples/`. Nothing of `lpr` is imported: two compared revisions must see the same pixels.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from bench import sample_pictures

Picture = npt.NDArray[np.uint8]

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
SCENES = 8
"""Different photographs in one walk."""
_SLACK = 1.06
"""How much larger than the view a picture is: the room to pan."""
_PLATE_WIDTH = (0.09, 0.22)
"""Plate width as a share of the view's width: what a gate camera sees."""


class NoPictures(RuntimeError):  # noqa: N818 - named as the sentence that it is
    """Neither the shared data nor the sample clips are there."""


def data_folder() -> Path:
    """The shared data folder, whether it exists or not."""
    return Path(os.environ.get("LPR_DATA", ROOT.parent / "shared" / "data"))


def walk(size: str, plates: int, frames: int) -> Iterator[Picture]:
    """Yield `frames` views of that size with 0, 1 or 3 plates each.

    The camera pans over one photograph for about a dozen frames, then sees the next one, so that
    tracks begin, are read and end as they do at a gate.
    """
    width, height = SIZES[size]
    stay = 12
    shown = -1
    canvas: Picture = np.zeros((1, 1, 3), np.uint8)
    for number in range(frames):
        if number // stay != shown:
            shown = number // stay
            canvas = _canvas(plates, shown % SCENES, width, height)
        share = (number % stay) / (stay - 1)
        x = round((canvas.shape[1] - width) * share)
        y = round((canvas.shape[0] - height) * (1 - share))
        yield np.ascontiguousarray(canvas[y : y + height, x : x + width])


def still(size: str, plates: int, number: int = 0) -> Picture:
    """One view."""
    width, height = SIZES[size]
    canvas = _canvas(plates, number % SCENES, width, height)
    return np.ascontiguousarray(canvas[:height, :width])


def plate_quads(number: int) -> tuple[tuple[float, float], ...]:
    """Four corners of the plate in `still("720p", 1, number)`, clockwise from the top left."""
    rows = _rows()
    left, top, right, bottom = _cover(rows[number % len(rows)], *_grown(1280, 720))[1]
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _canvas(plates: int, number: int, width: int, height: int) -> Picture:
    columns, lines = _grown(width, height)
    if plates == 0:
        rows = _empty_rows()
        return _cover(rows[number % len(rows)], columns, lines)[0]
    rows = _rows()
    if plates == 1:
        return _cover(rows[number % len(rows)], columns, lines)[0]
    strips = [
        _strip(rows[(number * plates + i) % len(rows)], columns, lines, plates)
        for i in range(plates)
    ]
    return np.ascontiguousarray(np.hstack(strips)[:, :columns])


def _grown(width: int, height: int) -> tuple[int, int]:
    return round(width * _SLACK), round(height * _SLACK)


def _strip(row: dict[str, Any], width: int, height: int, parts: int) -> Picture:
    """The part of a scene around its plate, one n-th of the view wide."""
    picture, (left, _, right, _) = _cover(row, width, height)
    wide = -(-width // parts)
    x = min(max(0, round((left + right - wide) / 2)), width - wide)
    return picture[:, x : x + wide]


def _cover(
    row: dict[str, Any], width: int, height: int
) -> tuple[Picture, tuple[float, float, float, float]]:
    """Scale a scene to cover the size, cut around the plate's height; gives the plate's box too."""
    picture = row["picture"] if "picture" in row else _read(row["path"])
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    big = cv2.resize(
        picture,
        (max(width, round(columns * scale)), max(height, round(rows * scale))),
        interpolation=how,
    )
    left, top, right, bottom = (value * scale for value in row["box"])
    x, y = _cut(left, right, width, big.shape[1]), _cut(top, bottom, height, big.shape[0])
    view = np.ascontiguousarray(big[y : y + height, x : x + width]).astype(np.uint8)
    return view, (left - x, top - y, right - x, bottom - y)


def _cut(low: float, high: float, size: int, room: int) -> int:
    return min(max(0, round((low + high - size) / 2)), room - size)


@cache
def _read(path: Path) -> Picture:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise NoPictures(f"{path}: cannot be decoded")
    return np.asarray(picture, np.uint8)


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    """Scenes with exactly one legible plate of the size that a gate camera sees."""
    found = tuple(row for row in _labels("scenes/mixed-openlpr") if _fits(row))
    found = found or sample_pictures.plate_rows()
    if not found:
        raise NoPictures(f"{data_folder()}: no scenes, and no clips in samples/; set LPR_DATA")
    return found[: SCENES * 3]


@cache
def _empty_rows() -> tuple[dict[str, Any], ...]:
    """Street pictures without any plate."""
    rows = [row for row in _labels("negatives") if row["width"] >= row["height"] >= 250]
    for row in rows:
        row["box"] = (0.0, 0.0, float(row["width"]), float(row["height"]))
    found = tuple(rows) or sample_pictures.empty_rows()
    if not found:
        raise NoPictures(f"{data_folder()}: no negatives, and no clips in samples/; set LPR_DATA")
    return found[:SCENES]


def _labels(folder: str) -> list[dict[str, Any]]:
    path = data_folder() / folder
    try:
        text = (path / "labels.jsonl").read_text(encoding="utf-8")
    except OSError:
        return []
    rows = [json.loads(line) for line in text.splitlines()]
    return [{**row, "path": path / row["image"]} for row in rows]


def _fits(row: dict[str, Any]) -> bool:
    plates = row["plates"]
    if row["split"] != "val" or len(plates) != 1 or not plates[0]["text"]:
        return False
    left, top, right, bottom = plates[0]["box"]
    if not 1.2 <= row["width"] / row["height"] <= 2 or plates[0]["lines"] != 1:
        return False
    share = (right - left) / row["width"]
    inside = left > row["width"] * 0.15 and right < row["width"] * 0.85
    row["box"] = (left, top, right, bottom)
    return bool(inside and _PLATE_WIDTH[0] <= share <= _PLATE_WIDTH[1])
