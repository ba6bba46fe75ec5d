"""The shipped corner refiner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.detect.corners import (
    AROUND_X,
    AROUND_Y,
    HEIGHT,
    WIDTH,
    CornerRefiner,
    RefinedDetector,
    RefiningRectifier,
    nominal_corners,
)
from lpr.errors import ModelIntegrityError
from lpr.geometry import Quad
from lpr.imaging import PerspectiveRectifier
from lpr.registry import DEFAULT_CORNERS, DEFAULT_DETECTOR, find_model
from lpr.synth.fonts import FontBook
from lpr.synth.scene import paint_background, render_scene
from lpr.types import Detection, Image, Track


@pytest.fixture(scope="module")
def refiner() -> CornerRefiner:
    return CornerRefiner(find_model(DEFAULT_CORNERS))


def _error(quad: Quad, truth: Quad) -> float:
    apart = np.array(quad.points) - np.array(truth.points)
    return float(np.linalg.norm(apart, axis=1).mean()) / truth.width


def test_rough_quads_of_rendered_plates_come_nearer(refiner: CornerRefiner) -> None:
    fonts = FontBook()
    before, after = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        scene = render_scene(
            paint_background(1280, 720, rng), rng, fonts, count=2, widths=(90.0, 300.0)
        )
        for plate in scene.plates:
            rough = Quad.from_box(*plate.quad.box).expanded(0.08, 0.12)
            before.append(_error(rough, plate.quad))
            after.append(_error(refiner.refine(scene.image, rough), plate.quad))
    assert len(after) >= 12
    assert np.median(after) < 0.5 * np.median(before)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-50, 250), min_size=8, max_size=8),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_any_quad_and_picture_gives_a_quad(
    refiner: CornerRefiner, numbers: list[float], rows: int, columns: int
) -> None:
    image = np.full((rows, columns, 3), 90, np.uint8)
    quad = Quad.from_points([numbers[i : i + 2] for i in range(0, 8, 2)])
    refined = refiner.refine(image, quad)
    assert np.isfinite(np.array(refined.points)).all()
    assert refined == quad or refined.is_convex


def test_the_rectifier_tells_which_corners_it_cut_by(refiner: CornerRefiner) -> None:
    rng = np.random.default_rng(5)
    scene = render_scene(paint_background(640, 384, rng), rng, FontBook(), count=1)
    rough = scene.plates[0].quad.expanded(0.1, 0.1)
    crop = RefiningRectifier(refiner, PerspectiveRectifier(160, 48)).rectify(scene.image, rough)
    assert crop.image.shape == (48, 160, 3)
    assert crop.quad == refiner.refine(scene.image, rough)


def test_a_detector_is_no_refiner() -> None:
    with pytest.raises(ModelIntegrityError, match="is a detector; a corner refiner is needed"):
        CornerRefiner(find_model(DEFAULT_DETECTOR))


class _Fixed:
    """A detector that always gives the same quads."""

    def __init__(self, *quads: Quad) -> None:
        self._quads = quads

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        return tuple(Detection(quad, 0.9) for quad in self._quads)


def test_a_closer_look_counts_where_it_sees_the_same_plate(refiner: CornerRefiner) -> None:
    rng = np.random.default_rng(5)
    scene = render_scene(paint_background(640, 384, rng), rng, FontBook(), count=1)
    truth = scene.plates[0].quad
    rough = truth.shifted(0.06 * truth.width, 0).expanded(0.1, 0.1)
    left, top, _, _ = rough.expanded(AROUND_X, AROUND_Y).box
    exact = truth.shifted(-max(0, int(left)), -max(0, int(top)))
    [plain] = RefinedDetector(_Fixed(rough), refiner).detect(scene.image)
    [closer] = RefinedDetector(_Fixed(rough), refiner, _Fixed(exact)).detect(scene.image)
    assert closer.quad == refiner.refine(scene.image, truth)
    other = _Fixed(truth.shifted(5000, 5000))
    [elsewhere] = RefinedDetector(_Fixed(rough), refiner, other).detect(scene.image)
    [nothing] = RefinedDetector(_Fixed(rough), refiner, _Fixed()).detect(scene.image)
    assert elsewhere == nothing == plain


def test_two_rough_quads_of_one_plate_become_one(refiner: CornerRefiner) -> None:
    rng = np.random.default_rng(5)
    scene = render_scene(paint_background(640, 384, rng), rng, FontBook(), count=1)
    truth = scene.plates[0].quad
    twice = _Fixed(truth.shifted(0.04 * truth.width, 0), truth.shifted(-0.04 * truth.width, 0))
    apart = _Fixed(truth, truth.shifted(3 * truth.width, 0))
    assert len(RefinedDetector(twice, refiner).detect(scene.image)) == 1
    assert len(RefinedDetector(apart, refiner).detect(scene.image)) == 2


def test_corners_beyond_the_horizon_leave_the_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    steep = Quad((100.0, 100.0), (300.0, 180.0), (300.0, 220.0), (100.0, 300.0))
    refiner = CornerRefiner(find_model(DEFAULT_CORNERS))
    image = np.full((400, 400, 3), 90, np.uint8)
    for far in np.linspace(-60, 60, 121):
        offsets = np.full((1, 8), far, np.float32)
        monkeypatch.setattr(refiner, "_session", _Answer(offsets))
        assert np.isfinite(np.array(refiner.refine(image, steep).points)).all()
    # A window whose right rim lies on the horizon, and an answer that puts the corners there.
    to_image = np.array([[1, 0, 0], [0, 1, 0], [-1 / WIDTH, 0, 1]])
    window = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    monkeypatch.setattr("lpr.detect.corners.cut_quad", lambda *_: (window, to_image))
    offsets = np.zeros((1, 8), np.float32)
    offsets[0, 0::2] = 1 - nominal_corners()[:, 0]
    monkeypatch.setattr(refiner, "_session", _Answer(offsets))
    assert refiner.refine(image, steep) == steep


class _Answer:
    """A network that always says the same."""

    def __init__(self, offsets: npt.NDArray[np.float32]) -> None:
        self._offsets = offsets

    def run(self, batch: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        return [self._offsets]
