"""A plate put back around a crop that shows its text only.

Some sets are cut so tightly that neither rim nor holder is left, but the detector's corners are the
plate's. Read as they are, such crops teach the reader a scale that it never meets in service.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.synth.degrade import Grey
from lpr.train.recognizer_data import LabelledPatch

_WIDTH = 200
_SURROUND = 24
"""Pixels of holder and car around the plate."""


def embedded(patches: Sequence[LabelledPatch], rng: np.random.Generator) -> list[LabelledPatch]:
    """Put a plate's ground, border line and surroundings around crops of its text.

    Args:
        patches: crops whose corners are those of the whole picture.
        rng: source of randomness.

    Returns:
        As many patches, with the corners of the plate.
    """
    return [_embedded(patch, rng) for patch in patches]


def _embedded(patch: LabelledPatch, rng: np.random.Generator) -> LabelledPatch:
    rows, columns = patch.patch.shape
    size = (_WIDTH, max(30, round(_WIDTH * rows / columns)))
    text = np.asarray(cv2.resize(patch.patch, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    left, right = (int(v) for v in rng.uniform(0.0, 0.06, 2) * size[0])
    top, bottom = (int(v) for v in rng.uniform(0.05, 0.28, 2) * size[1])
    grown = cv2.copyMakeBorder(text, top, bottom, left, right, cv2.BORDER_REPLICATE)
    plate = np.asarray(cv2.blur(grown, (41, 5)), np.uint8)
    plate[top : top + size[1], left : left + size[0]] = text
    if rng.random() < 0.6:
        _border_line(plate, text, min(top, bottom), rng)
    tone = int(rng.integers(5, 90) if rng.random() < 0.65 else rng.integers(90, 250))
    around = (_SURROUND,) * 4
    canvas = cv2.copyMakeBorder(plate, *around, cv2.BORDER_CONSTANT, value=(tone,))
    noise = rng.normal(0, 3, canvas.shape)
    canvas = np.clip(canvas + noise, 0, 255).astype(np.uint8)
    high, wide = plate.shape
    corners = Quad.from_box(_SURROUND, _SURROUND, _SURROUND + wide, _SURROUND + high).points
    return LabelledPatch(canvas, np.array(corners, np.float32), patch.text, patch.lines)


def _border_line(plate: Grey, text: Grey, room: int, rng: np.random.Generator) -> None:
    inset = max(1, int(room * rng.uniform(0.15, 0.6)))
    ground = float(np.median(plate[:2]))
    low, high = np.percentile(text, (5, 95))
    tone = int(high if high - ground > ground - low else low)
    rows, columns = plate.shape
    last = (columns - 1 - inset, rows - 1 - inset)
    cv2.rectangle(plate, (inset, inset), last, tone, int(rng.integers(1, 3)))
