"""One quad per plate, and only plausible ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.detect.maps import Candidates
from lpr.detect.nms import COVER_LIMIT, IOU_LIMIT, plausible, seen_closely, suppress
from lpr.geometry import Quad, box_iou


def _candidates(boxes: list[tuple[float, float, float, float]], scores: list[float]) -> Candidates:
    quads = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in boxes]
    values = np.array(scores, np.float32)
    return Candidates(np.array(quads, np.float32).reshape(-1, 4, 2), values, values * 0)


def _one(points: list[list[float]]) -> Candidates:
    score = np.array([0.9], np.float32)
    return Candidates(np.array([points], np.float32), score, score * 0)


def test_a_plain_quad_is_plausible() -> None:
    assert len(plausible(_candidates([(10, 10, 60, 25)], [0.9]), 640, 384)) == 1


@pytest.mark.parametrize(
    "points",
    [
        [[10, 10], [60, 10], [20, 12], [10, 25]],  # a dent
        [[60, 10], [10, 10], [10, 25], [60, 25]],  # mirrored
        [[10, 10], [60, 25], [60, 10], [10, 25]],  # crossed
        [[10, 10], [60, 10], [60, 11], [10, 11]],  # a line
        [[700, 10], [760, 10], [760, 25], [700, 25]],  # outside
        [[0, 0], [300, 0], [300, 3], [0, 3]],  # far too long
        [[float("nan"), 10], [60, 10], [60, 25], [10, 25]],
        [[float("inf"), 10], [60, 10], [60, 25], [10, 25]],
    ],
)
def test_implausible_quads_are_dropped(points: list[list[float]]) -> None:
    assert len(plausible(_one(points), 640, 384)) == 0


def test_overlapping_candidates_become_one_with_averaged_corners() -> None:
    found = suppress(_candidates([(10, 10, 110, 40), (12, 10, 112, 40)], [0.8, 0.8]))
    assert len(found) == 1
    np.testing.assert_allclose(found.quads[0, 0], [11, 10], atol=1e-4)


def test_a_row_inside_a_plate_is_not_a_second_plate() -> None:
    found = suppress(_candidates([(10, 10, 110, 70), (12, 12, 108, 36)], [0.9, 0.8]))
    assert len(found) == 1


def test_neighbouring_plates_both_stay() -> None:
    found = suppress(_candidates([(10, 10, 110, 40), (112, 10, 212, 40)], [0.7, 0.6]))
    assert len(found) == 2


def _closely(
    found: tuple[float, float, float, float], plate: tuple[float, float, float, float], score: float
) -> int:
    """How many of one find stay, close up, beside a plate of a score."""
    return int(seen_closely(_candidates([found], [0.9]), _candidates([plate], [score]), 200).sum())


def test_a_piece_of_a_plate_is_no_plate() -> None:
    plate = (100.0, 100.0, 400.0, 200.0)
    assert _closely((250, 110, 390, 190), plate, 0.95) == 0
    assert _closely((110, 105, 395, 195), plate, 0.95) == 1, "the plate itself"
    assert _closely((500, 100, 600, 130), plate, 0.95) == 1, "another one"
    assert _closely((250, 110, 390, 190), plate, 0.5) == 1, "the plate is doubtful"


def test_a_large_find_close_up_needs_the_whole_picture() -> None:
    plate = (100.0, 100.0, 400.0, 200.0)
    assert _closely((500, 300, 760, 420), plate, 0.95) == 0, "a grille"
    assert _closely((500, 300, 690, 420), plate, 0.95) == 1
    assert _closely((90, 100, 390, 200), plate, 0.3) == 1
    grille, nothing = _candidates([(0, 0, 300, 90)], [0.9]), _candidates([], [])
    assert seen_closely(grille, nothing, 200).tolist() == [False]
    assert seen_closely(nothing, _candidates([plate], [0.9]), 200).tolist() == []


def test_no_candidates_give_no_quads() -> None:
    found = suppress(_candidates([], []))
    assert found.quads.shape == (0, 4, 2)


def test_the_number_of_quads_is_capped() -> None:
    boxes = [(i * 60.0, 0.0, i * 60.0 + 40, 12.0) for i in range(20)]
    assert len(suppress(_candidates(boxes, [0.9 - i * 0.01 for i in range(20)]), limit=5)) == 5


_BOX = st.tuples(
    st.floats(0, 500, width=32),
    st.floats(0, 300, width=32),
    st.floats(4, 100, width=32),
    st.floats(4, 60, width=32),
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@given(st.lists(_BOX, min_size=1, max_size=12))
def test_kept_candidates_do_not_overlap(boxes: list[tuple[float, float, float, float]]) -> None:
    scores = [0.9 - 0.01 * i for i in range(len(boxes))]
    candidates = _candidates(boxes, scores)
    found = suppress(candidates)
    assert len(found) >= 1
    assert list(found.scores) == sorted(found.scores, reverse=True)
    kept = [int(np.abs(np.array(scores) - s).argmin()) for s in found.scores]
    quads = [Quad.from_box(*boxes[i]) for i in kept]
    for i, first in enumerate(quads):
        for second in quads[i + 1 :]:
            assert box_iou(first, second) < IOU_LIMIT + 1e-4
    assert COVER_LIMIT < 1.0
