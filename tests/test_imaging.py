from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.imaging import (
    PAD_GREY,
    Placement,
    compose,
    detector_input,
    letterbox,
    measure_quality,
    recognizer_input,
    rectify,
)
from lpr.types import Image

RNG_PICTURE = np.random.default_rng(5).integers(0, 256, (200, 160, 3), np.uint8)


def plate(width: int, height: int) -> Image:
    """A white plate with a black left half and a red right rim."""
    image = np.full((height, width, 3), 255, np.uint8)
    image[:, : width // 2] = 0
    image[:, -width // 8 :] = (0, 0, 255)
    return image


def test_letterbox_keeps_proportions_and_centres_on_grey() -> None:
    canvas = letterbox(np.full((20, 20, 3), 255, np.uint8), 64, 40)
    assert canvas.shape == (40, 64, 3)
    assert (canvas[:, 12:52] == 255).all()
    assert (canvas[:, :12] == PAD_GREY).all()
    assert (canvas[:, 52:] == PAD_GREY).all()
    image = plate(64, 40)
    assert letterbox(image, 64, 40) is image


def test_inputs_keep_channel_order_and_scale() -> None:
    image = np.zeros((4, 8, 3), np.uint8)
    image[..., 0], image[..., 2] = 255, 51
    blob = detector_input([image, image], 0.0, 1 / 255)
    assert blob.shape == (2, 3, 4, 8)
    assert blob.dtype == np.float32
    assert blob[0, :, 0, 0] == pytest.approx([1.0, 0.0, 0.2])
    grey = recognizer_input([image], 127.5, 1 / 127.5)
    assert grey.shape == (1, 1, 4, 8)
    assert -1 <= grey.min() <= grey.max() <= 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 6.0])
