"""Which parts of a picture go where on the detector's canvas, and the way back.

A canvas has one fixed size. It can hold the whole picture, a tall picture cut into two overlapping
halves side by side, or several regions at native scale next to each other: one run of the network
looks at all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lpr.detect.maps import Candidates, Floats
from lpr.imaging import Placement

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in the picture, pixels."""

GAP = 16
"""Grey canvas pixels between two parts, so that no quad spans both."""
FOLD_GAIN = 1.15
"""A tall picture is folded where that shows it at least this much larger."""
OVERLAP = 0.25
CUT_MARGIN = 2.0
"""Canvas pixels; a quad that ends this near to a cut through the picture is a cut plate."""


def whole_view(columns: int, rows: int, width: int, height: int) -> tuple[Placement, ...]:
    """Place a whole picture on one canvas, as large as it fits.

    Args:
        columns: picture width, pixels.
        rows: picture height, pixels.
        width: canvas width, pixels.
        height: canvas height, pixels.
    """
    scale = min(width / columns, height / rows)
    half = (width - GAP) // 2
    folded = min(half / columns, (2 - OVERLAP) * height / rows)
    if folded > FOLD_GAIN * scale and folded * rows > height:
        part = min(rows, round(height / folded))
        wide = max(1, round(columns * folded))
        return (
            Placement((0, 0, columns, part), 0, 0, wide, height),
            Placement((0, rows - part, columns, rows), half + GAP, 0, wide, height),
        )
    view = _placed((0, 0, columns, rows), 0, 0, scale)
    return (view.moved((width - view.width) // 2, (height - view.height) // 2),)


def scaled_view(box: Box, width: int, height: int) -> tuple[Placement, ...]:
    """Place one box of the picture on a canvas, never larger than native."""
    left, top, right, bottom = box
    scale = min(1.0, width / (right - left), height / (bottom - top))
    return (_placed(box, 0, 0, scale),)


def native_view(regions: Sequence[Box], width: int, height: int) -> tuple[Placement, ...]:
    """Place up to four equal native-scale regions on one canvas.

    Args:
        regions: boxes (left, top, right, bottom) in the picture: one of the canvas size at most, or
            two to four of at most `quarter_size`.
        width: canvas width, pixels.
        height: canvas height, pixels.
    """
    if len(regions) == 1:
        return (_placed(regions[0], 0, 0, 1.0),)
    wide, high = quarter_size(width, height)
    return tuple(
        _placed(region, (i % 2) * (wide + GAP), (i // 2) * (high + GAP), 1.0)
        for i, region in enumerate(regions[:4])
    )


def quarter_size(width: int, height: int) -> tuple[int, int]:
    """Size of the regions of which four fit on a canvas, pixels."""
    return (width - GAP) // 2, (height - GAP) // 2


def tile_grid(columns: int, rows: int, width: int, height: int) -> list[Box]:
    """Cover a picture with boxes of at most width x height that overlap by a quarter."""
    return [
        (left, top, right, bottom)
        for top, bottom in _spans(rows, height)
        for left, right in _spans(columns, width)
    ]


def to_picture(
    found: Candidates, placements: Sequence[Placement], columns: int, rows: int
) -> Candidates:
    """Map candidates from the canvas to the picture; cut and stray ones are dropped.

    Args:
        found: candidates in canvas pixels.
        placements: how the canvas was made.
        columns: picture width, pixels.
        rows: picture height, pixels.
    """
    if not len(found):
        return found
    centers = np.add.reduce(found.quads, axis=1) / 4
    mapped = np.zeros_like(found.quads)
    keep = np.zeros(len(found), bool)
    for placed in placements:
        low = np.array([placed.x, placed.y], np.float32)
        high = low + np.array([placed.width, placed.height], np.float32)
        here = ((centers >= low) & (centers < high)).all(axis=1) & ~keep
        if placed.source != (0, 0, columns, rows):
            here &= ~_cut(found.quads, placed, low, high, columns, rows)
        scale = np.array([placed.scale_x, placed.scale_y], np.float32)
        origin = np.array(placed.source[:2], np.float32)
        if here.all():
            return Candidates((found.quads - low) / scale + origin, found.scores, found.two_line)
        mapped[here] = (found.quads[here] - low) / scale + origin
        keep |= here
    chosen = np.flatnonzero(keep)
    return Candidates(mapped[chosen], found.scores[chosen], found.two_line[chosen])


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Several candidate lists of one picture, each best first, as one, best first."""
    if len(parts) == 1:
        return parts[0]
    scores = np.concatenate([part.scores for part in parts])
    order = np.argsort(-scores, kind="stable")
    quads = np.concatenate([part.quads for part in parts])
    two_line = np.concatenate([part.two_line for part in parts])
    return Candidates(quads[order], scores[order], two_line[order])


def _cut(
    quads: Floats, placed: Placement, low: Floats, high: Floats, columns: int, rows: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each quad reaches a side of the part at which the picture goes on."""
    left, top, right, bottom = placed.source
    least, most = quads.min(axis=1), quads.max(axis=1)
    inner_low = np.array([left > 0, top > 0])
    inner_high = np.array([right < columns, bottom < rows])
    reaches = ((least < low + CUT_MARGIN) & inner_low) | ((most > high - CUT_MARGIN) & inner_high)
    return np.asarray(reaches.any(axis=1))


def _placed(box: Box, x: int, y: int, scale: float) -> Placement:
    left, top, right, bottom = box
    return Placement(
        box, x, y, max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    )


def _spans(total: int, size: int) -> list[tuple[int, int]]:
    if total <= size:
        return [(0, total)]
    count = 1 + -(-(total - size) // round(size * (1 - OVERLAP)))
    starts = [round(i * (total - size) / (count - 1)) for i in range(count)]
    return [(start, start + size) for start in starts]
