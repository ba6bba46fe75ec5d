from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.geometry import Quad, box_iou, quad_iou

coordinate = st.floats(-2000, 2000, allow_nan=False)
size = st.floats(1, 500, allow_nan=False)


@st.composite
def turned_quads(draw: st.DrawFn) -> Quad:
    x, y, width, height = draw(coordinate), draw(coordinate), draw(size), draw(size)
    angle = draw(st.floats(-0.7, 0.7))
    cos, sin = math.cos(angle), math.sin(angle)
    corners = [(-width, -height), (width, -height), (width, height), (-width, height)]
    return Quad.from_points(
        [(x + (a * cos - b * sin) / 2, y + (a * sin + b * cos) / 2) for a, b in corners]
    )


@given(turned_quads())
def test_a_quad_survives_the_trip_through_its_points(quad: Quad) -> None:
    assert Quad.from_points(quad.points) == quad


@given(turned_quads())
def test_a_quad_overlaps_itself_wholly_and_is_convex(quad: Quad) -> None:
    assert quad_iou(quad, quad) == pytest.approx(1.0, abs=1e-6)
    assert box_iou(quad, quad) == pytest.approx(1.0)
    assert quad.is_convex


@given(turned_quads(), turned_quads())
def test_overlap_is_symmetric_and_bounded(a: Quad, b: Quad) -> None:
    assert 0.0 <= quad_iou(a, b) <= 1.0
    assert quad_iou(a, b) == pytest.approx(quad_iou(b, a), abs=1e-6)


@given(turned_quads(), st.floats(0.1, 10), st.floats(0.1, 10))
def test_scaling_there_and_back_changes_nothing(quad: Quad, sx: float, sy: float) -> None:
    back = quad.scaled(sx, sy).scaled(1 / sx, 1 / sy)
    for one, other in zip(quad.points, back.points, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-6)


@given(turned_quads(), st.floats(0, 1), st.floats(0, 1))
def test_growing_keeps_the_centre_and_scales_the_sides(quad: Quad, fx: float, fy: float) -> None:
    grown = quad.expanded(fx, fy)
    assert grown.center == pytest.approx(quad.center, abs=1e-6)
    assert grown.width == pytest.approx(quad.width * (1 + fx), rel=1e-6)
    assert grown.height == pytest.approx(quad.height * (1 + fy), rel=1e-6)


def test_known_overlap_of_two_boxes() -> None:
    a, b = Quad.from_box(0, 0, 2, 1), Quad.from_box(1, 0, 3, 1)
    assert quad_iou(a, b) == pytest.approx(1 / 3)
    assert box_iou(a, b) == pytest.approx(1 / 3)


def test_a_diamond_in_its_box_covers_half() -> None:
    diamond = Quad((1, 0), (2, 1), (1, 2), (0, 1))
    assert quad_iou(diamond, Quad.from_box(0, 0, 2, 2)) == pytest.approx(0.5)


def test_apart_quads_do_not_overlap() -> None:
    assert quad_iou(Quad.from_box(0, 0, 1, 1), Quad.from_box(5, 5, 6, 6)) == 0.0


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("degrees", [-48, 0, 48, 70])
def test_a_plate_labelled_from_another_corner_is_read_along_its_text(
    degrees: float, turn: int
) -> None:
    """Where the first side is short; which of the long ones is the top, the direction tells."""
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    corners = [(0, 0), (120, 0), (120, 30), (0, 30)]
    right = Quad.from_points([(300 + x * c - y * s, 300 + x * s + y * c) for x, y in corners])
    points = right.points[turn:] + right.points[:turn]
    found = Quad.from_points(points).along_text()
    assert found == (right if turn % 2 else Quad.from_points(points))


def test_a_folded_quad_is_not_convex() -> None:
    assert not Quad((0, 0), (10, 0), (0, 5), (10, 5)).is_convex


@pytest.mark.parametrize(
    "points", [[(0, 0)] * 3, [(0, 0, 1)] * 4, [(0, 0), (1, math.nan), (1, 1), (0, 1)]]
)
def test_bad_points_are_refused(points: list[tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="quad"):
        Quad.from_points(points)
