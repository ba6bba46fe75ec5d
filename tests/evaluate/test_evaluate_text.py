"""Wildcards against a slow definition, look-alikes, scripts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lpr.evaluate.text import folded, matches_wildcard, readable, script_of

_WORDS = st.text("AB1?", max_size=6)


@given(_WORDS, _WORDS)
def test_wildcard_agrees_with_a_regular_expression(text: str, label: str) -> None:
    plain = text.replace("?", "C")
    pattern = "".join(".?" if char == "?" else re.escape(char) for char in label)
    assert matches_wildcard(plain, label) == bool(re.fullmatch(pattern, plain))


def test_folding_and_scripts() -> None:
    assert folded("OI8") == "018"
    assert script_of("B\u00d61") == "latin"
    assert script_of("\u3042\u6c34") == "other"
    assert readable("A1", {"A", "1"})
    assert not readable("A2", {"A", "1"})
    assert readable("anything", None)
