"""How figures are shown to people."""

from __future__ import annotations


def shown_probability(probability: float) -> str:
    """Two decimals, rounded, but never up to what would be certain.

    >>> shown_probability(0.987), shown_probability(0.9951), shown_probability(1.0)
    ('0.99', '0.99', '1.00')
    """
    return "1.00" if probability >= 1 else f"{min(0.99, probability):.2f}"
