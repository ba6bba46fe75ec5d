"""In or out: a track's way across a line or into a zone of the picture, with hysteresis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shapely import LineString, Polygon
from shapely import Point as ShapelyPoint

from lpr.errors import ConfigError
from lpr.geometry import Point, Quad
from lpr.types import Track, TrackState


class Direction(StrEnum):
    """Which way a vehicle goes through a gate."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class CrossingLine:
    """A line across the lane. Crossing it to its right-hand side is `in`.

    The right-hand side is the one on the right of somebody who walks from `start` to `end` on the
    picture: a line drawn from left to right is entered downwards, towards the camera.

    Attributes:
        start: first end, frame pixels.
        end: second end, frame pixels.
    """

    start: Point
    end: Point

    def __post_init__(self) -> None:
        """Check the line.

        Raises:
            ConfigError: the ends are the same point or not finite.
        """
        if not all(map(math.isfinite, (*self.start, *self.end))) or self.start == self.end:
            raise ConfigError("a crossing line needs two different points")

    def distance(self, point: Point) -> float:
        """Signed distance in pixels from the endless line, positive on the right-hand side."""
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        cross = dx * (point[1] - self.start[1]) - dy * (point[0] - self.start[0])
        return cross / math.hypot(dx, dy)

    def crossed(self, before: Point, after: Point) -> bool:
        """Whether the way from one point to another cuts the line between its ends."""
        return bool(LineString([before, after]).intersects(LineString([self.start, self.end])))


@dataclass(frozen=True, slots=True)
class EntryZone:
    """An area of the picture. Coming into it is `in`, leaving it is `out`.

    Attributes:
        corners: three or more corners, frame pixels, in order.
    """

    corners: tuple[Point, ...]

    def __post_init__(self) -> None:
        """Check the zone.

        Raises:
            ConfigError: it is no simple polygon with an area.
        """
        finite = all(math.isfinite(value) for corner in self.corners for value in corner)
        if len(self.corners) < 3 or not finite or not self._polygon().is_valid:
            raise ConfigError("a zone needs three or more corners and edges that do not cross")

    def distance(self, point: Point) -> float:
        """Distance in pixels from the zone's edge, positive inside."""
        polygon, where = self._polygon(), ShapelyPoint(point)
        away = float(polygon.exterior.distance(where))
        return away if polygon.contains(where) else -away

    def crossed(self, before: Point, after: Point) -> bool:
        """Always: whoever changed sides of a closed edge has crossed it."""
        return before != after

    def _polygon(self) -> Polygon:
        return Polygon(self.corners)


@dataclass(slots=True)
class _Way:
    side: int
    point: Point
    direction: Direction | None
    time: float


class DirectionEstimator:
    """Follows the tracks of one camera across one border.

    A track has a side only where the centre of its plate is farther from the border than
    `hysteresis`; a plate that trembles on the border does not cross it again and again.

    Args:
        border: the line or zone.
        hysteresis: needed distance from the border in plate heights.
        keep: seconds for which a track that is no longer reported is remembered.
    """

    def __init__(
        self, border: CrossingLine | EntryZone, *, hysteresis: float = 0.5, keep: float = 60.0
    ) -> None:
        self._border = border
        self._hysteresis = hysteresis
        self._keep = keep
        self._ways: dict[int, _Way] = {}

    def observe(self, tracks: Iterable[Track], *, time: float) -> None:
        """Take the tracks of one frame at media second `time`; predicted places do not count."""
        for track in tracks:
            if track.detection is not None and track.state is not TrackState.ENDED:
                self.update(track.id, track.quad, time=time)
        self._forget(time)

    def update(self, track_id: int, quad: Quad, *, time: float) -> Direction | None:
        """Take one measured place of a track.

        Returns:
            The latest direction in which it crossed the border; None while it has not.
        """
        point = quad.center
        distance = self._border.distance(point)
        way = self._ways.get(track_id)
        if abs(distance) <= self._hysteresis * quad.height:
            if way is not None:
                way.time = time
            return way.direction if way is not None else None
        side = 1 if distance > 0 else -1
        if way is None:
            way = self._ways[track_id] = _Way(side, point, None, time)
        elif side != way.side and self._border.crossed(way.point, point):
            way.direction = Direction.IN if side > 0 else Direction.OUT
        way.side, way.point, way.time = side, point, time
        return way.direction

    def direction(self, track_id: int) -> Direction | None:
        """The latest direction in which a track crossed the border; None where it did not."""
        way = self._ways.get(track_id)
        return way.direction if way is not None else None

    def reset(self) -> None:
        """Forget every track, as after a restart of the camera (track ids begin anew)."""
        self._ways.clear()

    def _forget(self, time: float) -> None:
        old = [track for track, way in self._ways.items() if time - way.time > self._keep]
        for track in old:
            del self._ways[track]


def border_from_points(
    line: Sequence[Point] | None, zone: Sequence[Point] | None
) -> CrossingLine | EntryZone | None:
    """Build the border of a camera from its settings; None where it has none.

    Raises:
        ConfigError: both are given, or the points are wrong.
    """
    if line is not None and zone is not None:
        raise ConfigError("give a camera a line or a zone, not both")
    if line is not None:
        if len(line) != 2:
            raise ConfigError("a crossing line needs two points")
        return CrossingLine(line[0], line[1])
    return EntryZone(tuple(zone)) if zone is not None else None