def test_rectify_undoes_perspective(scale: float) -> None:
    width, height = 160, 48
    source = plate(width * 2, height * 2)
    corners = np.array([[60, 40], [200, 70], [195, 120], [58, 85]], np.float32) * scale
    flat = np.array([[0, 0], [width * 2, 0], [width * 2, height * 2], [0, height * 2]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat - 0.5, corners - 0.5)
    size = (int(260 * scale), int(160 * scale))
    scene = np.asarray(
        cv2.warpPerspective(source, matrix, size, borderValue=(90, 90, 90)), np.uint8
    )
    crop = rectify(scene, Quad.from_points(corners.tolist()), width, height)
    assert crop.shape == (height, width, 3)
    inner = crop[8:-8]
    assert inner[:, 12:60].mean() < 40
    assert inner[:, 90:130].mean() > 215
    assert inner[:, 145:152, 2].mean() > 200
    assert inner[:, 145:152, 0].mean() < 90


@given(
    st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), min_size=4, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_rectify_never_fails_on_odd_quads(points: list[tuple[float, float]]) -> None:
    crop = rectify(plate(90, 50), Quad.from_points(points), 160, 48)
    assert crop.shape == (48, 160, 3)


def test_blur_lowers_sharpness_and_a_cut_plate_has_no_edge_room() -> None:
    rng = np.random.default_rng(0)
    columns = np.repeat(rng.integers(0, 2, 40) * 255, 4).astype(np.uint8)
    crisp = np.repeat(np.tile(columns, (48, 1))[..., None], 3, axis=2)
    quad = Quad.from_box(100, 50, 260, 98)
    blurred = np.asarray(cv2.GaussianBlur(crisp, (0, 0), 4), np.uint8)
    sharp_score = measure_quality(crisp, quad, 640, 360).sharpness
    assert sharp_score > 2 * measure_quality(blurred, quad, 640, 360).sharpness
    assert measure_quality(crisp, quad, 640, 360).edge == 1.0
    assert measure_quality(crisp, quad.shifted(-101, 0), 640, 360).edge == 0.0


@pytest.mark.parametrize(
    ("at", "edge", "edge_rows"),
    [((12, 100), 0.25, 1.0), ((468, 100), 0.25, 1.0), ((200, 12), 1.0, 0.25), ((9, 0), 0.1875, 0)],
)
def test_the_border_beside_the_text_and_the_one_above_are_told_apart(
    at: tuple[int, int], edge: float, edge_rows: float
) -> None:
    x, y = at
    level = Quad.from_box(x, y, x + 160, y + 48)
    quality = measure_quality(plate(160, 48), level, 640, 360)
    assert (quality.edge, quality.edge_rows) == pytest.approx((edge, edge_rows))
    (a, b, c, d) = level.points
    up = Quad(*((py, 640 - px) for px, py in (a, b, c, d)))
    turned = measure_quality(plate(160, 48), up, 360, 640)
    assert (turned.edge, turned.edge_rows) == pytest.approx((edge, edge_rows))


def test_a_plate_a_little_taller_than_wide_is_hardly_turned() -> None:
    crop = plate(160, 48)
    level, taller, edge_on = (
        measure_quality(crop, Quad.from_box(100, 50, 200, 50 + height), 640, 360).angle
        for height in (99, 102, 400)
    )
    assert level == 0.0
    assert taller < 0.05
    assert edge_on > 0.9


@pytest.mark.parametrize("quarter", [1, 3])
def test_a_plate_on_its_side_is_cut_as_sharply_as_a_level_one(quarter: int) -> None:
    """Which way it may be shrunk before depends on where its text runs, not on the picture."""
    rng = np.random.default_rng(2)
    scene = np.asarray(
        cv2.resize(rng.integers(0, 256, (60, 300), np.uint8), (300, 360), interpolation=0), np.uint8
    )
    scene = np.repeat(scene[..., None], 3, axis=2)
    corners = [(20.0, 30.0), (180.0, 30.0), (180.0, 330.0), (20.0, 330.0)]
    level = rectify(scene, Quad.from_points(corners), 160, 48)
    turned = np.asarray(np.rot90(scene, -quarter), np.uint8)
    if quarter == 1:
        moved = [(360 - y, x) for x, y in corners]
    else:
        moved = [(y, 300 - x) for x, y in corners]
    on_its_side = rectify(np.ascontiguousarray(turned), Quad(*moved), 160, 48)
    assert np.abs(on_its_side.astype(int) - level).mean() < 2


def test_the_detectors_input_is_that_of_opencv() -> None:
    canvases = [RNG_PICTURE[:96, :160], RNG_PICTURE[96:192, :160]]
    expected = cv2.dnn.blobFromImages(canvases, 1 / 127.5, mean=(127.5, 127.5, 127.5))
    planes = detector_input(canvases, 127.5, 1 / 127.5)
    assert planes == pytest.approx(expected, abs=1e-6)
    buffer = np.full((2, 96, 160, 3), np.nan, np.float32)
    pixels = detector_input(canvases, 127.5, 1 / 127.5, layout="nhwc", batch=buffer)
    assert pixels is buffer
    assert np.array_equal(pixels.transpose(0, 3, 1, 2), planes)


@pytest.mark.parametrize("high", [1, 7, 256])
def test_contrast_is_the_spread_of_percentiles(high: int) -> None:
    grey = np.random.default_rng(high).integers(0, high, (48, 160), np.uint8)
    crop = np.repeat(grey[:, :, None], 3, axis=2)
    low, top = np.percentile(grey, (5, 95))
    quality = measure_quality(crop, Quad.from_box(10, 10, 110, 40), 200, 100)
    assert quality.contrast == pytest.approx((top - low) / 255)
    assert quality.exposure == pytest.approx((top + low) / 510)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_a_part_is_averaged_into_its_place_and_nowhere_else(factor: int) -> None:
    picture = RNG_PICTURE[: 20 * factor, : 30 * factor]
    placed = Placement((0, 0, 30 * factor, 20 * factor), 5, 3, 30, 20)
    canvas = compose(picture, [placed], 40, 30)
    inside = canvas[3:23, 5:35].astype(np.float64)
    assert inside.mean() == pytest.approx(picture.mean(), abs=2)
    canvas[3:23, 5:35] = PAD_GREY
    assert (canvas == PAD_GREY).all()
