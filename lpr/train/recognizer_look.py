"""What the text of a real plate looks like: ground, ink, height, sharpness, strokes, slope."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.degrade import Grey
from lpr.train.recognizer_cells import BAND, CharacterCells

_LEAST_CONTRAST = 12.0
"""Grey levels between ink and ground; below it nobody could read what is drawn."""
_MOST_SLANT = 0.12
"""Of the characters' height between the halves of a row: an upright character does not cover one
that stands askew."""
_STEEPEST = 0.3
"""Rows per column; a row of text that climbs more was not measured rightly."""
_LEAST_HEIGHT = 20
"""Rows; a lower text was not found rightly."""


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What the characters of a plate look like.

    Attributes:
        ground: grey level beside the strokes, one per row.
        ink: grey level of the strokes.
        top: first row of the characters.
        bottom: row below their last.
        blur: standard deviation of the edges' blur, pixels.
        stroke: width of the strokes, shares of the characters' height.
    """

    ground: npt.NDArray[np.float32]
    ink: float
    top: int
    bottom: int
    blur: float
    stroke: float

    @property
    def usual_ground(self) -> float:
        """Grey level of the ground along the characters."""
        return float(np.median(self.ground[self.top : self.bottom]))

    @property
    def contrast(self) -> float:
        """Grey levels between ink and ground."""
        return abs(self.ink - self.usual_ground)


def plate_look(cells: CharacterCells) -> PlateLook | None:
    """Measure the Latin characters of a plate; None where they are too faint to tell."""
    slots = [index for index, char in enumerate(cells.text) if char.isascii()]
    if len(slots) < 2:
        return None
    left, right = cells.cuts[slots[0]], cells.cuts[slots[-1] + 1]
    text = cells.patch[:, left:right]
    gaps = [cut for index, cut in enumerate(cells.cuts[1:-1], 1) if index in slots]
    columns = cells.patch[:, [np.clip(cut, 0, cells.patch.shape[1] - 1) for cut in gaps]]
    rows = np.median(columns.astype(np.float32), axis=1)
    level, split = cv2.threshold(
        np.ascontiguousarray(text[BAND]), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    inside, bright = text[BAND], split > 0
    if bright.all() or not bright.any():
        return None
    # Strokes that bloom cover more than half of the row: the gaps tell which side is the ground.
    between = float(np.median(rows[BAND]))
    dark_side, bright_side = float(np.median(inside[~bright])), float(np.median(inside[bright]))
    bright_ink = between < (dark_side + bright_side) / 2
    marked = (text > level) if bright_ink else (text <= level)
    ink, ground = (bright_side, dark_side) if bright_ink else (dark_side, bright_side)
    if abs(ink - ground) < _LEAST_CONTRAST:
        return None
    top, bottom = _extent(marked.mean(axis=1))
    if bottom - top < _LEAST_HEIGHT or _slant(marked) > _MOST_SLANT * (bottom - top):
        return None
    slope = np.abs(np.diff(text[top:bottom].astype(np.float32), axis=1))
    steepest = max(1.0, float(np.percentile(slope, 97)))
    # A step blurred by a Gaussian is steepest in its middle: its height over sigma sqrt(2 pi).
    blur = float(np.clip(abs(ink - ground) / (steepest * math.sqrt(2 * math.pi)), 0.5, 4.0))
    stroke = stroke_width(marked[top:bottom]) / (bottom - top)
    look = PlateLook(rows.astype(np.float32), ink, top, bottom, blur, stroke)
    return look if look.contrast >= _LEAST_CONTRAST else None


def stroke_width(marked: npt.NDArray[np.bool_]) -> float:
    """Median length of the runs of ink along the rows, pixels: most strokes stand upright."""
    padded = np.pad(marked, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    begin, end = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return float(np.median(end[:, 1] - begin[:, 1]))


def _slant(marked: npt.NDArray[np.bool_]) -> float:
    """By how many rows the characters of the left half stand higher or lower than the right's."""
    half = marked.shape[1] // 2
    (top, bottom), (far_top, far_bottom) = (
        _extent(part.mean(axis=1)) for part in (marked[:, :half], marked[:, half:])
    )
    return abs(top + bottom - far_top - far_bottom) / 2


def text_slope(cells: CharacterCells) -> float:
    """Rows by which the Latin characters of a row come down per column; 0 where it cannot be told.

    The median of the slopes between the tops and between the feet of all pairs of characters
    (Theil, 1950; Sen, 1968).
    """
    rims = []
    for index, char in enumerate(cells.text):
        left, right = cells.cuts[index], cells.cuts[index + 1]
        if not char.isascii():
            continue
        cell = np.ascontiguousarray(cells.patch[:, left:right])
        _, marked = cv2.threshold(cell, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        if marked[BAND].mean() > 0.5:
            marked = 1 - marked
        top, bottom = _extent(marked.mean(axis=1))
        if bottom - top >= _LEAST_HEIGHT:
            rims.append(((left + right) / 2, top, bottom))
    slopes = [
        (far[rim] - near[rim]) / (far[0] - near[0])
        for near, far in itertools.combinations(rims, 2)
        for rim in (1, 2)
    ]
    return float(np.clip(np.median(slopes), -_STEEPEST, _STEEPEST)) if slopes else 0.0


def sheared(patch: Grey | npt.NDArray[np.float32], slope: float) -> npt.NDArray[np.float32]:
    """Let the columns sink by `slope` rows per column from the patch's middle on."""
    height, width = patch.shape
    move = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
    size, rim = (width, height), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(patch.astype(np.float32), move, size, borderMode=rim))


def _extent(shares: npt.NDArray[np.float64]) -> tuple[int, int]:
    """First row and row behind the last of the run of inked rows around the middle."""
    inked = (shares > 0.08) & (shares < 0.85)
    middle = len(shares) // 2
    top = bottom = middle
    while top > 0 and inked[top - 1]:
        top -= 1
    while bottom < len(shares) and inked[bottom]:
        bottom += 1
    return top, bottom
