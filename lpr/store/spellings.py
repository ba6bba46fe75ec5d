"""How one plate may be written: umlauts count with and without their dots, as for a gate's lists.

Readers take the dots for dirt, and registers write both.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Final

from lpr.formats.folding import fold, plate_identity

_DOTTED: Final = "ÄÖÜ"
_MAX_SPELLINGS: Final = 1024


def letters(char: str) -> str:
    """The characters that count as one character of a plate, itself first."""
    plain = fold(char)
    return "".join(dict.fromkeys((char, plain, *(one for one in _DOTTED if fold(one) == plain))))


def spellings(text: str) -> tuple[str, ...]:
    """The texts that are one plate, the given one first.

    >>> spellings("FÜX1")
    ('FÜX1', 'FUX1')

    Where there are more than 1024, only the text itself and the one without any dots.
    """
    choices = [letters(char) for char in text]
    if math.prod(map(len, choices)) > _MAX_SPELLINGS:
        return tuple(dict.fromkeys((text, plate_identity(text))))
    plate = plate_identity(text)
    found = map("".join, itertools.product(*choices))
    return tuple(one for one in found if plate_identity(one) == plate)


def mention(text: str) -> re.Pattern[str]:
    """Finds a plate, however it is spelled, as a word of its own in a line for people."""
    plate = "|".join(map(re.escape, spellings(text)))
    return re.compile(rf"(?<!\w)(?:{plate})(?!\w)")
