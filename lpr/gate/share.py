"""A share of cases with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

from lpr.wilson import wilson


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
        return wilson(self.count, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.total} (95% interval {low:.4%} to {high:.4%})"
