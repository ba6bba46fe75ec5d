"""Crops as an imperfect detector cuts them, for the reader's training."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from lpr.imaging import MARGIN_X, MARGIN_Y
from lpr.synth.degrade import CameraStrength, Grey
from lpr.train.recognizer_data import Corners


@dataclass(frozen=True, slots=True)
class AugmentStrength:
    """How far a crop may be from the ideal one.

    Attributes:
        corner: standard deviation of each corner, share of the plate's size.
        loose: largest growth of the crop, share of the plate's size (a loose box).
        turn: standard deviation of rotation and shear that nobody undid, radians.
        steep: share of crops that are turned three times as far.
        camera: what the camera does to it.
    """

    corner: float = 0.018
    loose: float = 0.16
    turn: float = 0.045
    steep: float = 0.15
    camera: CameraStrength = field(default_factory=CameraStrength)


def cut_crop(
    patch: Grey,
    corners: Corners,
    rng: np.random.Generator,
    strength: AugmentStrength,
    width: int,
    height: int,
) -> Grey:
    """Cut a plate out of its surroundings as an imperfect detector would.

    Args:
        patch: HxW uint8, the plate with something around it.
        corners: 4x2, the plate's corners in patch pixels, clockwise from the top left.
        rng: source of randomness.
        strength: how imperfect.
        width: crop width, pixels.
        height: crop height, pixels.

    Returns:
        height x width uint8.
    """
    centre = corners.mean(axis=0)
    across = ((corners[1] - corners[0]) + (corners[2] - corners[3])) / 2
    down = ((corners[3] - corners[0]) + (corners[2] - corners[1])) / 2
    grow_x, grow_y = _growth(rng, strength)
    turn, shear = rng.normal(0, strength.turn * (3 if rng.random() < strength.steep else 1), 2)
    skew = float(np.hypot(*across) / max(1.0, float(np.hypot(*down))))
    # In the plate's own unit square: shear moves x with y, turning moves y with x, in pixels.
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    unit[:, 0] *= 1 + grow_x
    unit[:, 1] *= 1 + grow_y
    unit += rng.normal(0, strength.corner, (4, 2)) * (1.0, 1.8)
    unit += rng.normal(0, 0.5, 2) * (max(0.01, grow_x * 0.4), max(0.02, grow_y * 0.4))
    moved = unit.copy()
    moved[:, 0] += unit[:, 1] * shear * 2.0 / max(1.0, skew * 0.5)
    moved[:, 1] += unit[:, 0] * turn * skew
    source = centre + moved[:, :1] * across + moved[:, 1:] * down
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(np.asarray(source, np.float32) - 0.5, target)
    crop = cv2.warpPerspective(
        patch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8)


def _growth(rng: np.random.Generator, strength: AugmentStrength) -> tuple[float, float]:
    if rng.random() < 0.6:
        x, y = rng.normal(0, 0.025), rng.normal(0, 0.05)
    else:
        x, y = rng.uniform(-0.03, strength.loose), rng.uniform(-0.05, 1.8 * strength.loose)
    return MARGIN_X + float(x), MARGIN_Y + float(y)
