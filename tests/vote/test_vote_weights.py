"""How much a look counts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.types import CharCandidates, CropQuality, Reading
from lpr.vote import VoterOptions
from lpr.vote.weights import LookMemory, belief_weight, quality_weight, size_weight

OPTIONS = VoterOptions()
GOOD = CropQuality(width=120, sharpness=0.9, angle=0.1, contrast=0.8, edge=1.0)


def look(text: str = "AB123CD", score: float = 0.95) -> Reading:
    return Reading(
        text, (score,) * len(text), tuple(CharCandidates((c,), (score,)) for c in text), 0.8, GOOD
    )


def weight(quality: CropQuality | None, score: float = 0.9, lines: int = 1) -> float:
    return quality_weight(quality, score=score, lines=lines, options=OPTIONS)


@pytest.mark.parametrize(
    "worse",
    [
        {"width": 40.0},
        {"sharpness": 0.2},
        {"angle": 1.2},
        {"contrast": 0.1},
        {"edge": 0.0},
    ],
)
def test_each_defect_lowers_the_weight(worse: dict[str, float]) -> None:
    assert weight(replace(GOOD, **worse)) < weight(GOOD)


def test_a_doubtful_detection_lowers_the_weight() -> None:
    assert weight(GOOD, score=0.3) < weight(GOOD, score=0.9)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_reading_counts_the_more_the_more_it_believes_itself(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert belief_weight(low, OPTIONS) <= belief_weight(high, OPTIONS)
    assert belief_weight(0.0, OPTIONS) == OPTIONS.unsure_weight
    assert belief_weight(1.0, OPTIONS) == pytest.approx(OPTIONS.sure_weight)


def test_a_two_line_plate_of_the_same_width_shows_larger_characters() -> None:
    small = replace(GOOD, width=45.0)
    assert weight(small, lines=2) > weight(small, lines=1)


@given(
    width=st.floats(0, 2000),
    sharpness=st.floats(0, 1),
    angle=st.floats(0, math.pi / 2),
    contrast=st.floats(0, 1),
    edge=st.floats(0, 50),
    score=st.floats(0, 1),
)
def test_a_weight_is_above_zero_and_at_most_one(
    width: float, sharpness: float, angle: float, contrast: float, edge: float, score: float
) -> None:
    assert 0 < weight(CropQuality(width, sharpness, angle, contrast, edge), score) <= 1
    assert 0 < weight(None, score) <= 1


def place(x: float, width: float = 100.0) -> Quad:
    return Quad.from_box(x, 100, x + width, 100 + width / 4)


def test_copies_together_count_little_more_than_one() -> None:
    memory = LookMemory(OPTIONS)
    total = sum(memory.novelty(look(), place(100), 0.8) for _ in range(3600))
    assert 1.0 <= total < 1.7


def test_copies_are_no_news() -> None:
    still, driving = LookMemory(OPTIONS), LookMemory(OPTIONS)
    for i in range(12):
        still.novelty(look(), place(100), 0.8)
        driving.novelty(look(), place(100 + 80 * i, 40 * 1.42**i), 0.8)
    assert 1 <= still.news < 1.7
    assert driving.news > 11.5
    still.absorb(driving)
    assert still.news > 12.5


def test_looks_of_a_plate_that_grows_count_in_full() -> None:
    memory = LookMemory(OPTIONS)
    total = sum(memory.novelty(look(), place(100 + 80 * i, 40 * 1.42**i), 0.8) for i in range(6))
    assert total > 5.9


def test_looks_of_one_size_share_errors_wherever_they_are_taken() -> None:
    memory, mixed = LookMemory(OPTIONS), LookMemory(OPTIONS)
    total = sum(memory.novelty(look(), place(100 + 80 * i), 0.8) for i in range(40))
    assert 4 < total < 10
    # What differs is no copy: other errors, other news.
    first = mixed.novelty(look(), place(100), 0.8)
    assert mixed.novelty(look("AB128CD"), place(900), 0.8) == first


def test_a_better_look_from_the_same_place_is_news() -> None:
    memory, again = LookMemory(OPTIONS), LookMemory(OPTIONS)
    memory.novelty(look(), place(100), 0.2)
    again.novelty(look(), place(100), 0.8)
    assert memory.novelty(look(), place(100), 0.8) > 1.5 * again.novelty(look(), place(100), 0.8)


def test_another_text_from_the_same_place_is_news() -> None:
    memory, again = LookMemory(OPTIONS), LookMemory(OPTIONS)
    for one in (memory, again):
        one.novelty(look(), place(100), 0.8)
    assert memory.novelty(look("AB128CD"), place(100), 0.8) > again.novelty(look(), place(100), 0.8)


def test_even_flickering_readings_of_a_parked_car_are_bounded() -> None:
    memory = LookMemory(OPTIONS)
    total = sum(
        memory.novelty(look(("AB123CD", "AB128CD")[i % 2]), place(100), 0.8) for i in range(5000)
    )
    assert total < 4


def test_a_look_of_unknown_size_is_not_held_to_its_size() -> None:
    assert size_weight(None, 1, OPTIONS) == 1.0
    small, large = (CropQuality(width, 0.8) for width in (30.0, 400.0))
    assert size_weight(small, 1, OPTIONS) < size_weight(small, 2, OPTIONS) < 1.0
    assert size_weight(large, 1, OPTIONS) == 1.0
