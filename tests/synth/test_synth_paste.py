"""Pasted plates lie exactly where their quads say."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.geometry import Quad
from lpr.synth.paste import blend_plate, free_quad, touching


def test_a_pasted_plate_fills_its_quad_and_nothing_else() -> None:
    canvas = np.full((120, 200, 3), 100, np.uint8)
    plate = np.full((40, 160, 3), 255, np.uint8)
    quad = np.array([[50, 40], [140, 48], [138, 75], [52, 66]], np.float32)
    rng = np.random.default_rng(5)
    while True:  # a draw without a surround
        trial = canvas.copy()
        blend_plate(trial, plate, quad, rng)
        changed = np.abs(trial.astype(int) - 100).max(axis=2) > 8
        if not changed[30, 60]:
            break
    ys, xs = np.nonzero(changed)
    assert xs.min() == pytest.approx(50, abs=1.5)
    assert xs.max() + 1 == pytest.approx(140, abs=1.5)
    assert ys.min() == pytest.approx(40, abs=1.5)
    assert ys.max() + 1 == pytest.approx(75, abs=1.5)
    assert changed.sum() == pytest.approx(Quad.from_points(quad.tolist()).area, rel=0.12)


def test_a_plate_partly_outside_the_picture_does_not_fail() -> None:
    canvas = np.full((60, 80, 3), 90, np.uint8)
    plate = np.full((30, 120, 3), 200, np.uint8)
    for corner in ((-30.0, -10.0), (60.0, 50.0), (500.0, 500.0)):
        quad = np.array([[0, 0], [50, 2], [50, 16], [0, 14]], np.float32) + np.array(
            corner, np.float32
        )
        blend_plate(canvas, plate, quad, np.random.default_rng(1))
    assert canvas.shape == (60, 80, 3)


def test_free_quads_are_convex_inside_and_apart() -> None:
    rng = np.random.default_rng(2)
    taken: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    for _ in range(12):
        quad = free_quad(400, 300, taken, rng, widths=(10.0, 120.0))
        if quad is None:
            continue
        assert Quad.from_points(quad.tolist()).is_convex
        assert (quad >= -1e-3).all()
        assert (quad <= np.array([400, 300]) + 1e-3).all()
        assert not any(touching(quad, other) for other in taken)
        taken.append(quad)
    assert len(taken) >= 5


def test_no_room_is_said() -> None:
    whole = np.array([[0, 0], [60, 0], [60, 40], [0, 40]], np.float32)
    rng = np.random.default_rng(3)
    assert free_quad(60, 40, [whole], rng, widths=(10.0, 30.0)) is None


def test_a_hidden_plate_has_its_surroundings_colour_and_strokes_that_show() -> None:
    plate = np.full((30, 120, 3), 200, np.uint8)
    plate[8:22, 10:110:20] = plate[8:22, 11:110:20] = plate[8:22, 12:110:20] = 0
    quad = np.array([[40, 30], [160, 34], [160, 66], [40, 62]], np.float32)
    for tone in (15, 120, 240):
        canvas = np.full((100, 200, 3), (tone, tone, 60), np.uint8)
        blend_plate(canvas, plate, quad, np.random.default_rng(4), hidden=True)
        inside = canvas[38:58, 45:155].reshape(-1, 3).astype(float)
        assert np.abs(np.median(inside, axis=0) - (tone, tone, 60)).max() < 20
        apart = np.abs(inside - np.median(inside, axis=0)).sum(axis=1)
        assert float(np.percentile(apart, 97)) > 40
