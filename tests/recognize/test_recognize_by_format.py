"""Plate formats settle the doubtful characters of one reading."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.formats.prior import FormatPrior
from lpr.recognize.by_format import prefer_formats
from lpr.types import CharCandidates, Reading


def _reading(*places: dict[str, float], confidence: float = 0.5) -> Reading:
    alternatives = tuple(CharCandidates(tuple(one), tuple(one.values())) for one in places)
    return Reading(
        "".join(one.chars[0] for one in alternatives),
        tuple(one.probs[0] for one in alternatives),
        alternatives,
        confidence,
    )


def _sure(text: str) -> list[dict[str, float]]:
    return [{char: 0.99} for char in text]


def test_a_zero_among_letters_becomes_the_letter() -> None:
    reading = _reading(
        {"A": 0.99}, {"B": 0.98}, *_sure("51"), *_sure("X"), {"0": 0.55, "O": 0.44}, {"Y": 0.99}
    )
    settled = prefer_formats(reading, FormatPrior(("GB",)))[0]
    assert settled.text == "AB51XOY"
    assert settled.char_scores[5] == 0.44
    assert settled.alternatives[5].chars == ("O", "0")
    assert settled.confidence > 0.4


def test_what_was_read_clearly_is_never_overruled() -> None:
    reading = _reading(*_sure("AB51X"), {"0": 0.995, "O": 0.004}, {"Y": 0.99}, confidence=0.9)
    assert prefer_formats(reading, FormatPrior(("GB",)))[0].text == "AB51X0Y"


def test_nothing_read_stays_nothing() -> None:
    reading = _reading()
    assert prefer_formats(reading, FormatPrior(("GB",)))[0] is reading


def test_without_a_preference_text_and_confidence_stay() -> None:
    reading = _reading({"A": 0.9}, {"1": 0.8}, confidence=0.7)
    settled = prefer_formats(reading, lambda _: (None, 0.0))[0]
    assert settled.text == "A1"
    assert settled.confidence == pytest.approx(0.7)


@given(
    st.lists(
        st.tuples(st.sampled_from("0OI1B8"), st.sampled_from("ACDEF"), st.floats(0.5, 0.99)),
        min_size=1,
        max_size=9,
    ),
    st.floats(0, 1),
    st.floats(-3, 3),
)
def test_probabilities_stay_probabilities(
    places: list[tuple[str, str, float]], confidence: float, ratio: float
) -> None:
    reading = _reading(
        *({first: score, second: 1 - score} for first, second, score in places),
        confidence=confidence,
    )
    settled, chances = prefer_formats(
        reading, lambda text: (None, ratio * math.sin(hash(text) % 7))
    )
    assert chances[settled.text] == settled.confidence == max(chances.values())
    assert sum(chances.values()) <= 1 + 1e-9
    assert len(settled.text) == len(reading.text)
    assert 0 <= settled.confidence <= 1
    assert all(
        char in one.chars for char, one in zip(settled.text, reading.alternatives, strict=True)
    )
