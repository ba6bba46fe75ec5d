"""How figures are shown to people."""

from __future__ import annotations


def shown_probability(probability: float) -> str:
    """Two decimals, rounded, but never up to what would be certain.

    >>> shown_probability(0.987), shown_probability(0.9951), shown_probability(1.0)
    ('0.99', '0.99', '1.00')
    """
    return "1.00" if probability >= 1 else f"{min(0.99, probability):.2f}"


def is_readable(text: str, confidence: float) -> bool:
    """Whether a text is one to people; what is as good as surely misread is none.

    >>> is_readable("AB12", 0.005), is_readable("AB12", 0.0049), is_readable("", 1.0)
    (True, False, False)
    """
    return bool(text) and shown_probability(confidence) != "0.00"
