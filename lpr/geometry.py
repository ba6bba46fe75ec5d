"""Points, quadrilaterals and their overlap: plain Python, no picture library.

All coordinates are frame pixels as floats, x to the right, y down; the centre of the top left
pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Quad:
    """A plate's four corners as its reader sees them: the text runs from left to right.

    Attributes:
        top_left: corner before the first character of the top row, frame pixels.
        top_right: corner behind the last character of the top row.
        bottom_right: corner behind the last character of the bottom row.
        bottom_left: corner before the first character of the bottom row.
    """

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @classmethod
    def from_points(cls, points: Sequence[Sequence[float]]) -> Quad:
        """Build from four (x, y) pairs: top left, top right, bottom right, bottom left.

        Raises:
            ValueError: not four finite pairs.
        """
        if len(points) != 4 or any(len(point) != 2 for point in points):
            raise ValueError("a quad needs four (x, y) points")
        corners = [(float(point[0]), float(point[1])) for point in points]
        if not all(math.isfinite(value) for corner in corners for value in corner):
            raise ValueError("a quad needs finite coordinates")
        return cls(*corners)

    @classmethod
    def from_box(cls, left: float, top: float, right: float, bottom: float) -> Quad:
        """Build the upright quad of a box."""
        return cls((left, top), (right, top), (right, bottom), (left, bottom))

    def along_text(self) -> Quad:
        """The same corners, begun at the text's top left where they are not.

        No plate is twice as high as wide: one whose first side is that short was labelled from
        another corner, as steep ones are. The text is taken to run to the right.
        """
        if 2 * self.width >= self.height:
            return self
        first, second, third, fourth = self.points
        onward = Quad(second, third, fourth, first)
        runs_right = onward.top_right[0] >= onward.top_left[0]
        return onward if runs_right else Quad(fourth, first, second, third)

    @property
    def points(self) -> tuple[Point, Point, Point, Point]:
        """The corners, clockwise from the top left."""
        return (self.top_left, self.top_right, self.bottom_right, self.bottom_left)

    @property
    def box(self) -> Box:
        """Left, top, right, bottom of the upright box around the quad."""
        (ax, ay), (bx, by) = self.top_left, self.top_right
        (cx, cy), (dx, dy) = self.bottom_right, self.bottom_left
        return min(ax, bx, cx, dx), min(ay, by, cy, dy), max(ax, bx, cx, dx), max(ay, by, cy, dy)

    @property
    def center(self) -> Point:
        """The mean of the corners."""
        (ax, ay), (bx, by) = self.top_left, self.top_right
        (cx, cy), (dx, dy) = self.bottom_right, self.bottom_left
        return (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4

    @property
    def width(self) -> float:
        """Mean length of the top and the bottom edge, pixels."""
        return (
            math.dist(self.top_left, self.top_right)
            + math.dist(self.bottom_left, self.bottom_right)
        ) / 2

    @property
    def height(self) -> float:
        """Mean length of the left and the right edge, pixels."""
        return (
            math.dist(self.top_left, self.bottom_left)
            + math.dist(self.top_right, self.bottom_right)
        ) / 2

    @property
    def area(self) -> float:
        """Enclosed area in square pixels (shoelace formula), never negative."""
        return abs(_signed_area(self.points))

    @property
    def is_convex(self) -> bool:
        """Whether the corners turn clockwise (on screen) at each of the four vertices."""
        corners = self.points
        return all(
            _cross(corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) > 0 for i in range(4)
        )

    @property
    def angle(self) -> float:
        """Direction of the text in radians: 0 is level, positive falls to the right."""
        left = (
            (self.top_left[0] + self.bottom_left[0]) / 2,
            (self.top_left[1] + self.bottom_left[1]) / 2,
        )
        right = (
            (self.top_right[0] + self.bottom_right[0]) / 2,
            (self.top_right[1] + self.bottom_right[1]) / 2,
        )
        return math.atan2(right[1] - left[1], right[0] - left[0])

    def shifted(self, dx: float, dy: float) -> Quad:
        """The same quad moved by (dx, dy) pixels."""
        return Quad(*((x + dx, y + dy) for x, y in self.points))

    def scaled(self, sx: float, sy: float) -> Quad:
        """The same quad in coordinates multiplied by (sx, sy)."""
        return Quad(*((x * sx, y * sy) for x, y in self.points))

    def expanded(self, fraction_x: float, fraction_y: float) -> Quad:
        """Grow about the centre along the plate's own axes by these fractions of its size."""
        tl, tr, br, bl = self.points
        return Quad(
            _extrapolate(tl, tr, bl, fraction_x, fraction_y),
            _extrapolate(tr, tl, br, fraction_x, fraction_y),
            _extrapolate(br, bl, tr, fraction_x, fraction_y),
            _extrapolate(bl, br, tl, fraction_x, fraction_y),
        )


def box_iou(a: Quad, b: Quad) -> float:
    """Intersection over union of the upright boxes around two quads, 0 to 1."""
    return overlap(a.box, b.box)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two upright boxes, 0 to 1."""
    ax0, ay0, ax1, ay1 = a
    bx0, by0, bx1, by1 = b
    inter = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - inter
    return inter / union if union > 0 else 0.0


def quad_iou(a: Quad, b: Quad) -> float:
    """Intersection over union of two convex quads, 0 to 1.

    The intersection is found by clipping one polygon at each edge of the other
    (Sutherland and Hodgman, "Reentrant polygon clipping", 1974).
    """
    clip = list(b.points) if _signed_area(b.points) > 0 else list(reversed(b.points))
    polygon: list[Point] = list(a.points)
    for i in range(4):
        if not polygon:
            return 0.0
        polygon = _clip(polygon, clip[i], clip[(i + 1) % 4])
    inter = abs(_signed_area(polygon)) if len(polygon) > 2 else 0.0
    union = a.area + b.area - inter
    return min(1.0, inter / union) if union > 0 else 0.0


def _signed_area(points: Sequence[Point]) -> float:
    count = len(points)
    return (
        sum(
            points[i][0] * points[(i + 1) % count][1] - points[(i + 1) % count][0] * points[i][1]
            for i in range(count)
        )
        / 2
    )


def _cross(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])


def _side(a: Point, b: Point, point: Point) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _clip(polygon: list[Point], a: Point, b: Point) -> list[Point]:
    """Keep the part of the polygon to the right (on screen) of the edge a -> b."""
    kept: list[Point] = []
    for i, current in enumerate(polygon):
        previous = polygon[i - 1]
        side_current, side_previous = _side(a, b, current), _side(a, b, previous)
        if (side_current >= 0) != (side_previous >= 0):
            share = side_previous / (side_previous - side_current)
            kept.append(
                (
                    previous[0] + share * (current[0] - previous[0]),
                    previous[1] + share * (current[1] - previous[1]),
                )
            )
        if side_current >= 0:
            kept.append(current)
    return kept


def _extrapolate(corner: Point, along: Point, across: Point, fx: float, fy: float) -> Point:
    return (
        corner[0] + (corner[0] - along[0]) * fx / 2 + (corner[0] - across[0]) * fy / 2,
        corner[1] + (corner[1] - along[1]) * fx / 2 + (corner[1] - across[1]) * fy / 2,
    )
