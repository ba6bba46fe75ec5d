"""From what the evidence adds up to, to a probability that may be told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

_COPIES: Final = math.pi**2 / 6
"""What the weights of endless copies of one look add up to, in weights of that look."""
_TWO_LOOKS: Final = 2.0


def independence(weights: Iterable[float]) -> float:
    """How far looks that say the same are more than one look and copies of it.

    Args:
        weights: what each of them counts, at least 0.

    Returns:
        0 where they add up to no more than one look and its copies can, 1 where they add up to two
        looks like the best one that share nothing, or more.
    """
    listed = list(weights)
    best = max(listed, default=0.0)
    if best <= 0:
        return 0.0
    return min(1.0, max(0.0, (sum(listed) / best - _COPIES) / (_TWO_LOOKS - _COPIES)))


def calibrated(log_odds: float, independent: float, temperature: float) -> float:
    """The probability that log odds stand for (temperature scaling, Guo et al., ICML 2017).

    A temperature above 1 is more careful with everything. One below 1 says that agreement proves
    more than was counted: it takes effect as far as looks are independent, and leaves a lone
    reading, and copies of one, with what they were believed without it.

    Args:
        log_odds: what the evidence adds up to.
        independent: as `independence` says, 0 to 1.
        temperature: divides the log odds.

    Returns:
        0 to 1.
    """
    factor = 1.0 / temperature
    if factor > 1.0:
        factor = 1.0 + (factor - 1.0) * independent
    return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, log_odds * factor))))
