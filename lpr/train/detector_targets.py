"""Which place of the detector's maps answers for which plate.

Center sampling as in FCOS (Tian et al., 2019): the places near a plate's centre, on the map or the
two maps whose scale suits its size, shall find it; the rest of the plate is neither here nor there,
and everything else is background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpr.detect.maps import STRIDES, place_centers

SIZE_RANGES = ((0.0, 60.0), (40.0, 160.0), (112.0, 1e9))
"""Plate size (see `plate_size`), canvas pixels, that each stride answers for; they overlap."""
MAX_PLATES = 24

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the maps of one canvas should say, the strides' places one after another.

    Attributes:
        owner: N int64, index of the plate that a place answers for, -1 for none.
        background: N float32, weight of the place as background.
        quads: MAX_PLATES x 4 x 2 float32, canvas pixels.
        facts: MAX_PLATES x 3 float32: corners exact (0, 1), slack of the extent, lines (0 unknown).
    """

    owner: npt.NDArray[np.int64]
    background: Floats
    quads: Floats
    facts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class CanvasPlate:
    """One plate on a training canvas; fields as in `PlateLabel`, canvas pixels."""

    quad: Floats
    exact: bool
    slack: float
    lines: int
    ignore: bool = False


def plate_size(quad: Floats) -> float:
    """The size that decides the stride: the width, or twice the height of a squarish plate."""
    width, height = np.ptp(quad, axis=0)
    return float(max(width, 2.0 * height))


def assign(plates: Sequence[CanvasPlate], trust: Floats, width: int, height: int) -> Targets:
    """Make the targets of one canvas.

    Args:
        plates: the plates on it, ignored ones included.
        trust: height/8 x width/8 float32, weight of each place of the finest map as background.
        width: canvas width, pixels.
        height: canvas height, pixels.
    """
    quads = np.zeros((MAX_PLATES, 4, 2), np.float32)
    facts = np.zeros((MAX_PLATES, 3), np.float32)
    kept = [plate for plate in plates if not plate.ignore][:MAX_PLATES]
    for i, plate in enumerate(kept):
        quads[i] = plate.quad
        facts[i] = plate.exact, plate.slack, plate.lines
    owners, backgrounds = [], []
    for level, stride in enumerate(STRIDES):
        step = stride // STRIDES[0]
        weights = trust[step // 2 :: step, step // 2 :: step].ravel().copy()
        centers = place_centers(width, height, stride)
        owner = np.full(len(centers), -1, np.int64)
        distance = np.full(len(centers), np.inf, np.float32)
        for plate in plates:
            weights[_inside(centers, plate.quad, 0.5 * stride if plate.ignore else 0.0)] = 0.0
        for i, plate in enumerate(kept):
            size = plate_size(plate.quad)
            if not SIZE_RANGES[level][0] <= size < SIZE_RANGES[level][1]:
                continue
            near, gap = _near_center(centers, plate.quad, stride)
            better = near & (gap < distance)
            owner[better], distance[better] = i, gap[better]
        owners.append(owner)
        backgrounds.append(weights)
    return Targets(
        np.concatenate(owners), np.concatenate(backgrounds).astype(np.float32), quads, facts
    )


def _inside(centers: Floats, quad: Floats, margin: float) -> npt.NDArray[np.bool_]:
    low, high = quad.min(axis=0) - margin, quad.max(axis=0) + margin
    return np.asarray(((centers >= low) & (centers <= high)).all(axis=1))


def _near_center(
    centers: Floats, quad: Floats, stride: int
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Places near the plate's centre, and how far each is in units of the allowed distance."""
    reach = np.maximum(np.ptp(quad, axis=0) * 0.22, 0.7 * stride)
    gaps = np.abs(centers - quad.mean(axis=0)) / reach
    gap = gaps.max(axis=1)
    return gap <= 1.0, gap.astype(np.float32)
