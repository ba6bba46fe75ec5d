"""Plates of plain bars: what is measured and painted on them is known."""

from __future__ import annotations

import cv2
import numpy as np

from lpr.train.recognizer_cells import CharacterCells
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH, LabelledPatch, patch_corners

TOP, BOTTOM = 18, 62


def bars(text: str, ink: int, ground: int) -> CharacterCells:
    """Bars of one ink on one ground; the cells of Chinese and Korean characters are empty."""
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), ground, np.uint8)
    cuts = tuple(28 + 30 * i for i in range(len(text) + 1))
    for char, left in zip(text, cuts, strict=False):
        if char.isascii():
            patch[TOP:BOTTOM, left + 9 : left + 20] = ink
    return CharacterCells(patch, text, cuts)


def plate_of(cells: CharacterCells) -> LabelledPatch:
    """The plate as it is."""
    return LabelledPatch(cells.patch, patch_corners(), cells.text, 1)


def askew(cells: CharacterCells, slope: float) -> CharacterCells:
    """The same plate with a text that comes down by `slope` rows per column."""
    turn = np.array([[1, 0, 0], [slope, 1, -slope * PATCH_WIDTH / 2]], np.float32)
    size, rim = (PATCH_WIDTH, PATCH_HEIGHT), cv2.BORDER_REPLICATE
    patch = cv2.warpAffine(cells.patch, turn, size, borderMode=rim)
    return CharacterCells(np.asarray(patch, np.uint8), cells.text, cells.cuts)
