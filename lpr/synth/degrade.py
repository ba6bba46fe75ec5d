"""What a camera does to a grey picture of a plate: light, blur, distance, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CameraStrength:
    """How bad a camera's picture may be.

    Attributes:
        narrowest: width in pixels of the farthest plates.
        poor: share of pictures that get blur, distance, noise or compression.
    """

    narrowest: int = 36
    poor: float = 0.8


_SKIPPED, _GHOSTED, _SHARPENED = 0.2, 0.06, 0.35
"""Shares of the far, of the poor and again of the poor pictures."""


def camera_grey(crop: Grey, rng: np.random.Generator, strength: CameraStrength) -> Grey:
    """Make a clean crop look as if a camera had taken it from some distance in some light.

    Args:
        crop: HxW uint8.
        rng: source of randomness.
        strength: how bad.

    Returns:
        HxW uint8.
    """
    picture = crop
    if rng.random() < 0.6:
        picture = _light(picture, rng)
    if rng.random() < 0.1:
        picture = _bloom(picture, rng)
    return picture if rng.random() > strength.poor else _poor(picture, rng, strength.narrowest)


def _poor(crop: Grey, rng: np.random.Generator, narrowest: int) -> Grey:
    """Blur, distance, noise, sharpening, compression, in the order in which a camera adds them."""
    height, width = crop.shape
    picture, far = crop, 1.0
    if rng.random() < 0.3:
        picture = _blur(picture, rng)
    if rng.random() < 0.6:
        far = float(np.exp(rng.uniform(np.log(narrowest / width), 0)))
        picture = _far(picture, rng, far)
    if rng.random() < _GHOSTED:
        picture = _ghost(picture, rng)
    if rng.random() < 0.35:
        picture = _noise(picture, rng)
    if rng.random() < _SHARPENED:
        picture = _sharpen(picture, rng)
    if rng.random() < 0.4:
        quality = int(rng.integers(20 if far > 0.6 else 35, 92))
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if picture.shape != crop.shape:
        how = cv2.INTER_LINEAR if rng.random() < 0.75 else cv2.INTER_CUBIC
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
    return picture


def _far(picture: Grey, rng: np.random.Generator, share: float) -> Grey:
    """As many pixels as a plate that far away has."""
    height, width = picture.shape
    # The plate keeps its proportions, so a far two-line plate has few rows as well.
    small = (max(16, round(width * share)), max(9, round(height * min(1.0, share * 1.25))))
    # Cheap scalers skip pixels in place of averaging them.
    how = cv2.INTER_LINEAR if rng.random() < _SKIPPED else cv2.INTER_AREA
    far = np.asarray(cv2.resize(picture, small, interpolation=how), np.uint8)
    # A lens, a mosaic of colours and a codec: about a pixel of the camera's own.
    return _soften(far, rng, 0.3, 1.1) if rng.random() < 0.5 else far


def _light(picture: Grey, rng: np.random.Generator) -> Grey:
    """Exposure, contrast, gamma; sometimes a shadow's edge, a reflection, dirt or a negative."""
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.normal(0, 0.35)))
    low, high = float(rng.uniform(0, 0.3)), float(rng.uniform(0.5, 1.15))
    if rng.random() < 0.12:  # night or haze: little contrast anywhere
        low = float(rng.uniform(0, 0.6))
        high = low + float(rng.uniform(0.12, 0.3))
    table = low + (high - low) * ramp**gamma
    if rng.random() < 0.04:
        table = 1 - table
    out = np.asarray(cv2.LUT(picture, np.asarray(np.clip(table, 0, 1) * 255, np.uint8)), np.uint8)
    if rng.random() < 0.25:
        out = _uneven(out, rng)
    return out


def _bloom(picture: Grey, rng: np.random.Generator) -> Grey:
    """Too much light: what is bright saturates and spills over the dark beside it.

    Head lamps and infra-red light on retroreflective ground eat dark strokes; sun on white strokes
    fills the gaps between them.
    """
    light = picture.astype(np.float32) * float(rng.uniform(1.1, 2.0))
    above = float(rng.uniform(0.45, 0.8)) * float(light.max())
    bright = np.maximum(light - above, 0)
    spill = cv2.GaussianBlur(bright, (0, 0), float(rng.uniform(0.8, 3.0)))
    lit = np.clip(light + float(rng.uniform(0.5, 2.5)) * spill, 0, 255).astype(np.uint8)
    # A text that the light has swallowed teaches nothing.
    height, width = picture.shape
    text = (slice(height // 5, height - height // 5), slice(width // 8, width - width // 8))
    return lit if float(lit[text].std()) > 0.6 * float(picture[text].std()) else picture


def _uneven(picture: Grey, rng: np.random.Generator) -> Grey:
    height, width = picture.shape
    if rng.random() < 0.6:  # a shadow's edge or a gradient across the plate
        a, b = rng.uniform(-1, 1, 2)
        x = np.linspace(-1, 1, width, dtype=np.float32)[None] * float(a)
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * float(b)
        edge = float(rng.choice([1.0, 1.0, 6.0]))
        share = np.clip((x + y + float(rng.normal(0, 0.3))) * edge, -1, 1) * float(
            rng.uniform(0.1, 0.45)
        )
        return np.asarray(np.clip(picture * (1 + share), 0, 255), np.uint8)
    layer = np.zeros((height, width), np.uint8)
    level = int(rng.choice([255, 255, 20, 90]))
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = int(rng.integers(2, 12 if level == 255 else 6))
        cv2.circle(layer, centre, radius, 255, -1)
    soft = cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(1, 6))).astype(np.float32) / 255
    soft *= float(rng.uniform(0.3, 0.9))
    return np.asarray(picture * (1 - soft) + level * soft, np.uint8)


def _blur(picture: Grey, rng: np.random.Generator) -> Grey:
    if rng.random() < 0.5:
        return _soften(picture, rng, 0.4, 1.6)
    size = int(rng.integers(3, 8))
    kernel = np.zeros((size, size), np.float32)
    angle = float(rng.normal(0, 0.35)) if rng.random() < 0.7 else float(rng.uniform(0, 3.14))
    middle = (size - 1) / 2
    dx, dy = np.cos(angle) * middle, np.sin(angle) * middle
    start = (round(middle - dx), round(middle - dy))
    cv2.line(kernel, start, (round(middle + dx), round(middle + dy)), 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def _soften(picture: Grey, rng: np.random.Generator, least: float, most: float) -> Grey:
    """Blur evenly, by `least` to `most` pixels."""
    sigma = float(rng.uniform(least, most))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _ghost(picture: Grey, rng: np.random.Generator) -> Grey:
    """A little of the frame before, as cameras leave behind that fight noise over time."""
    shift = np.array([[1, 0, rng.normal(0, 2.5)], [0, 1, rng.normal(0, 1.0)]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    before = cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE)
    share = float(rng.uniform(0.1, 0.35))
    return np.asarray(cv2.addWeighted(picture, 1 - share, before, share, 0), np.uint8)


def _sharpen(picture: Grey, rng: np.random.Generator) -> Grey:
    """Bright and dark rims along every edge, as most cameras draw them (an unsharp mask)."""
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.6, 1.6)))
    amount = float(np.exp(rng.uniform(np.log(0.3), np.log(2.5))))
    return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)


def _noise(picture: Grey, rng: np.random.Generator) -> Grey:
    # Noise beyond the contrast leaves nothing to learn from.
    sigma = float(rng.uniform(0.04, 0.3)) * (4.0 + float(picture.std()))
    noise = rng.standard_normal(picture.shape, np.float32) * sigma
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)
