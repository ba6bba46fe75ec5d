"""Comparing texts: look-alikes, scripts, wildcards."""

from __future__ import annotations

import unicodedata
from collections.abc import Container

WILDCARD = "?"
"""Stands for at most one character that was painted over in the label."""

_FOLD = str.maketrans({"O": "0", "I": "1"})


def folded(text: str) -> str:
    """The text with O as 0 and I as 1, which many countries print alike.

    >>> folded("IO1")
    '101'
    """
    return text.translate(_FOLD)


def script_of(text: str) -> str:
    """`chinese`, `korean`, `other` (kana, Thai, Arabic...) or `latin`.

    >>> [script_of(text) for text in ("AB12", "\u6d59C73", "33\ud5586580", "\u0e01\u0e02")]
    ['latin', 'chinese', 'korean', 'other']
    """
    scripts = {_script(char) for char in text} - {"latin"}
    for script in ("other", "korean", "chinese"):
        if script in scripts:
            return script
    return "latin"


def readable(text: str, alphabet: Container[str] | None) -> bool:
    """Whether every character is in the reader's alphabet (None: any)."""
    return alphabet is None or all(char in alphabet for char in text)


def matches_wildcard(text: str, label: str) -> bool:
    """Whether a text is of the label in which `?` stands for one character or none.

    >>> [matches_wildcard(text, "31?7691") for text in ("317691", "31A7691", "31AB7691")]
    [True, True, False]
    """
    states = {0}
    for char in text:
        states = _skip(states, label)
        states = {
            state + 1 for state in states if state < len(label) and label[state] in (char, WILDCARD)
        }
    return len(label) in _skip(states, label)


def _skip(states: set[int], label: str) -> set[int]:
    reached = set(states)
    for state in sorted(states):
        position = state
        while position < len(label) and label[position] == WILDCARD:
            position += 1
            reached.add(position)
    return reached


def _script(char: str) -> str:
    if char.isascii():
        return "latin"
    name = unicodedata.name(char, "")
    if name.startswith("HANGUL"):
        return "korean"
    if name.startswith("CJK"):
        return "chinese"
    return "latin" if name.startswith("LATIN") else "other"
