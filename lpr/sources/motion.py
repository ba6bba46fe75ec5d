"""Whether anything moves in a camera's picture, from its luma plane alone.

The picture is reduced to cells of 16x16 pixels, averaged over some of their pixels, and compared
with a background that follows it slowly (a running average, the simplest of the background models
of Piccardi, "Background subtraction techniques: a review", 2004). What the whole picture changes by
is taken out first: a cloud or the camera's exposure is no motion.
"""

from __future__ import annotations

import math
from typing import Final, cast

import av
import numpy as np
import numpy.typing as npt

from lpr.sources.options import Box, MotionOptions

CELL: Final = 16
_ROW_STEP: Final = 8
_PLANAR: Final = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"}
)

Luma = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.float32]


class MotionMeter:
    """Compares each picture of one camera with what was there before.

    Args:
        options: what counts as motion.
    """

    def __init__(self, options: MotionOptions) -> None:
        self._options = options
        self._background: Cells | None = None
        self._last = 0.0

    def moved(self, luma: Luma | None, *, time: float) -> bool:
        """Whether something moves; True where that cannot be told.

        Args:
            luma: the picture's brightness, HxW; None where it is not to be had.
            time: now, seconds of a clock that never steps.
        """
        if luma is None:
            return True
        cells = reduce_to_cells(_cut(luma, self._options.roi))
        background = self._background
        if cells.size == 0 or background is None or background.shape != cells.shape:
            self._background, self._last = cells, time
            return True
        change = cells - background
        away = np.abs(change - np.median(change))
        share = 1.0 - math.exp(-max(0.0, time - self._last) / self._options.settle)
        self._background = background + np.float32(share) * change
        self._last = time
        return int(np.count_nonzero(away > self._options.threshold)) >= self._options.cells


def luma_plane(frame: av.VideoFrame) -> Luma | None:
    """Return a decoded frame's brightness without a copy; None where it is not stored by itself."""
    plane = frame.planes[0]
    if frame.format.name not in _PLANAR or plane.line_size < frame.width:
        return None
    rows = np.frombuffer(memoryview(cast(bytes, plane)), np.uint8)
    return rows.reshape(-1, plane.line_size)[: frame.height, : frame.width]


def reduce_to_cells(luma: Luma) -> Cells:
    """Return the mean brightness of each whole cell, from every eighth row."""
    rows, columns = luma.shape[0] // CELL, luma.shape[1] // CELL
    part = luma[: rows * CELL : _ROW_STEP, : columns * CELL]
    sums = np.add.reduce(
        part.reshape(rows, CELL // _ROW_STEP, columns, CELL), axis=(1, 3), dtype=np.float32
    )
    return cast(Cells, sums / np.float32(CELL * CELL // _ROW_STEP))


def _cut(luma: Luma, roi: Box | None) -> Luma:
    if roi is None:
        return luma
    left, top, right, bottom = roi
    return luma[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
