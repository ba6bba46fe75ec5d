"""Painting flat textured faces into a picture, without aliasing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.clip_camera import Points
from lpr.types import Image

Texture = npt.NDArray[np.uint8]
"""HxWx4 uint8 BGRA."""
_LEVELS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A texture and its halvings, premultiplied by alpha, each with a clear rim of one pixel."""

    levels: tuple[Texture, ...]

    @classmethod
    def of(cls, texture: Texture) -> Sheet:
        """Prepare an HxWx4 uint8 BGRA texture."""
        level = _premultiplied(texture)
        levels = [_rimmed(level)]
        while min(level.shape[:2]) >= 8 and len(levels) < _LEVELS:
            size = (max(1, level.shape[1] // 2), max(1, level.shape[0] // 2))
            level = np.asarray(cv2.resize(level, size, interpolation=cv2.INTER_AREA), np.uint8)
            levels.append(_rimmed(level))
        return cls(tuple(levels))


def opaque(image: Image) -> Texture:
    """An HxWx3 uint8 BGR picture as a texture that hides what is behind."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)


def paint(canvas: Image, sheet: Sheet, corners: Points, gain: float = 1.0) -> None:
    """Lay a sheet over the canvas, in place.

    Args:
        canvas: HxWx3 uint8 BGR, changed.
        sheet: what is laid.
        corners: 4x2 canvas pixels of its top left, top right, bottom right and bottom left corner.
        gain: brightness of the sheet; values above 255 are clipped.
    """
    rows, columns = canvas.shape[:2]
    x0, y0 = (max(0, int(v)) for v in np.floor(corners.min(axis=0)) - 1)
    x1 = min(columns, math.ceil(corners[:, 0].max()) + 1)
    y1 = min(rows, math.ceil(corners[:, 1].max()) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    texture = _level_for(sheet, corners)
    height, width = texture.shape[:2]
    source = np.array(
        [[1, 1], [width - 1, 1], [width - 1, height - 1], [1, height - 1]], np.float32
    )
    target = np.asarray(corners - (x0, y0), np.float32)
    matrix = cv2.getPerspectiveTransform(source - 0.5, target - 0.5)
    warped = cv2.warpPerspective(texture, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    alpha = warped[:, :, 3]
    colour = np.asarray(cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), np.uint8)
    if gain != 1.0:
        colour = np.asarray(cv2.convertScaleAbs(colour, alpha=gain), np.uint8)
    behind = np.asarray(cv2.cvtColor(255 - alpha, cv2.COLOR_GRAY2BGR), np.uint8)
    part = canvas[y0:y1, x0:x1]
    canvas[y0:y1, x0:x1] = cv2.add(cv2.multiply(part, behind, scale=1 / 255), colour)


def _premultiplied(texture: Texture) -> Texture:
    colour = texture[:, :, :3].astype(np.uint16) * texture[:, :, 3:] // 255
    return np.dstack([colour.astype(np.uint8), texture[:, :, 3]])


def _rimmed(texture: Texture) -> Texture:
    """A transparent rim, so that edges fade over one pixel; its colour is the face's own."""
    return np.asarray(
        cv2.copyMakeBorder(texture, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), np.uint8
    )


def _level_for(sheet: Sheet, corners: Points) -> Texture:
    """The halving whose pixels are about as large as the canvas's."""
    width = max(math.dist(corners[0], corners[1]), math.dist(corners[3], corners[2]), 1.0)
    height = max(math.dist(corners[0], corners[3]), math.dist(corners[1], corners[2]), 1.0)
    rows, columns = sheet.levels[0].shape[:2]
    # The geometric mean of both axes: an oblique face is neither too soft nor too jagged.
    ratio = math.sqrt(columns / width * rows / height)
    level = max(0, math.floor(math.log2(max(1.0, ratio)) + 0.35))
    return sheet.levels[min(level, len(sheet.levels) - 1)]
