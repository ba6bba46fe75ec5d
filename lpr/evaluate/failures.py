"""Failures as records, and contact sheets of them: looking decides what to try next."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from lpr.errors import ImageError, OutputError
from lpr.evaluate.datasets import DOUBTFUL, read_image
from lpr.geometry import Quad
from lpr.types import Image

_COLUMNS, _ROWS = 5, 8
_TILE_WIDTH, _TILE_HEIGHT, _CAPTION = 256, 128, 34
_WANTED, _FOUND = (60, 220, 60), (60, 60, 255)


CAUSES = (
    DOUBTFUL,
    "false",
    "loose",
    "missed",
    "no label",
    "no read",
    "outside the alphabet",
    "partly painted over",
    "second text",
    "unmatched",
    "unread",
    "wrong",
)
"""What a failure may have as its cause: by it the sheets of an earlier run are known."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong.

    Attributes:
        cause: one of `CAUSES`: one contact sheet is made for each.
        path: the picture.
        expected: what should have come out.
        got: what did.
        score: confidence of what came out, 0 to 1.
        wanted: where the plate is, picture pixels, None where there is none.
        found: where it was found, None where it was not.
    """

    cause: str
    path: Path
    expected: str
    got: str
    score: float
    wanted: Quad | None
    found: Quad | None

    def __post_init__(self) -> None:
        """Refuse a cause whose sheets would stay for ever.

        Raises:
            ValueError: the cause is none of `CAUSES`.
        """
        if self.cause not in CAUSES:
            raise ValueError(f"unknown cause {self.cause!r}; known: {', '.join(CAUSES)}")

    def to_json(self) -> dict[str, object]:
        """All attributes but the places."""
        return {
            "cause": self.cause,
            "picture": f"{self.path.parent.parent.name}/{self.path.name}",
            "expected": self.expected,
            "got": self.got,
            "score": round(self.score, 4),
        }


def contact_sheets(failures: Sequence[Failure], folder: Path, name: str) -> list[Path]:
    """Draw failures as tiles on pages `<name>-<cause>-<number>.png`, the surest ones first.

    Returns:
        The pages written.

    Raises:
        OutputError: a page cannot be written.
    """
    pages: list[Path] = []
    ordered = sorted(failures, key=lambda one: (one.cause, -one.score))
    for cause, group in groupby(ordered, key=lambda one: one.cause):
        for number, page in enumerate(_pages(list(group)), 1):
            path = folder / f"{name}-{cause.replace(' ', '-')}-{number}.png"
            if not cv2.imwrite(str(path), page):
                raise OutputError(f"cannot write {path}")
            pages.append(path)
    return pages


def remove_sheets(folder: Path, name: str) -> None:
    """Delete the pages that `contact_sheets` wrote under this name before, and nothing else.

    Raises:
        OSError: a page cannot be deleted.
    """
    causes = "|".join(cause.replace(" ", "-") for cause in CAUSES)
    page = re.compile(rf"{re.escape(name)}-({causes})-[1-9][0-9]*\.png")
    for path in sorted(folder.iterdir()):
        if page.fullmatch(path.name):
            path.unlink()


def _pages(failures: Sequence[Failure]) -> Iterator[Image]:
    per_page = _COLUMNS * _ROWS
    for start in range(0, len(failures), per_page):
        chunk = failures[start : start + per_page]
        rows = math.ceil(len(chunk) / _COLUMNS)
        height = _TILE_HEIGHT + _CAPTION
        page = np.full((rows * height, _COLUMNS * _TILE_WIDTH, 3), 32, np.uint8)
        for index, failure in enumerate(chunk):
            y, x = index // _COLUMNS * height, index % _COLUMNS * _TILE_WIDTH
            page[y : y + height, x : x + _TILE_WIDTH] = tile(failure)
        yield page


def tile(failure: Failure) -> Image:
    """One failure's surroundings with wanted (green) and found (red) quads and a caption."""
    canvas = np.full((_TILE_HEIGHT + _CAPTION, _TILE_WIDTH, 3), 32, np.uint8)
    try:
        image = read_image(failure.path)
    except ImageError:
        _caption(canvas, "picture missing", 14)
        return canvas
    shown, scale, left, top = _surroundings(image, failure.wanted or failure.found)
    for quad, colour in ((failure.wanted, _WANTED), (failure.found, _FOUND)):
        if quad is not None:
            points = np.round(np.array(quad.shifted(-left, -top).scaled(scale, scale).points))
            cv2.polylines(shown, [points.astype(np.int32)], True, colour, 1, cv2.LINE_AA)
    height, width = shown.shape[:2]
    canvas[:height, :width] = shown
    _caption(canvas, f"want {failure.expected or '-'}", _TILE_HEIGHT + 14)
    _caption(canvas, f"got {failure.got or '-'} {failure.score:.2f}", _TILE_HEIGHT + 29)
    return canvas


def _surroundings(image: Image, place: Quad | None) -> tuple[Image, float, float, float]:
    """The picture around a place, fitted into a tile; scale and left top corner."""
    rows, columns = image.shape[:2]
    x0, y0, x1, y1 = 0, 0, columns, rows
    if place is not None:
        left, top, right, bottom = place.box
        margin = 0.4 * max(right - left, (bottom - top) * 2) + 4
        x0 = int(min(max(0, left - margin), columns - 1))
        y0 = int(min(max(0, top - margin), rows - 1))
        x1 = int(max(x0 + 1, min(columns, right + margin)))
        y1 = int(max(y0 + 1, min(rows, bottom + margin)))
    part = image[y0:y1, x0:x1]
    scale = min(_TILE_WIDTH / part.shape[1], _TILE_HEIGHT / part.shape[0])
    size = (max(1, int(part.shape[1] * scale)), max(1, int(part.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=how), np.uint8), scale, x0, y0


def _caption(canvas: Image, text: str, y: int) -> None:
    # The built-in font is ASCII: other characters are written as their code points.
    plain = text.encode("ascii", "backslashreplace").decode()
    cv2.putText(
        canvas, plain, (4, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (235, 235, 235), 1, cv2.LINE_AA
    )
