"""Which detection may belong to which track, and at what cost.

Plates are small: between two frames of a slow camera they rarely overlap, so pairs are gated by the
distance from the expected place, in plate extents, widening with time unseen, and by the ratio of
sizes. Gated pairs cost the negative log likelihood of the innovation, lowered by overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lpr.geometry import Point, overlap
from lpr.track.motion import Measured, MotionModel
from lpr.track.options import TrackerOptions

Place = tuple[float, float, float]
"""Centre x, centre y and size of a detection, pixels."""

_GATE: Final = 3.5**2
"""Squared distance in spreads beyond which a place is not expected."""
_ALWAYS_NEAR: Final = 0.75
_MAX_SIZE_STEP: Final = 0.8
_SIZE_STEP: Final = 0.4
_SIZE_RATE: Final = 0.35
_SAME_SIZE: Final = 0.2
_JUMP: Final = 2.0
_HIDDEN: Final = 0.4
"""Seconds unseen from which on another plate may have come."""
_ON_ITS_WAY: Final = 1.0
_STANDING_PENALTY: Final = 1.0
_OVERLAP_BONUS: Final = 2.0


def within_reach(
    model: MotionModel, places: Sequence[Place], *, unseen: float, max_speed: float
) -> list[int]:
    """Numbers of the detections that may be in a track's gate: the cheap test before `pair_cost`.

    Args:
        model: the track's motion, predicted to now.
        places: centre and size of every detection.
        unseen: seconds since the track's last detection.
        max_speed: fastest plate that is followed, extents a second.
    """
    x, y, size = model.center_x.value, model.center_y.value, model.size
    old_x, old_y = model.seen_at
    reach = _ALWAYS_NEAR + max_speed * unseen
    near = []
    for number, (at_x, at_y, seen_size) in enumerate(places):
        limit = reach * (seen_size if seen_size > size else size)
        if (-limit <= at_x - x <= limit and -limit <= at_y - y <= limit) or (
            -limit <= at_x - old_x <= limit and -limit <= at_y - old_y <= limit
        ):
            near.append(number)
    return near


def pair_cost(
    model: MotionModel, seen: Measured, *, unseen: float, options: TrackerOptions
) -> tuple[float, bool] | None:
    """Cost of a detection continuing a track, None where it cannot.

    A track may go on as expected, or may have stopped where it was last seen (stop and go, and a
    stop while hidden). It does not turn back while it is hidden: there the next plate comes.

    Args:
        model: the track's motion, predicted to now.
        seen: the detection.
        unseen: seconds since the track's last detection.
        options: gates.

    Returns:
        The cost, lower is better, and whether the plate stopped.
    """
    scale = max(model.size, seen.size)
    # What stopped grows no more either: it is as large as it was when it was last seen.
    still = max(math.exp(model.seen_log_size), seen.size)
    expected = (model.center_x.value, model.center_y.value)
    away = math.dist(seen.center, expected)
    near = away <= scale * (_ALWAYS_NEAR + options.max_speed * unseen)
    stayed = math.dist(seen.center, model.seen_at) <= still * _ALWAYS_NEAR
    if not near and not stayed:
        return None
    moving = standing = None
    if near and not (unseen > _HIDDEN and _came_back(model, seen)):
        most = min(_MAX_SIZE_STEP, _SIZE_STEP + _SIZE_RATE * unseen)
        step = abs(seen.log_size - model.log_size.value)
        moving = _cost_at(model, seen, expected, scale, step, most, options)
    if stayed:
        step = abs(seen.log_size - model.seen_log_size)
        standing = _cost_at(model, seen, model.seen_at, still, step, _SIZE_STEP, options)
    if standing is not None:
        standing += _STANDING_PENALTY
    stopped = standing is not None and (moving is None or standing < moving)
    cost = standing if stopped else moving
    if cost is None:
        return None
    if away < scale:
        cost -= _OVERLAP_BONUS * overlap(seen.box, model.box)
    return cost, stopped


def may_have_jumped(model: MotionModel, seen: Measured) -> bool:
    """Whether a detection may be a track's plate after a jump: near, and of the same size."""
    return (
        math.dist(seen.center, model.seen_at) <= _JUMP * seen.size
        and abs(seen.log_size - model.log_size.value) <= _SAME_SIZE
    )


def _came_back(model: MotionModel, seen: Measured) -> bool:
    """Whether a place lies clearly behind where a plate that was on its way was last seen."""
    old_x, old_y = model.seen_at
    dx, dy = model.center_x.value - old_x, model.center_y.value - old_y
    way = math.hypot(dx, dy)
    along = (seen.center[0] - old_x) * dx + (seen.center[1] - old_y) * dy
    scale = max(math.exp(model.seen_log_size), seen.size)
    return way > _ON_ITS_WAY * scale and along < -_ALWAYS_NEAR * scale * way


def _cost_at(
    model: MotionModel,
    seen: Measured,
    center: Point,
    scale: float,
    step: float,
    most: float,
    options: TrackerOptions,
) -> float | None:
    """Cost of a place and of a step in size against those expected, None outside the gates."""
    place = _gaussian_cost(model, seen.center, center, scale, step) if step <= most else None
    if place is None:
        return None
    size_spread = 2 * options.size_noise**2 + model.log_size.variance
    return place + min(4.0, step * step / (2 * size_spread))


def _gaussian_cost(
    model: MotionModel, point: Point, center: Point, scale: float, step: float
) -> float | None:
    """Negative log likelihood of a place, None outside the gate."""
    dx, dy = point[0] - center[0], point[1] - center[1]
    noise = model.position_variance(scale)
    spread_x, spread_y = model.center_x.variance + noise, model.center_y.variance + noise
    squared = dx * dx / spread_x + dy * dy / spread_y
    if squared > _GATE:
        far = math.hypot(dx, dy) / (_ALWAYS_NEAR * scale)
        if far > 1 or step > _SAME_SIZE:
            return None
        # A shaken camera or a hard brake: possible, yet worse than any expected place.
        squared = _GATE * (1 + far) / 2
    log_spread = 0.5 * math.log(spread_x * spread_y) - 2 * math.log(scale)
    return squared / 2 + max(-4.0, log_spread) / 2
