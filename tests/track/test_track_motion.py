"""The motion model: real time, growth, shape."""

from __future__ import annotations

import math

import pytest

from lpr.geometry import Quad
from lpr.track import TrackerOptions
from lpr.track.motion import MotionModel, measure


def plate(x: float, y: float, width: float) -> Quad:
    return Quad.from_box(x - width / 2, y - width / 8, x + width / 2, y + width / 8)


@pytest.mark.parametrize("fps", [5, 12.5, 30, 60])
def test_velocity_and_growth_are_learned_alike_at_any_frame_rate(fps: float) -> None:
    def truth(time: float) -> Quad:
        return plate(100 + 120 * time, 80 + 60 * time, 40 * math.exp(0.4 * time))

    model = MotionModel(measure(truth(0.0)), TrackerOptions())
    for i in range(1, round(2 * fps) + 1):
        model.predict(1 / fps)
        model.correct(measure(truth(i / fps)))
    assert model.center_x.rate == pytest.approx(120, rel=0.15)
    assert model.center_y.rate == pytest.approx(60, rel=0.15)
    assert model.log_size.rate == pytest.approx(0.4, rel=0.25)
    model.predict(0.5)
    expected = truth(2.5)
    assert math.dist(model.quad.center, expected.center) < 0.15 * expected.width
    assert model.quad.width == pytest.approx(expected.width, rel=0.12)


def test_prediction_does_not_depend_on_how_a_gap_is_cut_into_frames() -> None:
    at_once, in_steps = (MotionModel(measure(plate(0, 0, 50)), TrackerOptions()) for _ in range(2))
    for model in (at_once, in_steps):
        model.predict(0.1)
        model.correct(measure(plate(5, 0, 51)))
    at_once.predict(0.6)
    for _ in range(6):
        in_steps.predict(0.1)
    assert in_steps.center_x.value == pytest.approx(at_once.center_x.value)
    assert in_steps.center_x.variance == pytest.approx(at_once.center_x.variance, rel=0.05)


def test_the_predicted_quad_keeps_the_measured_shape() -> None:
    tilted = Quad((0, 0), (40, 8), (38, 18), (-2, 10))
    model = MotionModel(measure(tilted), TrackerOptions())
    for point, expected in zip(model.quad.points, tilted.points, strict=True):
        assert point == pytest.approx(expected)


def test_size_never_runs_away_while_a_plate_is_hidden() -> None:
    model = MotionModel(measure(plate(0, 0, 40)), TrackerOptions())
    for i in range(1, 10):
        model.predict(0.1)
        model.correct(measure(plate(0, 0, 40 * math.exp(0.15 * i))))
    before = model.size
    for _ in range(100):
        model.predict(0.1)
    assert model.size <= before * math.e * 1.001


def test_a_shift_of_the_picture_is_no_speed() -> None:
    model = MotionModel(measure(plate(0, 0, 40)), TrackerOptions())
    model.shift(30, -10)
    assert model.center_x.value == 30
    assert model.center_y.value == -10
    assert model.center_x.rate == 0
