"""What cameras do to a picture: light, colour, blur, noise, compression, lost resolution."""

from __future__ import annotations

import math

import cv2
import numpy as np

from lpr.synth.paste import Rng
from lpr.types import Image


def photograph(image: Image, rng: Rng, *, relit: bool = True) -> Image:
    """Return a copy of an HxWx3 uint8 BGR picture as another camera might have taken it.

    Args:
        image: the picture.
        rng: source of randomness.
        relit: whether its light changes, too.
    """
    if relit:
        image = _relight(image, rng)
    if rng.random() < 0.22:
        image = _recolour(image, rng)
    if rng.random() < 0.25:
        image = _blur(image, rng)
    if rng.random() < 0.15:
        image = _lose_resolution(image, rng)
    if rng.random() < 0.25:
        image = _noise(image, rng)
    if rng.random() < 0.25:
        image = _compress(image, rng)
    return image


def _relight(image: Image, rng: Rng) -> Image:
    """Gain, offset and gamma by channel through one table."""
    steps = np.arange(256, dtype=np.float32) / 255
    tables = []
    dark = rng.random() < 0.12
    gain = rng.uniform(0.15, 0.5) if dark else math.exp(rng.normal(0, 0.25))
    gamma = math.exp(rng.normal(0, 0.25))
    offset = rng.normal(0, 0.06)
    tint = rng.normal(0, 0.07, 3)
    for channel in range(3):
        curve = (steps**gamma) * gain * (1 + tint[channel]) + offset
        tables.append(np.clip(curve * 255, 0, 255).astype(np.uint8))
    return np.asarray(cv2.LUT(image, np.stack(tables, axis=-1)[None]), np.uint8)


def _recolour(image: Image, rng: Rng) -> Image:
    """Grey (infra-red), swapped channels, washed-out or strong colour."""
    kind = rng.random()
    if kind < 0.2:
        return np.ascontiguousarray(image[..., rng.permutation(3)])
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if kind < 0.65:
        tint = rng.uniform(0.85, 1.0, 3) if rng.random() < 0.3 else np.ones(3)
        return np.asarray(np.clip(grey * tint, 0, 255).astype(np.uint8))
    share = rng.uniform(-0.8, 0.8)
    return np.asarray(cv2.addWeighted(image, 1 + share, grey, -share, 0), np.uint8)


def _blur(image: Image, rng: Rng) -> Image:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    length = int(rng.integers(2, 8))
    angle = rng.uniform(0, math.pi)
    kernel = np.zeros((9, 9), np.float32)
    dx, dy = math.cos(angle) * length / 2, math.sin(angle) * length / 2
    ends = [(round(4 + s * dx), round(4 + s * dy)) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _lose_resolution(image: Image, rng: Rng) -> Image:
    rows, columns = image.shape[:2]
    share = rng.uniform(0.4, 0.9)
    small = cv2.resize(
        image,
        (max(8, int(columns * share)), max(8, int(rows * share))),
        interpolation=cv2.INTER_AREA,
    )
    how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[
        int(rng.choice(3, p=[0.6, 0.3, 0.1]))
    ]
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=how), np.uint8)


def _noise(image: Image, rng: Rng) -> Image:
    """Grain; a tile of it is repeated, since drawing it anew costs more than the rest together."""
    level = rng.uniform(2, 14)
    rows, columns = image.shape[:2]
    tile = rng.normal(0, level, (64, 80, 1 if rng.random() < 0.5 else 3)).astype(np.int16)
    grain = np.tile(tile, (rows // 64 + 1, columns // 80 + 1, 1))[:rows, :columns]
    return np.asarray(np.clip(image.astype(np.int16) + grain, 0, 255), np.uint8)


def _compress(image: Image, rng: Rng) -> Image:
    quality = int(rng.integers(15, 80))
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
