"""The only door for plate texts: what was typed or read becomes a plate, or is refused.

A plate text is hostile input (somebody else paints it): it reaches lists, logs, topics and file
names. What leaves this module holds letters and digits of plates and nothing else.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from lpr.errors import GateError
from lpr.formats.folding import LOOK_ALIKES
from lpr.formats.typed import MAX_TYPED, SEPARATORS, composed

MAX_CHARACTERS: Final = 16
"""No plate is longer; the longest known have 10 to 12 characters."""

LATIN: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Digits and letters that Latin plates of nearly all countries use."""

_LATIN: Final = frozenset(LATIN + "ÄÖÜ")
# Scripts that plates carry beside Latin: Chinese, Japanese kana, hangul syllables, Thai consonants.
_RANGES: Final = ((0x4E00, 0x9FFF), (0x3041, 0x3096), (0xAC00, 0xD7A3), (0x0E01, 0x0E2E))


class PlateTextError(GateError, ValueError):
    """A text is no plate text; the message never repeats the text itself."""


def in_alphabet(char: str, alphabet: AbstractSet[str] | None = None) -> bool:
    """Whether one character may stand in a plate text.

    Args:
        char: one character.
        alphabet: the reader's characters; None allows every script that plates use.
    """
    if alphabet is not None and char not in alphabet:
        return False
    return char in _LATIN or any(first <= ord(char) <= last for first, last in _RANGES)


def normalise(typed: str, alphabet: AbstractSet[str] | None = None) -> str:
    """Turn what a person typed into a plate text: upper case, no separators.

    >>> normalise("b-ab 1234")
    'BAB1234'

    Args:
        typed: the text.
        alphabet: the reader's characters; None allows every script that plates use.

    Raises:
        PlateTextError: nothing is left, it is too long, or a character cannot be on a plate.
    """
    if len(typed) > MAX_TYPED:
        raise PlateTextError(f"{len(typed)} characters are too long for a plate")
    kept: list[str] = []
    for place, char in enumerate(composed(typed), start=1):
        if char in SEPARATORS:
            continue
        upper = _capital(char)
        if len(upper) != 1 or not in_alphabet(upper, alphabet):
            raise PlateTextError(_refusal(char, place))
        kept.append(upper)
    if not kept:
        raise PlateTextError("no letter or digit is left of the plate")
    if len(kept) > MAX_CHARACTERS:
        raise PlateTextError(f"{len(kept)} characters are too long for a plate")
    return "".join(kept)


def bare(typed: str) -> str:
    """Turn a pattern that a person typed into capitals without separators; nothing is refused.

    >>> bare("b–ab 12*")
    'BAB12*'
    """
    return "".join(_capital(char) for char in composed(typed) if char not in SEPARATORS)


def check_read(text: str, alphabet: AbstractSet[str] | None = None) -> str:
    """Return a reader's text unchanged when it is a plate text already.

    Raises:
        PlateTextError: it is not what `normalise` would leave of it.
    """
    if normalise(text, alphabet) != text:
        raise PlateTextError("the text has lower-case letters or separators")
    return text


def _capital(char: str) -> str:
    upper = char.upper()
    # Only letters whose capital is one known letter: "ſ" and "ı" must not turn into S and I.
    return char if upper in _LATIN and char not in (upper, upper.lower()) else upper


def _refusal(char: str, place: int) -> str:
    code = f"character {place} (U+{ord(char):04X})"
    latin = LOOK_ALIKES.get(char.upper())
    if latin is not None:
        return f"{code} only looks like the Latin letter; did you mean {latin!r}?"
    return f"{code} cannot be on a plate"
