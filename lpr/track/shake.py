"""Movement of the whole picture: a pushed camera, a gust, a lorry passing the pole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lpr.geometry import Point
from lpr.track.motion import Measured, MotionModel

_MIN_SHARE: Final = 0.6
_AGREEMENT: Final = 0.3
_FELT: Final = 0.4
_REACH: Final = 4.0
_SAME_SIZE: Final = 0.3
_MOST_PAIRS: Final = 64


def common_shift(models: Sequence[MotionModel], seen: Sequence[Measured]) -> Point:
    """Shift in pixels that most plates share against where they were expected; (0, 0) if none.

    A shift needs the agreement of two plates at least, and of more than half of those followed; one
    plate that moves alone says nothing of the camera.

    Args:
        models: motion of the tracks seen in the latest frame, predicted to now.
        seen: this frame's detections.
    """
    if len(models) < 2 or len(seen) < 2 or not _disturbed(models, seen):
        return (0.0, 0.0)
    offsets = _offsets(models, seen)
    best: list[tuple[int, float, float, float]] = []
    for _, dx, dy, size in offsets[:_MOST_PAIRS]:
        near: dict[int, tuple[float, int, float, float, float]] = {}
        for number, other_x, other_y, other_size in offsets:
            distance = math.hypot(other_x - dx, other_y - dy)
            entry = (distance, number, other_x, other_y, other_size)
            if distance <= _AGREEMENT * min(size, other_size) and (
                number not in near or entry < near[number]
            ):
                near[number] = entry
        if len(near) > len(best):
            best = [entry[1:] for entry in near.values()]
    if len(best) < max(2, _MIN_SHARE * len(models)):
        return (0.0, 0.0)
    return (
        sum(entry[1] for entry in best) / len(best),
        sum(entry[2] for entry in best) / len(best),
    )


def _disturbed(models: Sequence[MotionModel], seen: Sequence[Measured]) -> bool:
    """Whether most plates are not where they were expected."""
    places = [one.center for one in seen]
    enough = max(2, _MIN_SHARE * len(models))
    met = 0
    for model in models:
        x, y, felt = model.center_x.value, model.center_y.value, _FELT * model.size
        for at_x, at_y in places:
            if -felt <= at_x - x <= felt and math.hypot(at_x - x, at_y - y) <= felt:
                met += 1
                # The others alone cannot be enough any more.
                if len(models) - met < enough:
                    return False
                break
    return len(models) - met >= enough


def _offsets(
    models: Sequence[MotionModel], seen: Sequence[Measured]
) -> list[tuple[int, float, float, float]]:
    found = []
    for number, model in enumerate(models):
        for one in seen:
            dx = one.center[0] - model.center_x.value
            dy = one.center[1] - model.center_y.value
            if (
                math.hypot(dx, dy) <= _REACH * one.size
                and abs(one.log_size - model.log_size.value) <= _SAME_SIZE
            ):
                found.append((number, dx, dy, model.size))
    return found
