from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.gate.confusion import LEAST_RATE, ConfusionMatrix, default_confusions
from lpr.gate.meant import meant_share

MATRIX = ConfusionMatrix(
    {"0": {"O": 0.1}, "8": {"O": 0.025}, "9": {"B": 0.01}},
    "a test",
    60_000,
    default_confusions().classes,
)


FEW = replace(MATRIX, looks=1000)


def digits(text: str) -> bool:
    return text.isdigit()


def test_the_share_is_that_of_all_plates_that_are_read_so() -> None:
    # Eight digits were never read as O: each counts as the least rate.
    share = meant_share("10", "1O", MATRIX, digits)
    assert share == pytest.approx(0.1 / (0.1 + 0.025 + 8 * 5e-5))


def test_what_fits_no_format_does_not_count() -> None:
    assert meant_share("10", "1O", MATRIX, lambda text: text == "10") == 1.0


def test_a_confusion_that_was_never_seen_proves_nothing() -> None:
    assert meant_share("17", "1S", MATRIX, digits) == pytest.approx(0.1)


def test_several_places_are_doubted_together() -> None:
    one, two = (meant_share(*pair, MATRIX, digits) for pair in (("10", "1O"), ("00", "OO")))
    assert one is not None
    assert two == pytest.approx(one * one)


def test_texts_of_other_lengths_and_too_many_doubts_mean_nothing() -> None:
    assert meant_share("100", "10", MATRIX, digits) == 0.0
    assert meant_share("0000", "OOOO", MATRIX, digits) is None


def test_few_looks_prove_less() -> None:
    # Three true characters in 1,000 looks: one look of an average one is 3 in 1,000.
    assert FEW.unseen_rate == pytest.approx(3e-3)
    share = meant_share("10", "1O", FEW, digits)
    assert share == pytest.approx(0.1 / (0.1 + 0.025 + 8 * 3e-3))
    assert replace(MATRIX, looks=10**9).unseen_rate == LEAST_RATE
    assert ConfusionMatrix({}, "none", 0, MATRIX.classes).unseen_rate == LEAST_RATE


@pytest.mark.parametrize("text", ["O", "I", "B", "X", "OI"])
def test_the_shares_of_all_possible_plates_add_up_to_one(text: str) -> None:
    plates = ("".join(chars) for chars in itertools.product("0123456789", repeat=len(text)))
    shares = [meant_share(plate, text, default_confusions(), digits) or 0.0 for plate in plates]
    assert min(shares) > 0.0
    assert sum(shares) == pytest.approx(1.0)


@given(st.text("01258OIZSB", min_size=1, max_size=2), st.text("01258OIZSB", min_size=1, max_size=2))
def test_only_the_plate_that_was_read_is_certain(plate: str, text: str) -> None:
    share = meant_share(plate, text, default_confusions(), str.isalnum)
    assert share is not None
    assert 0.0 <= share <= 1.0
    assert (share == 1.0) == (plate == text)
