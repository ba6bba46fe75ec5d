"""What people put into a plate when they type it: full-width characters, separators."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_TYPED: Final = 64
"""Characters looked at before anything is removed."""

SEPARATORS: Final = frozenset(" -.·•\u00a0\u202f\u3000\u2010\u2011\u2012\u2013\u2014\u2212")
"""What people put between the groups of a plate. Anything else (slash, quote, plus) is no plate."""

_FULL_WIDTH: Final = {
    code: code - 0xFEE0
    for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
    for code in range(first, last + 1)
}


def composed(typed: str) -> str:
    """Each letter as one character, full-width letters and digits as plain ones."""
    return unicodedata.normalize("NFC", typed).translate(_FULL_WIDTH)
