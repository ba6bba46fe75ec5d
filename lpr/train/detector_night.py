"""Day made night: a dark street, glaring lamps, plates lit by their own lamp or another car."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.paste import Rng
from lpr.types import Image

Floats = npt.NDArray[np.float32]

_COARSE = 4
"""Glare is soft: it is drawn at a quarter of the size."""
_HALO = 14
"""How far a lamp's halo reaches, sizes of its core."""


def at_night(image: Image, plates: Sequence[Floats], rng: Rng) -> Image:
    """Return a copy of an HxWx3 uint8 BGR picture as a dash-cam might have taken it at night.

    Args:
        image: taken by day, as a rule.
        plates: 4x2 corners of its plates, pixels; they stay brighter than what is around them, and
            a vehicle's lamps shine beside some.
        rng: source of randomness.
    """
    height, width = image.shape[:2]
    dark = math.exp(rng.uniform(math.log(0.1), math.log(0.6)))
    gains = np.full((height, width), dark, np.float32)
    for quad in plates:
        _lit(gains, quad, math.exp(rng.uniform(math.log(max(dark, 0.2)), math.log(1.6))))
    tint = np.exp(rng.normal(0, 0.28, 3)).astype(np.float32)
    glare = _glare(width, height, plates, rng)
    veil = float(rng.uniform(0, 60)) if rng.random() < 0.6 else 0.0
    shown = (image * gains[..., None] + glare + np.float32(veil)) * tint
    return np.asarray(np.clip(shown, 0, 255), np.uint8)


def _lit(gains: Floats, quad: Floats, gain: float) -> None:
    """Raise the light on a plate, fading over its rim."""
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 4, 0)
    high = np.ceil(quad.max(axis=0)).astype(int) + 4
    part = gains[low[1] : high[1], low[0] : high[0]]
    if part.size == 0:
        return
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.round((quad - low) * 16 - 8).astype(np.int32), 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.04 * float(np.ptp(quad[:, 1]))))
    share = np.asarray(soft, np.float32) / 255
    part += share * (np.float32(gain) - part)


def _glare(width: int, height: int, plates: Sequence[Floats], rng: Rng) -> Floats:
    """Light that lamps add, HxWx3 float32 BGR."""
    rows, columns = max(2, height // _COARSE), max(2, width // _COARSE)
    light = np.zeros((rows, columns, 3), np.float32)
    for quad in plates:
        if rng.random() < 0.6:
            _pair(light, np.asarray(quad / _COARSE, np.float32), rng)
    for _ in range(int(rng.integers(0, 7))):
        at = rng.uniform(0, 1, 2) * [columns, rows * 0.7]
        _lamp(
            light, at, float(math.exp(rng.uniform(math.log(0.3), math.log(5)))), _colour(rng), rng
        )
    return np.asarray(
        cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


def _pair(light: Floats, quad: Floats, rng: Rng) -> None:
    """The lamps of a vehicle, left and right of its plate."""
    centre, reach = quad.mean(axis=0), np.ptp(quad, axis=0)
    away = float(reach[0]) * float(rng.uniform(0.8, 1.7))
    drop = float(reach[0]) * float(rng.uniform(-0.7, 0.2))
    size = float(reach[0]) * float(math.exp(rng.uniform(math.log(0.05), math.log(0.3))))
    colour = _colour(rng)
    for side in (-1, 1):
        _lamp(light, centre + np.array([side * away, drop]), size, colour, rng)


def _colour(rng: Rng) -> Floats:
    """Red, amber or white light, BGR; a camera may see red as pink."""
    kinds = ((30, 20, 255), (60, 150, 255), (240, 235, 230), (170, 110, 255), (255, 200, 170))
    return np.array(kinds[int(rng.choice(5, p=(0.35, 0.15, 0.3, 0.1, 0.1)))], np.float32)


def _lamp(
    light: Floats, at: npt.NDArray[np.floating], size: float, colour: Floats, rng: Rng
) -> None:
    """A saturated core and a halo that fades around it."""
    rows, columns = light.shape[:2]
    size = max(0.4, size)
    reach = math.ceil(size * _HALO)
    x0, y0 = max(0, int(at[0]) - reach), max(0, int(at[1]) - reach)
    x1, y1 = min(columns, int(at[0]) + reach + 1), min(rows, int(at[1]) + reach + 1)
    if x1 <= x0 or y1 <= y0:
        return
    dx = np.arange(x0, x1, dtype=np.float32) - np.float32(at[0])
    dy = np.arange(y0, y1, dtype=np.float32) - np.float32(at[1])
    apart = (dx[None] ** 2 + dy[:, None] ** 2) / np.float32(size * size)
    strength = np.float32(rng.uniform(0.6, 2.5))
    halo = np.float32(rng.uniform(0.1, 0.7)) / (1 + apart)
    halo *= np.clip(1 - apart / _HALO**2, 0, 1)
    glow = (strength * np.exp(-apart) + halo)[..., None]
    # The core is white in every colour: the sensor is full.
    light[y0:y1, x0:x1] += glow * colour + np.clip(glow - 0.9, 0, 1) * np.float32(160)
