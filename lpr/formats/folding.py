"""Letters of other alphabets that a plate reader and the format files write as plain Latin ones."""

from __future__ import annotations

from typing import Final

_LATIN: Final = dict(zip("ÄÅÁÀÂÖÓÜÚÉÈÍŠŚŽŹŻČĆĐŁÑÇ", "AAAAAOOUUEEISSZZZCCDLNC", strict=True))
_CYRILLIC: Final = dict(zip("АВЕКМНОРСТУХІ", "ABEKMHOPCTYXI", strict=True))
_GREEK: Final = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))
LOOK_ALIKES: Final = _CYRILLIC | _GREEK
"""Cyrillic and Greek capitals that look like a Latin one: readers report the Latin letter."""

_FOLDED: Final = str.maketrans(_LATIN | LOOK_ALIKES)
_APART: Final = "BÖ"
"""Börde's district. BO is Bochum's: the one pair that differs in the dots alone."""


def fold(text: str) -> str:
    """Write `RÜDRS322` as `RUDRS322`, and Cyrillic or Greek look-alikes as Latin letters.

    Other characters (digits, hangul, Chinese) stay as they are.
    """
    return text if text.isascii() else text.translate(_FOLDED)


def plate_identity(text: str) -> str:
    """Write a plate as that which tells it from others: folded, but for BÖ (Börde) and BO (Bochum).

    >>> plate_identity("FÜAB10"), plate_identity("BÖAB10")
    ('FUAB10', 'BÖAB10')
    """
    if text.startswith(_APART):
        return _APART + fold(text[len(_APART) :])
    return fold(text)
