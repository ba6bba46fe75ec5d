"""Parts of pictures on canvases, and back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.detect.maps import Candidates
from lpr.detect.views import (
    joined,
    native_view,
    quarter_size,
    scaled_view,
    tile_grid,
    to_picture,
    whole_view,
)
from lpr.imaging import Placement, compose

WIDTH, HEIGHT = 640, 384


def _found(quad: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Candidates:
    score = np.array([0.9], np.float32)
    return Candidates(quad[None].astype(np.float32), score, score * 0)


def _forward(
    placed: Placement, quad: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    scale = np.array([placed.scale_x, placed.scale_y])
    moved = (quad - np.array(placed.source[:2])) * scale + np.array([placed.x, placed.y])
    return np.asarray(moved, np.float32)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_whole_views_lie_on_the_canvas_and_cover_the_picture(columns: int, rows: int) -> None:
    view = whole_view(columns, rows, WIDTH, HEIGHT)
    covered = np.zeros(rows, bool)
    for placed in view:
        left, top, right, bottom = placed.source
        assert (left, right) == (0, columns)
        covered[top:bottom] = True
        assert placed.x >= 0
        assert placed.y >= 0
        assert placed.x + placed.width <= WIDTH
        assert placed.y + placed.height <= HEIGHT
    assert covered.all()


def test_wide_pictures_are_not_folded_and_tall_ones_are() -> None:
    assert len(whole_view(1920, 1080, WIDTH, HEIGHT)) == 1
    tall = whole_view(1080, 1920, WIDTH, HEIGHT)
    assert len(tall) == 2
    assert tall[0].scale_x > 1.3 * HEIGHT / 1920
    assert tall[0].source[3] > tall[1].source[1]


@pytest.mark.parametrize(("columns", "rows"), [(1920, 1080), (1080, 1920), (640, 640), (300, 200)])
def test_quads_come_back_where_they_were(columns: int, rows: int) -> None:
    view = whole_view(columns, rows, WIDTH, HEIGHT)
    quad = np.array([[0.45, 0.45], [0.55, 0.45], [0.55, 0.48], [0.45, 0.48]]) * [columns, rows]
    found = to_picture(_found(_forward(view[0], quad.astype(np.float32))), view, columns, rows)
    np.testing.assert_allclose(found.quads[0], quad, atol=0.01 * columns)


def test_plates_cut_by_a_tile_are_dropped_but_not_at_the_picture_rim() -> None:
    placed = Placement((100, 0, 740, 384), 0, 0, 640, 384)
    quad = np.array([[0, 100], [40, 100], [40, 115], [0, 115]], np.float32)
    assert len(to_picture(_found(quad), (placed,), 1920, 384)) == 0
    rim = Placement((0, 0, 640, 384), 0, 0, 640, 384)
    assert len(to_picture(_found(quad), (rim,), 1920, 384)) == 1


def test_finds_in_the_grey_are_dropped() -> None:
    placed = Placement((0, 0, 100, 100), 0, 0, 100, 100)
    quad = np.array([[300, 100], [340, 100], [340, 115], [300, 115]], np.float32)
    assert len(to_picture(_found(quad), (placed,), 100, 100)) == 0


@given(st.integers(1, 6000), st.integers(1, 6000))
def test_tiles_cover_the_picture_and_overlap(columns: int, rows: int) -> None:
    tiles = tile_grid(columns, rows, WIDTH, HEIGHT)
    xs = sorted({(left, right) for left, _, right, _ in tiles})
    ys = sorted({(top, bottom) for _, top, _, bottom in tiles})
    for spans, total, size in ((xs, columns, WIDTH), (ys, rows, HEIGHT)):
        assert spans[0][0] == 0
        assert spans[-1][1] == total
        assert all(end - start <= size for start, end in spans)
        for (_, end), (start, _) in pairwise(spans):
            assert start < end
    assert len(tiles) == len(xs) * len(ys)


def test_four_native_regions_fit_one_canvas_apart_from_each_other() -> None:
    wide, high = quarter_size(WIDTH, HEIGHT)
    view = native_view([(i * 400, 0, i * 400 + wide, high) for i in range(4)], WIDTH, HEIGHT)
    canvas = np.zeros((HEIGHT, WIDTH), int)
    for placed in view:
        assert placed.scale_x == placed.scale_y == 1.0
        canvas[placed.y : placed.y + placed.height, placed.x : placed.x + placed.width] += 1
    assert canvas.max() == 1


def test_scaled_views_never_enlarge() -> None:
    (small,) = scaled_view((0, 0, 100, 50), WIDTH, HEIGHT)
    assert (small.width, small.height) == (100, 50)
    (large,) = scaled_view((0, 0, 1280, 768), WIDTH, HEIGHT)
    assert (large.width, large.height) == (WIDTH, HEIGHT)


def test_compose_puts_the_pixels_where_the_placement_says() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 80:120] = 255
    canvas = compose(image, (Placement((0, 0, 200, 100), 50, 30, 400, 200),), WIDTH, HEIGHT)
    assert canvas.shape == (HEIGHT, WIDTH, 3)
    assert canvas[30 + 100, 50 + 200].tolist() == [255, 255, 255]
    assert canvas[30 + 10, 50 + 10].tolist() == [0, 0, 0]
    assert canvas[0, 0].tolist() == [114, 114, 114]


def test_joined_lists_are_best_first() -> None:
    quad = np.zeros((1, 4, 2), np.float32)
    parts = [
        Candidates(quad, np.array([s], np.float32), np.zeros(1, np.float32)) for s in (0.2, 0.8)
    ]
    assert joined(parts).scores.tolist() == pytest.approx([0.8, 0.2])
