"""The alphabet and its classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.formats import available_regions, load_region
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet

PLATES = Alphabet(PLATE_CHARACTERS)


@given(st.text(alphabet=PLATE_CHARACTERS, max_size=12))
def test_encode_and_decode_are_inverse(text: str) -> None:
    assert PLATES.decode(PLATES.encode(text)) == text


def test_the_blank_is_behind_the_last_character() -> None:
    assert PLATES.blank == len(PLATE_CHARACTERS) == PLATES.size - 1


def test_unknown_characters_are_named() -> None:
    with pytest.raises(ValueError, match="'ß'"):
        PLATES.encode("AßC")
    assert not PLATES.covers("AßC")
    assert PLATES.covers("京A12345")


@pytest.mark.parametrize("characters", ["", "ABA"])
def test_an_alphabet_needs_distinct_characters(characters: str) -> None:
    with pytest.raises(ValueError, match="distinct"):
        Alphabet(characters)


@pytest.mark.parametrize("code", ["cn", "kr", "de", "us"])
def test_it_covers_the_formats_that_are_read_whole(code: str) -> None:
    region = load_region(code)
    assert available_regions()
    for plate_format in region.formats:
        for example in plate_format.examples:
            assert PLATES.covers(example), example
