from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError
from lpr.formats.confusables import READER_CLASSES, Confusables, collisions

TEXTS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=8)


def letters_digits(text: str) -> bool:
    """A format of two letters, three digits, two letters."""
    return len(text) == 7 and text[:2].isalpha() and text[2:5].isdigit() and text[5:].isalpha()


def test_folding_keeps_length_and_joins_classes() -> None:
    alike = Confusables(("0O", "8B"))
    assert alike.fold("AO8B0") == "A0880"
    assert alike.alike("O", "0")
    assert alike.alike("A", "A")
    assert not alike.alike("O", "8")
    assert sorted(alike.unfold("A8")) == ["A8", "AB"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_unfolding_gives_every_text_of_the_same_fold(text: str) -> None:
    alike = Confusables(("0OQD", "1I", "8B"))
    unfolded = list(itertools.islice(alike.unfold(text[:4]), 5000))
    assert len(unfolded) == len(set(unfolded)) == alike.count(text[:4])
    assert text[:4] in unfolded
    assert {alike.fold(one) for one in unfolded} == {alike.fold(text[:4])}


@pytest.mark.parametrize(
    ("classes", "message"),
    [(("0",), "two or more"), (("00",), "two or more"), (("0O", "OQ"), "two confusable classes")],
)
def test_wrong_classes_are_refused(classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Confusables(classes)


def test_only_plate_needs_exactly_one_possible_plate() -> None:
    alike = Confusables(READER_CLASSES)
    assert alike.only_plate("ABI23CD", letters_digits) is None, "D may be O or Q"
    assert alike.only_plate("AXI23CX", letters_digits) == "AX123CX"
    assert alike.only_plate("A8123CX", letters_digits) == "AB123CX"
    assert alike.only_plate("XXXXXXX", letters_digits) is None
    assert alike.only_plate("0" * 16, lambda text: True) is None, "too many to look at"


def test_collisions_are_groups_of_different_plates() -> None:
    alike = Confusables(READER_CLASSES)
    plates = ["AB0123", "ABO123", "ABQ123", "CD777", "CD777", "X8", "XB"]
    assert collisions(plates, alike) == (("AB0123", "ABO123", "ABQ123"), ("X8", "XB"))
    assert collisions([], alike) == ()
