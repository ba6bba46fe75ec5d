"""Scenes: rendered plates set into pictures with perspective, so that every corner is known.

The pictures can be any that show no plates of their own, or plain painted ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.synth.fonts import FontBook
from lpr.synth.paste import Floats, Rng, blend_plate, free_quad
from lpr.synth.plate import RenderedPlate, render_plate, render_random_plate
from lpr.types import Image

FREE_FORM_SHARE = 0.15
"""Share of plates of no country, so that a detector does not rest on known designs."""


@dataclass(frozen=True, slots=True)
class ScenePlate:
    """One plate of a scene: its true corners (scene pixels), text, rows and region."""

    quad: Quad
    text: str
    lines: int
    region: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture (HxWx3 uint8 BGR) and every plate that was set into it."""

    image: Image
    plates: tuple[ScenePlate, ...]


def render_scene(
    background: Image,
    rng: Rng,
    fonts: FontBook,
    *,
    count: int = 1,
    widths: tuple[float, float] = (24.0, 320.0),
) -> Scene:
    """Set plates into a copy of a picture.

    Args:
        background: HxWx3 uint8 BGR, without plates.
        rng: source of randomness; the same state gives the same scene.
        fonts: the typefaces.
        count: how many plates; fewer where there is no room.
        widths: least and greatest plate width, pixels.
    """
    image = background.copy()
    quads: list[Floats] = []
    plates: list[ScenePlate] = []
    for _ in range(count):
        drawn = draw_any_plate(rng, fonts)
        aspect = drawn.image.shape[1] / drawn.image.shape[0]
        quad = free_quad(image.shape[1], image.shape[0], quads, rng, widths=widths, aspect=aspect)
        if quad is None:
            continue
        blend_plate(image, drawn.image, quad, rng)
        quads.append(quad)
        corners = Quad.from_points(quad.tolist())
        plates.append(ScenePlate(corners, drawn.text, drawn.lines, drawn.region))
    return Scene(image, tuple(plates))


def draw_any_plate(rng: Rng, fonts: FontBook, *, height: int = 96) -> RenderedPlate:
    """Draw a plate of any country, now and then one of none."""
    if rng.random() < FREE_FORM_SHARE:
        return render_random_plate(rng, fonts, height=height)
    return render_plate(rng, fonts, height=height)


def paint_background(width: int, height: int, rng: Rng) -> Image:
    """Paint a plain picture: two shades, a horizon, boxes and stripes. HxWx3 uint8 BGR."""
    above, below = rng.uniform(60, 230, 3), rng.uniform(30, 150, 3)
    horizon = int(height * rng.uniform(0.2, 0.6))
    ramp = np.linspace(0.8, 1.2, height)[:, None, None]
    image = np.empty((height, width, 3), np.float32)
    image[:horizon], image[horizon:] = above, below
    image = np.clip(image * ramp, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(6, 20))):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        w, h = int(rng.integers(4, width // 2)), int(rng.integers(3, height // 3))
        colour = tuple(float(c) for c in rng.integers(0, 256, 3))
        cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.6 else 2)
    grain = rng.normal(0, 5, (height, width, 1))
    return np.clip(image + grain, 0, 255).astype(np.uint8)
