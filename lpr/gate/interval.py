"""A share of cases with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_Z95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total` cases.

    Attributes:
        count: cases that were so.
        total: cases looked at.
    """

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the share, 0 to 1 (Wilson, 1927); (0, 1) where nothing was looked at."""
        if self.total == 0:
            return 0.0, 1.0
        share, z2 = self.count / self.total, _Z95**2
        centre = share + z2 / (2 * self.total)
        spread = _Z95 * math.sqrt(
            share * (1 - share) / self.total + z2 / (4 * self.total * self.total)
        )
        scale = 1 + z2 / self.total
        low = 0.0 if self.count == 0 else (centre - spread) / scale
        high = 1.0 if self.count == self.total else (centre + spread) / scale
        return low, high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.total} (95% interval {low:.4%} to {high:.4%})"
