from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lpr.types import CharCandidates, CropQuality, Frame, Reading, StageTimings


def test_a_frame_is_read_only_and_contiguous() -> None:
    flipped = np.zeros((4, 6, 3), np.uint8)[:, ::-1]
    frame = Frame(flipped, 0, 0.0)
    assert frame.image.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("index", "time"),
    [(np.int64(3), np.float32(0.5)), (3, Fraction(1, 2)), (np.int32(3), Decimal("0.5"))],
)
def test_a_frames_numbers_are_plain_ones(index: Any, time: Any) -> None:
    """PyAV gives `pts * time_base` as a fraction; what is told later goes into JSON."""
    frame = Frame(np.zeros((4, 6, 3), np.uint8), index, time)
    assert (type(frame.index), type(frame.time)) == (int, float)
    assert (frame.index, frame.time) == (3, 0.5)
    with pytest.raises(TypeError):
        Frame(np.zeros((4, 6, 3), np.uint8), "3", time)  # type: ignore[arg-type]


def test_a_frame_leaves_the_callers_array_writable() -> None:
    own = np.zeros((4, 6, 3), np.uint8)
    Frame(own, 0, 0.0)
    own[0, 0, 0] = 1
    assert own[0, 0, 0] == 1


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((0, 6, 3), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        [[[0, 0, 0]]],
        None,
    ],
)
def test_other_pixels_are_refused(image: Any) -> None:
    with pytest.raises(ValueError, match="HxWx3 uint8 BGR"):
        Frame(image, 0, 0.0)


@pytest.mark.parametrize("time", [math.inf, -math.inf, math.nan])
def test_a_time_that_is_none_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="time must be finite"):
        Frame(np.zeros((4, 6, 3), np.uint8), 0, time)


def test_a_readings_scores_must_line_up_with_its_text() -> None:
    with pytest.raises(ValueError, match="line up"):
        Reading("AB", (0.9,), (CharCandidates(("A",), (0.9,)),), 0.9)


@pytest.mark.parametrize(
    ("text", "edge", "edge_rows", "cut"),
    [
        ("AB123CD", 0.14, 1.0, True),
        ("AB123CD", 0.16, 1.0, False),
        ("AB123CD", 1.0, 0.04, True),
        ("AB123CD", 1.0, 0.06, False),
        ("1234", 1.0, 0.49, True),
        ("1234", 1.0, 0.51, False),
        ("", 0.0, 1.0, True),
    ],
)
def test_what_the_border_may_hide_is_a_character_or_a_row(
    text: str, edge: float, edge_rows: float, cut: bool
) -> None:
    quality = CropQuality(100.0, 0.8, edge=edge, edge_rows=edge_rows)
    scores = (0.9,) * len(text)
    candidates = tuple(CharCandidates((char,), (0.9,)) for char in text)
    assert Reading(text, scores, candidates, 0.9, quality).may_be_cut is cut
    assert not Reading(text, scores, candidates, 0.9).may_be_cut, "a picture that is a plate"


def test_timings_add_up() -> None:
    assert StageTimings(1, 2, 3, 4, 5).total == 15
