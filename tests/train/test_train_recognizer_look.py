"""Measuring the text of a real plate."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lpr.train.recognizer_look import plate_look, stroke_width, text_slope
from tests.train.drawn_bars import BOTTOM, TOP, askew, bars


@pytest.mark.parametrize(("ink", "ground"), [(220, 60), (40, 200)])
def test_the_look_of_a_plate_is_measured(ink: int, ground: int) -> None:
    look = plate_look(bars("皖A12345", ink, ground))
    assert look is not None
    assert look.ink == pytest.approx(ink, abs=3)
    assert look.usual_ground == pytest.approx(ground, abs=3)
    assert (look.top, look.bottom) == (TOP, BOTTOM)
    assert look.blur < 1
    assert look.stroke == pytest.approx(11 / (BOTTOM - TOP), abs=0.03)


@pytest.mark.parametrize(("ink", "ground"), [(220, 60), (40, 200)])
def test_strokes_that_bloom_are_still_the_ink(ink: int, ground: int) -> None:
    """They cover more than half of the row then."""
    cells = bars("皖A12345", ink, ground)
    usual = cells.patch[TOP:BOTTOM] == ink
    wide = np.asarray(cv2.dilate(usual.astype(np.uint8), np.ones((1, 7), np.uint8)), np.bool_)
    cells.patch[TOP:BOTTOM][wide] = ink
    text = cells.patch[TOP:BOTTOM, cells.cuts[1] : cells.cuts[-1]]
    assert (text == ink).mean() > 0.5
    look = plate_look(cells)
    assert look is not None
    assert look.ink == pytest.approx(ink, abs=3)
    assert look.usual_ground == pytest.approx(ground, abs=3)


def test_characters_that_stand_askew_have_no_look() -> None:
    assert plate_look(askew(bars("皖A12345", 220, 60), 0.08)) is None


@pytest.mark.parametrize("slope", [-0.1, 0.0, 0.06])
def test_the_slope_of_a_text_is_measured(slope: float) -> None:
    assert text_slope(askew(bars("A12345", 220, 60), slope)) == pytest.approx(slope, abs=0.01)


def test_strokes_are_as_wide_as_their_runs() -> None:
    marked = np.zeros((20, 60), np.bool_)
    marked[:, 5:9] = marked[:, 30:34] = marked[4:8] = True
    assert stroke_width(marked) == 4
