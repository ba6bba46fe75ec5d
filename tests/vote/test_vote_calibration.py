"""How far what was read may be believed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.types import CharCandidates, CropQuality, Reading
from lpr.vote import VoterOptions
from lpr.vote.ballot import Ballot, make_vote
from lpr.vote.calibration import calibrated, independence
from lpr.vote.prior import TextScorer, no_prior
from lpr.vote.weights import LookMemory, quality_weight, size_weight

TRUSTING = st.sampled_from([0.3, 0.5, 0.591, 0.8, 1.0])
NO_WORSE_THAN_CHANCE = 0.15
"""Below it a reading says so little of itself that the spread over places rounds it up."""


def look(confidence: float, width: float = 140.0, text: str = "AB123CD") -> Reading:
    score = confidence ** (1 / len(text))
    return Reading(
        text,
        (score,) * len(text),
        tuple(CharCandidates((char,), (score,)) for char in text),
        confidence,
        CropQuality(width, 0.8),
    )


def believed(readings: list[Reading], places: list[Quad], options: VoterOptions) -> float:
    """The probability of the leading text after these readings, weighed by quality and novelty.

    How far each believes itself is left out: it is the temperature that is looked at.
    """
    ballot, memory = Ballot(options, TextScorer(no_prior, options)), LookMemory(options)
    for reading, quad in zip(readings, places, strict=True):
        quality = quality_weight(reading.quality, score=0.9, lines=1, options=options)
        weight = quality * memory.novelty(reading, quad, quality)
        size = size_weight(reading.quality, 1, options)
        ballot.add(make_vote(reading, weight=weight, options=options, quality=quality, size=size))
    return ballot.tally().probability


def at(left: float, width: float = 140.0) -> Quad:
    return Quad.from_box(left, 50, left + width, 50 + width / 4)


@settings(max_examples=80, deadline=None)
@given(
    confidence=st.floats(NO_WORSE_THAN_CHANCE, 1.0),
    width=st.floats(30.0, 400.0),
    power=st.sampled_from([0.5, 0.7, 1.0]),
    temperature=TRUSTING,
)
def test_a_lone_reading_is_believed_no_more_than_it_believes_itself(
    confidence: float, width: float, power: float, temperature: float
) -> None:
    options = VoterOptions(temperature=temperature, quality_power=power)
    probability = believed([look(confidence, width)], [at(10.0, width)], options)
    assert probability <= confidence + 1e-6


@settings(max_examples=80, deadline=None)
@given(confidence=st.floats(NO_WORSE_THAN_CHANCE, 1.0), width=st.floats(30.0, 400.0))
def test_so_is_one_whose_weight_rises_with_its_confidence(confidence: float, width: float) -> None:
    options = VoterOptions()
    reading, quad = look(confidence, width), at(10.0, width)
    quality = quality_weight(reading.quality, score=1.0, lines=1, options=options)
    size = size_weight(reading.quality, 1, options)
    weight = LookMemory(options).weigh(reading, quad, quality, size)
    ballot = Ballot(options, TextScorer(no_prior, options))
    ballot.add(make_vote(reading, weight=weight, options=options, quality=quality, size=size))
    assert ballot.tally().probability <= confidence + 1e-6


@settings(max_examples=40, deadline=None)
@given(
    confidence=st.floats(0.05, 1.0),
    count=st.integers(2, 60),
    temperature=TRUSTING,
)
def test_a_low_temperature_makes_copies_no_surer(
    confidence: float, count: int, temperature: float
) -> None:
    """A plate that stands still shows one look, however often it is read."""
    readings, places = [look(confidence)] * count, [at(10.0)] * count
    plain = believed(readings, places, VoterOptions(temperature=1.0))
    trusting = believed(readings, places, VoterOptions(temperature=temperature))
    assert trusting == pytest.approx(plain, abs=1e-9)


def test_a_low_temperature_makes_looks_that_agree_surer() -> None:
    widths = [80.0, 110.0, 150.0]
    readings = [look(0.4, width) for width in widths]
    places = [at(300.0 * i, width) for i, width in enumerate(widths)]
    plain = believed(readings, places, VoterOptions(temperature=1.0))
    trusting = believed(readings, places, VoterOptions(temperature=0.6))
    assert 0.8 < plain < trusting < 0.99


@given(st.floats(0.04, 1.0), st.integers(1, 60), st.integers(2, 20))
def test_copies_are_one_look_and_two_independent_looks_are_two(
    weight: float, copies: int, looks: int
) -> None:
    assert independence(weight / n**2 for n in range(1, copies + 1)) == 0.0
    assert independence([weight] * looks) == pytest.approx(1.0)
    assert independence([]) == independence([0.0]) == 0.0
    assert 0.0 < independence([weight, 0.8 * weight]) < 1.0


@given(st.floats(-30.0, 30.0), st.floats(0.0, 1.0), st.floats(0.2, 5.0), st.floats(1e-3, 5.0))
def test_surer_evidence_is_never_believed_less(
    odds: float, independent: float, temperature: float, more: float
) -> None:
    told = calibrated(odds, independent, temperature)
    assert 0.0 <= told <= 1.0
    assert calibrated(odds + more, independent, temperature) >= told
    assert calibrated(0.0, independent, temperature) == 0.5


def test_a_temperature_above_one_is_careful_with_everything() -> None:
    for independent in (0.0, 0.5, 1.0):
        careful = calibrated(4.0, independent, 2.0)
        assert careful == pytest.approx(1 / (1 + math.exp(-2.0)))
