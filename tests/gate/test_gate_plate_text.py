from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.gate.plate_text import PlateTextError, bare, check_read, in_alphabet, normalise

HOSTILE = [
    "'; DROP TABLE plates; --",
    '" OR 1=1',
    "<script>alert(1)</script>",
    "AB&lt;123",
    '=HYPERLINK("http://x")',
    "=1+1",
    "+49123",
    "@SUM(A1)",
    "\x1b[31mAB123",
    "AB\x07123",
    "AB\n123",
    "AB\r\n123",
    "AB\t123",
    "AB\x00123",
    "gate/#",
    "+/plates",
    "$SYS/broker",
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "AB%00123",
    "AB123;rm",
    "`reboot`",
    "$(reboot)",
    "{gate}",
    "%s%n",
    "AB_123",
    "\u202eAB123",
    "\u200bAB123",
    "A\u0301B123",
    "☃",
    "AB12\u0663",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(PlateTextError) as caught:
        normalise(text)
    assert text not in str(caught.value)
    assert str(caught.value).isprintable()
    with pytest.raises(PlateTextError):
        check_read(text)


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("b-ab 1234", "BAB1234"),
        (" AB\u00a0123–CD ", "AB123CD"),
        ("AB·123", "AB123"),
        ("ä 1", "Ä1"),
        ("ＡＢ１２", "AB12"),
        ("京A·12345", "京A12345"),
        ("12가 3456", "12가3456"),
        ("O\u0308 1", "Ö1"),
    ],
)
def test_what_people_type_becomes_a_plate(typed: str, plate: str) -> None:
    assert normalise(typed) == plate
    assert check_read(plate) == plate


def test_a_pattern_loses_the_separators_that_a_plate_loses() -> None:
    assert bare("b–ab\u202f12*") == "BAB12*"
    assert bare("Ａ?·%_ſ") == "A?%_ſ"
    assert bare("—") == ""


@pytest.mark.parametrize("text", ["ab123", "AB 123", "AB-123", ""])
def test_a_reader_must_deliver_it_normalised(text: str) -> None:
    with pytest.raises(PlateTextError):
        check_read(text)


def test_look_alikes_of_other_scripts_are_named() -> None:
    with pytest.raises(PlateTextError, match=r"character 1 \(U\+0410\).*did you mean 'A'\?"):
        normalise("А123ВС")
    with pytest.raises(PlateTextError):
        normalise("ı1")
    with pytest.raises(PlateTextError):
        normalise("ſ1")
    with pytest.raises(PlateTextError):
        normalise("ß1")


def test_lengths_are_bounded() -> None:
    assert normalise("A" * 16) == "A" * 16
    with pytest.raises(PlateTextError, match="too long"):
        normalise("A" * 17)
    with pytest.raises(PlateTextError, match="too long"):
        normalise(" " * 65)
    with pytest.raises(PlateTextError, match="no letter or digit"):
        normalise(" - . ")


def test_the_readers_alphabet_is_enforced() -> None:
    latin = frozenset("ABC123")
    assert normalise("abc 123", latin) == "ABC123"
    with pytest.raises(PlateTextError):
        normalise("ABD123", latin)
    # An alphabet narrows what plates may hold; it cannot let a slash in.
    with pytest.raises(PlateTextError):
        normalise("A/B", frozenset("AB/"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_whatever_passes_is_harmless_and_stays_as_it_is(typed: str) -> None:
    try:
        plate = normalise(typed)
    except PlateTextError:
        return
    assert 1 <= len(plate) <= 16
    assert all(in_alphabet(char) and char.isalnum() for char in plate)
    assert normalise(plate) == plate == check_read(plate)
