"""What moves in the picture: tells plates on vehicles from text that is burnt into the video."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from lpr.geometry import Point, Quad

_STEP: Final = 0.5
_STILL_TRAVEL: Final = 0.15
_STILL_GROWTH: Final = 0.05
_FIXED_GROWTH: Final = 0.15
_LEVEL: Final = 0.025
_OTHERS_MOVED: Final = 1.0
_LATE: Final = 1.0
_RECENT: Final = 10.0
_UNWATCHED: Final = 0.75
"""Seconds without a frame in which a vehicle may have come and stopped."""
_STOP: Final = 1.0
"""Seconds at one place that make a stop of a plate that has moved."""
_SAME_STOP: Final = 0.75
"""Widths within which two vehicles stop at one place."""
_AS_LARGE: Final = 0.25
_MOST_STOPS: Final = 64


class SceneMotion:
    """How far plates have moved in the whole picture, and where they stopped.

    Attributes:
        travel: plate widths since the beginning.
    """

    def __init__(self) -> None:
        self.travel = 0.0
        self._started = self._seen = -math.inf
        self._latest: deque[tuple[float, float]] = deque()
        self._stops: deque[tuple[Point, float]] = deque(maxlen=_MOST_STOPS)

    def frame(self, time: float) -> None:
        """A frame was seen at media second `time`."""
        if time - self._seen > _UNWATCHED:
            self._started = time
        self._seen = time

    def watched(self, time: float) -> float:
        """For how many seconds up to a media second frames came without a gap."""
        return time - self._started if time - self._seen <= _UNWATCHED else 0.0

    def add(self, moved: float, time: float) -> None:
        """A plate moved by `moved` of its widths, up to media second `time`."""
        self.travel += moved
        self._latest.append((time, moved))
        self._forget(time)

    def add_stop(self, place: Point, width: float) -> None:
        """A plate of this width that had moved stopped at a place."""
        self._stops.append((place, width))

    def is_stop(self, place: Point, width: float) -> bool:
        """Whether a plate as large as this one stopped at its place."""
        return any(
            math.dist(place, stop) <= _SAME_STOP * width
            and abs(math.log(width / stop_width)) <= _AS_LARGE
            for stop, stop_width in self._stops
        )

    def recent(self, time: float) -> float:
        """How far plates moved in the ten seconds before a media second, plate widths."""
        self._forget(time)
        return sum(moved for _, moved in self._latest)

    def _forget(self, time: float) -> None:
        while self._latest and self._latest[0][0] < time - _RECENT:
            self._latest.popleft()


class Stillness:
    """Whether one plate has ever moved, and what moved around it.

    Args:
        quad: where it was first seen, frame pixels.
        time: when, media seconds.
        scene: what moves in the picture.
        expected: whether a vehicle was expected there, whose track went on with it.

    Attributes:
        first_quad: where it was first seen.
    """

    def __init__(
        self, quad: Quad, time: float, scene: SceneMotion, *, expected: bool = False
    ) -> None:
        self.first_quad = quad
        self._scene = scene
        # In a busy picture vehicles come into view moving; in an idle one they may have stood.
        late = scene.watched(time) > _LATE
        self._out_of_nothing = late and scene.recent(time) >= _OTHERS_MOVED
        self._scene_at_start = scene.travel
        self._origin = self._anchor = quad.center
        self._width = max(1.0, quad.width)
        # The next vehicle stands where the last one stood; text in the video would hide both.
        self._expected = expected or scene.is_stop(quad.center, self._width)
        self._anchored = time
        self._looks = 0
        self._slant = 0.0
        self._travel = 0.0
        self._growth = 0.0

    def update(self, center: Point, width: float, slant: float, time: float) -> None:
        """Take the plate's centre and width in this frame, pixels, and its slant, radians."""
        self._looks += 1
        self._slant += slant
        self._travel = max(self._travel, math.dist(center, self._origin) / self._width)
        self._growth = max(self._growth, abs(math.log(width / self._width)))
        moved = math.dist(center, self._anchor) / width
        if moved >= _STEP:
            self._anchor, self._anchored = center, time
            self._scene.add(moved, time)
        elif time - self._anchored >= _STOP:
            self._anchored = math.inf
            if math.dist(center, self._origin) >= _STEP * width:
                self._scene.add_stop(center, width)

    @property
    def travel(self) -> float:
        """Farthest distance from where it was first seen, plate widths."""
        return self._travel

    @property
    def still(self) -> bool:
        """Whether it stands exactly level and has never moved nor grown, as burnt-in text does.

        So does a parked car seen straight on: for it this only means a later verdict, unless others
        move.
        """
        level = abs(self._slant) < _LEVEL * max(1, self._looks)
        return level and self.unmoved and self._growth < _STILL_GROWTH

    @property
    def unmoved(self) -> bool:
        """Whether it has never moved nor grown by more than finds of a fixed thing differ."""
        return self._travel < _STILL_TRAVEL and self._growth < _FIXED_GROWTH

    @property
    def burnt_in(self) -> bool:
        """Whether it is more likely text in the video than a plate.

        It is still, and others moved meanwhile; or it came out of nothing in a picture in which
        others had just moved, at a place where no vehicle has stopped before.
        """
        if self._expected or not self.still:
            return False
        meanwhile = self._scene.travel - self._scene_at_start
        return meanwhile >= _OTHERS_MOVED or self._out_of_nothing
