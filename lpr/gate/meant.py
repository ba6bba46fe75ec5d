"""How sure it is that a misread text means one plate and no other that looks or reads like it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Final

from lpr.formats.confusables import MAX_UNFOLDED
from lpr.gate.confusion import LEAST_RATE, ConfusionMatrix


def meant_share(
    plate: str, text: str, confusion: ConfusionMatrix, fits_format: Callable[[str], bool]
) -> float:
    """Return the probability that `plate` was read, and no other possible plate, as `text`.

    Bayes' rule with every possible plate equally common, over the places where the two differ: the
    others are judged by the probability of the reading. A confusion that was never seen may be as
    frequent as the file can leave unsaid (`LEAST_RATE`), so that a handful of looks proves nothing.

    Args:
        plate: the plate that it is taken for, equally long.
        text: what was read.
        confusion: how often the reader takes one character for another.
        fits_format: whether a text is a possible plate.

    Returns:
        0 to 1; 0 for texts of other lengths, and where there are too many plates to look at.
    """
    if len(plate) != len(text):
        return 0.0
    places = [place for place, char in enumerate(text) if char != plate[place]]
    readable = [_readable(text[place], plate[place], confusion) for place in places]
    if math.prod(map(len, readable)) > MAX_UNFOLDED:
        return 0.0
    total = mine = 0.0
    for chars in itertools.product(*readable):
        weight = math.prod(
            max(confusion.rate(char, text[place]), LEAST_RATE)
            for char, place in zip(chars, places, strict=True)
        )
        other = _with(text, places, chars)
        if other == plate:
            mine = weight
        elif not fits_format(other):
            continue
        total += weight
    return mine / total


def _readable(read: str, meant: str, confusion: ConfusionMatrix) -> str:
    """Every character that may have been read so."""
    return "".join(sorted({read, meant, *confusion.rates, *_ALPHABET}))


_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _with(text: str, places: list[int], chars: tuple[str, ...]) -> str:
    changed = list(text)
    for place, char in zip(places, chars, strict=True):
        changed[place] = char
    return "".join(changed)
