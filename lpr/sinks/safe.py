"""Plate texts, paths and names are other people's input: made harmless before they are shown."""

from __future__ import annotations

import unicodedata

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def is_unsafe(char: str) -> bool:
    """Whether a character may steer a terminal or a text's direction, or cannot be encoded."""
    return unicodedata.category(char) in _UNSAFE_CATEGORIES


def safe_text(text: str) -> str:
    r"""Return `text` fit for a terminal or a log: unsafe characters are written out.

    Examples:
        >>> safe_text("AB\x1b[2J12")
        'AB\\x1b[2J12'
        >>> safe_text("京A12345")
        '京A12345'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(char) if is_unsafe(char) else char for char in text)


def strip_unsafe(text: str) -> str:
    """Return `text` without its unsafe characters, on one line."""
    return "".join(char for char in text if not is_unsafe(char))


def csv_cell(text: str) -> str:
    """Return `text` fit for a spreadsheet: one line, and no formula.

    A cell that a spreadsheet would compute gets an apostrophe in front (OWASP, "CSV Injection").

    Examples:
        >>> csv_cell("=HYPERLINK(1)")
        "'=HYPERLINK(1)"
    """
    cell = strip_unsafe(text)
    risky = text[:1] in _FORMULA_STARTS or cell.lstrip()[:1] in _FORMULA_STARTS
    return "'" + cell if cell and risky else cell


def _written_out(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
