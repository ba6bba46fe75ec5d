"""Plates for the vehicles of clips: drawn by the plate renderer, or spoilt beyond reading."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from lpr.errors import FormatError
from lpr.formats.sampling import SampledPlate, sample_plate
from lpr.recognize.alphabet import PLATE_CHARACTERS
from lpr.synth.clip_road import texture_noise
from lpr.synth.clip_spec import DISTANT, FADED, MUD
from lpr.synth.clip_vehicle import MountedPlate
from lpr.synth.fonts import FontBook
from lpr.synth.plate import render_plate
from lpr.types import Image

_PIXELS_PER_METRE = 1700
_TRIES = 400
_SHORTEST = 4
"""Plates of fewer characters are rare, and are no test of reading."""


def mounted_plate(
    kind: str, regions: Sequence[str], rng: np.random.Generator, fonts: FontBook
) -> tuple[SampledPlate, str, MountedPlate]:
    """Draw a plate and its mounting.

    Args:
        kind: `one` or `two` rows, or how it is spoilt: mud, faded, distant.
        regions: region codes to draw from; empty is any.
        rng: source of randomness.
        fonts: the typefaces.

    Returns:
        What was drawn, what a reader must read (empty where nobody can), and the plate.

    Raises:
        FormatError: no plate of these regions has that many rows.
        ConfigError: a font is missing.
    """
    sample = _sample(2 if kind == "two" else 1, regions, rng)
    tall = sample.layout.size[1] / 1000
    drawn = render_plate(rng, fonts, sample=sample, height=round(tall * _PIXELS_PER_METRE))
    image = _spoilt(drawn.image, kind, rng)
    plate = MountedPlate(
        image=image,
        width=tall * image.shape[1] / image.shape[0],
        height=tall,
        tilt=float(rng.uniform(-0.02, 0.02)),
        turn=float(rng.normal(0, 0.8)),
    )
    return sample, "" if kind in (MUD, FADED, DISTANT) else drawn.text, plate


def _sample(lines: int, regions: Sequence[str], rng: np.random.Generator) -> SampledPlate:
    for _ in range(_TRIES):
        plate = sample_plate(rng, regions or None)
        fits = plate.layout.lines == lines and len(plate.text) >= _SHORTEST
        if fits and all(char in PLATE_CHARACTERS for char in plate.text):
            return plate
    raise FormatError(f"no plate of {', '.join(regions) or 'any region'} has {lines} rows")


def _spoilt(image: Image, kind: str, rng: np.random.Generator) -> Image:
    rows, columns = image.shape[:2]
    if kind == FADED:
        ground = np.median(image.reshape(-1, 3), axis=0)
        worn = cv2.GaussianBlur(image, (0, 0), rows / 5).astype(np.float32)
        return np.asarray(np.clip(ground * 0.9 + worn * 0.1, 0, 255), np.uint8)
    if kind == MUD:
        blobs = texture_noise(rng, rows, columns, rows // 5) + texture_noise(rng, rows, columns, 9)
        cover = np.clip(blobs + 2.1, 0, 1)[:, :, None]
        soil = np.array([44, 58, 74]) + 9 * texture_noise(rng, rows, columns, 5)[:, :, None]
        soft = cv2.GaussianBlur(image, (0, 0), rows / 7)
        return np.asarray(np.clip(soft * (1 - cover) + soil * cover, 0, 255), np.uint8)
    return image
