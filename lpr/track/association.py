"""Which detection may belong to which track, and at what cost.

Plates are small: between two frames of a slow camera they rarely overlap, so pairs are gated by the
distance from the expected place, in plate extents, widening with time unseen, and by the ratio of
sizes. Gated pairs cost the negative log likelihood of the innovation, lowered by overlap.
"""

from __future__ import annotations

import math
from typing import Final

from lpr.geometry import Point, box_iou
from lpr.track.motion import Measured, MotionModel
from lpr.track.options import TrackerOptions

_GATE_SIGMAS: Final = 3.5
_ALWAYS_NEAR: Final = 0.75
_MAX_SIZE_STEP: Final = 0.8
_SIZE_STEP: Final = 0.4
_SIZE_RATE: Final = 0.35
_SAME_SIZE: Final = 0.2
_JUMP: Final = 2.0
_STANDING_PENALTY: Final = 1.0
_OVERLAP_BONUS: Final = 2.0


def pair_cost(
    model: MotionModel, seen: Measured, *, unseen: float, options: TrackerOptions
) -> tuple[float, bool] | None:
    """Cost of a detection continuing a track, None where it cannot.

    A track may go on as expected, or may have stopped where it was last seen (stop and go, and a
    stop while hidden).

    Args:
        model: the track's motion, predicted to now.
        seen: the detection.
        unseen: seconds since the track's last detection.
        options: gates.

    Returns:
        The cost, lower is better, and whether the plate stopped.
    """
    step = abs(seen.log_size - model.log_size.value)
    if step > min(_MAX_SIZE_STEP, _SIZE_STEP + _SIZE_RATE * unseen):
        return None
    size = model.size
    scale = max(size, seen.size)
    reach = scale * (_ALWAYS_NEAR + options.max_speed * unseen)
    expected = (model.center_x.value, model.center_y.value)
    away = math.dist(seen.center, expected)
    moving = None
    if away <= reach:
        moving = _gaussian_cost(model, seen.center, expected, scale, step)
    standing = None
    if math.dist(seen.center, model.seen_at) <= scale * _ALWAYS_NEAR:
        standing = _gaussian_cost(model, seen.center, model.seen_at, scale, step)
    if standing is not None:
        standing += _STANDING_PENALTY
    stopped = standing is not None and (moving is None or standing < moving)
    base = standing if stopped else moving
    if base is None:
        return None
    size_spread = 2 * options.size_noise**2 + model.log_size.variance
    cost = base + min(4.0, step * step / (2 * size_spread))
    if away < scale:
        cost -= _OVERLAP_BONUS * box_iou(seen.quad, model.quad)
    return cost, stopped


def may_have_jumped(model: MotionModel, seen: Measured) -> bool:
    """Whether a detection may be a track's plate after a jump: near, and of the same size."""
    return (
        math.dist(seen.center, model.seen_at) <= _JUMP * seen.size
        and abs(seen.log_size - model.log_size.value) <= _SAME_SIZE
    )


def _gaussian_cost(
    model: MotionModel, point: Point, center: Point, scale: float, step: float
) -> float | None:
    """Negative log likelihood of a place, None outside the gate."""
    dx, dy = point[0] - center[0], point[1] - center[1]
    noise = model.position_variance(scale)
    spread_x, spread_y = model.center_x.variance + noise, model.center_y.variance + noise
    squared = dx * dx / spread_x + dy * dy / spread_y
    if squared > _GATE_SIGMAS**2:
        far = math.hypot(dx, dy) / (_ALWAYS_NEAR * scale)
        if far > 1 or step > _SAME_SIZE:
            return None
        # A shaken camera or a hard brake: possible, yet worse than any expected place.
        squared = _GATE_SIGMAS**2 * (1 + far) / 2
    log_spread = 0.5 * math.log(spread_x * spread_y) - 2 * math.log(scale)
    return squared / 2 + max(-4.0, log_spread) / 2
