"""Scenes are reproducible and know their plates."""

from __future__ import annotations

import numpy as np

from lpr.synth.fonts import FontBook
from lpr.synth.scene import paint_background, render_scene


def test_the_same_seed_gives_the_same_scene() -> None:
    fonts = FontBook()
    scenes = []
    for _ in range(2):
        rng = np.random.default_rng(4)
        scenes.append(render_scene(paint_background(640, 384, rng), rng, fonts, count=3))
    assert np.array_equal(scenes[0].image, scenes[1].image)
    assert scenes[0].plates == scenes[1].plates


def test_a_scene_shows_its_plates() -> None:
    rng = np.random.default_rng(6)
    background = paint_background(640, 384, rng)
    scene = render_scene(background, rng, FontBook(), count=3, widths=(60.0, 200.0))
    assert len(scene.plates) >= 2
    assert np.array_equal(background, paint_background(640, 384, np.random.default_rng(6)))
    for plate in scene.plates:
        assert plate.text
        assert plate.lines in (1, 2)
        assert plate.quad.is_convex
        left, top, right, bottom = (round(v) for v in plate.quad.box)
        inside = scene.image[top:bottom, left:right].astype(int)
        before = background[top:bottom, left:right].astype(int)
        assert (np.abs(inside - before).max(axis=2) > 5).mean() > 0.4
