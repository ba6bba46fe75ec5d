from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError
from lpr.gate.direction import (
    CrossingLine,
    Direction,
    DirectionEstimator,
    EntryZone,
    border_from_points,
)
from lpr.geometry import Quad
from lpr.types import Detection, Track, TrackState

# Drawn from left to right: a vehicle that comes down the picture goes in.
LINE = CrossingLine((0.0, 500.0), (1000.0, 500.0))


def at(x: float, y: float) -> Quad:
    return Quad.from_box(x - 40, y - 10, x + 40, y + 10)


def drive(estimator: DirectionEstimator, places: list[tuple[float, float]]) -> Direction | None:
    result = None
    for step, (x, y) in enumerate(places):
        result = estimator.update(1, at(x, y), time=step / 10)
    return result


def test_crossing_a_line_gives_the_direction() -> None:
    down = [(500.0, 400.0 + 10 * step) for step in range(20)]
    assert drive(DirectionEstimator(LINE), down) is Direction.IN
    assert drive(DirectionEstimator(LINE), down[::-1]) is Direction.OUT
    assert drive(DirectionEstimator(LINE), down[:8]) is None


def test_passing_beside_the_line_is_no_crossing() -> None:
    beside = [(1500.0, 400.0 + 10 * step) for step in range(20)]
    assert drive(DirectionEstimator(LINE), beside) is None


def test_turning_back_gives_the_last_direction() -> None:
    there = [(500.0, 400.0 + 10 * step) for step in range(20)]
    assert drive(DirectionEstimator(LINE), there + there[::-1]) is Direction.OUT


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=50))
def test_trembling_on_the_line_is_no_crossing(offsets: list[float]) -> None:
    # The hysteresis is half a plate height, 10 pixels to either side.
    estimator = DirectionEstimator(LINE)
    drive(estimator, [(500.0, 400.0)])
    for step, offset in enumerate(offsets):
        assert estimator.update(1, at(500, 500 + offset), time=step) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(50, 950), st.floats(0, 1000)), min_size=2, max_size=40))
def test_the_direction_agrees_with_the_sides(places: list[tuple[float, float]]) -> None:
    result = drive(DirectionEstimator(LINE), places)
    clear = [y > 500 for _, y in places if abs(y - 500) > 10]
    if result is Direction.IN:
        assert clear[-1]
        assert not all(clear)
    elif result is Direction.OUT:
        assert not clear[-1]
        assert any(clear)
    else:
        assert len(set(clear)) <= 1


def test_a_zone_is_entered_and_left() -> None:
    zone = EntryZone(((200, 200), (800, 200), (800, 800), (200, 800)))
    way = [(100.0 + 20 * step, 500.0) for step in range(20)]
    assert drive(DirectionEstimator(zone), way) is Direction.IN
    assert drive(DirectionEstimator(zone), way[::-1]) is Direction.OUT
    assert drive(DirectionEstimator(zone), way[10:]) is None, "it was in the zone from the start"


def track(number: int, y: float, *, state: TrackState, seen: bool) -> Track:
    quad = at(500, y)
    return Track(number, quad, state, 0, 0, 3, Detection(quad, 0.9) if seen else None)


def test_predicted_places_do_not_count() -> None:
    estimator = DirectionEstimator(LINE)
    estimator.observe([track(1, 400, state=TrackState.ACTIVE, seen=True)], time=0)
    estimator.observe([track(1, 600, state=TrackState.LOST, seen=False)], time=1)
    assert estimator.direction(1) is None
    estimator.observe([track(1, 600, state=TrackState.ACTIVE, seen=True)], time=2)
    assert estimator.direction(1) is Direction.IN


def test_old_tracks_and_restarts_are_forgotten() -> None:
    estimator = DirectionEstimator(LINE, keep=10)
    drive(estimator, [(500.0, 400.0), (500.0, 600.0)])
    assert estimator.direction(1) is Direction.IN
    estimator.observe([], time=20)
    assert estimator.direction(1) is None
    drive(estimator, [(500.0, 400.0), (500.0, 600.0)])
    estimator.reset()
    assert estimator.direction(1) is None


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ([(0, 0), (0, 0)], None),
        ([(0, 0), (math.inf, 0)], None),
        ([(0, 0)], None),
        (None, [(0, 0), (1, 1)]),
        (None, [(0, 0), (10, 10), (10, 0), (0, 10)]),
        (None, [(0, 0), (math.nan, 10), (10, 0)]),
        ([(0, 0), (1, 1)], [(0, 0), (10, 0), (10, 10)]),
    ],
)
def test_wrong_borders_are_refused(
    line: list[tuple[float, float]] | None, zone: list[tuple[float, float]] | None
) -> None:
    with pytest.raises(ConfigError):
        border_from_points(line, zone)


def test_no_border_is_none() -> None:
    assert border_from_points(None, None) is None
