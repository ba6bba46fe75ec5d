"""How sure it is that a misread text means one plate and no other that looks or reads like it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from lpr.formats.confusables import MAX_UNFOLDED
from lpr.gate.confusion import ConfusionMatrix
from lpr.gate.plate_text import LATIN


def meant_share(
    plate: str, text: str, confusion: ConfusionMatrix, fits_format: Callable[[str], bool]
) -> float | None:
    """Return the probability that `plate` was read, and no other possible plate, as `text`.

    Bayes' rule with every possible plate equally common, over the places where the two differ: the
    others are judged by the probability of the reading. A confusion that was never seen may be as
    frequent as the looks allow (`ConfusionMatrix.unseen_rate`), so that a handful of them proves
    nothing.

    Args:
        plate: the plate that it is taken for, equally long.
        text: what was read.
        confusion: how often the reader takes one character for another.
        fits_format: whether a text is a possible plate.

    Returns:
        0 to 1; 0 for texts of other lengths, None where there are too many plates to look at.
    """
    if len(plate) != len(text):
        return 0.0
    places = [place for place, char in enumerate(text) if char != plate[place]]
    readable = [_readable(text[place], plate[place], confusion) for place in places]
    if math.prod(map(len, readable)) > MAX_UNFOLDED:
        return None
    total, mine, unseen = 0.0, 0.0, confusion.unseen_rate
    for chars in itertools.product(*readable):
        weight = math.prod(
            max(confusion.rate(char, text[place]), unseen)
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
    return "".join(sorted({read, meant, *confusion.rates, *LATIN}))


def _with(text: str, places: list[int], chars: tuple[str, ...]) -> str:
    changed = list(text)
    for place, char in zip(places, chars, strict=True):
        changed[place] = char
    return "".join(changed)
