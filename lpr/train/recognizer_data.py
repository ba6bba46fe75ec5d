"""What the reader learns from: grey patches with a plate, its text and its corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.geometry import Quad
from lpr.imaging import rectify
from lpr.recognize.alphabet import Alphabet
from lpr.synth.degrade import Grey
from lpr.train.recognizer_labels import CropLabel, load_crop, quad_in
from lpr.types import Image

Corners = npt.NDArray[np.float32]

PATCH_HEIGHT, PATCH_WIDTH = 80, 264
PLATE_HEIGHT, PLATE_WIDTH = 64, 208
"""A rendered plate in its patch: stretched to the recognizer's proportions, with surroundings."""
_WIDEST = 260
"""Real plates wider than this are shrunk once, on loading."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPatch:
    """A plate with something around it.

    Attributes:
        patch: HxW uint8 grey.
        corners: 4x2, the plate's corners, patch pixels, clockwise from the top left.
        text: what it says.
        lines: rows of text.
    """

    patch: Grey
    corners: Corners
    text: str
    lines: int


def real_patches(labels: Sequence[CropLabel], alphabet: Alphabet) -> list[LabelledPatch]:
    """Load the crops whose texts the alphabet covers, in grey, at most moderately large."""
    patches = []
    for label in labels:
        if not alphabet.covers(label.text):
            continue
        image = load_crop(label)
        quad = quad_in(label, image)
        shrink = min(1.0, _WIDEST / max(1.0, quad.width), 2.4 * PLATE_HEIGHT / quad.height)
        if shrink < 1:
            size = (round(image.shape[1] * shrink), round(image.shape[0] * shrink))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            quad = quad.scaled(shrink, shrink)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        corners = np.array(quad.points, np.float32)
        patches.append(LabelledPatch(grey, corners, label.text, label.lines))
    return patches


def upright(plate: LabelledPatch, width: int, height: int) -> Image:
    """The crop that serving would read of a patch, height x width x 3 uint8 BGR."""
    colour = np.asarray(cv2.cvtColor(plate.patch, cv2.COLOR_GRAY2BGR), np.uint8)
    return rectify(colour, Quad.from_points(plate.corners.tolist()), width, height)


def patch_corners() -> Corners:
    """Where the plate lies in a rendered patch."""
    left, top = (PATCH_WIDTH - PLATE_WIDTH) / 2, (PATCH_HEIGHT - PLATE_HEIGHT) / 2
    return np.array(
        Quad.from_box(left, top, left + PLATE_WIDTH, top + PLATE_HEIGHT).points, np.float32
    )
