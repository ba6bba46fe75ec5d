"""Groups of plates by their width in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def width_names(ends: Sequence[int]) -> list[str]:
    """The names of the groups with these lower ends, pixels, ascending.

    >>> width_names((0, 40, 60))
    ['0-40 px', '40-60 px', '>= 60 px']
    """
    return [*(f"{low}-{high} px" for low, high in pairwise(ends)), f">= {ends[-1]} px"]


def width_name(width: float, ends: Sequence[int]) -> str:
    """The name of the group that a width is in, at least the lowest end."""
    return width_names(ends)[max(i for i, low in enumerate(ends) if width >= low)]
