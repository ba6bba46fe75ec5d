"""The interval of a measured share."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054
"""The 97.5% point of the normal distribution."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95% interval of a share (Wilson, "Probable inference", JASA 1927).

    Args:
        hits: how many of `total` succeeded, 0 to `total`.
        total: how many were tried; 0 gives the interval (0, 1).

    Raises:
        ValueError: `hits` is not between 0 and `total`.

    >>> [round(end, 4) for end in wilson(96, 100)]
    [0.9016, 0.9843]
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} of {total} is no share")
    if total == 0:
        return (0.0, 1.0)
    share, z = hits / total, _Z95
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    middle = share + z * z / (2 * total)
    low = 0.0 if hits == 0 else (middle - spread) / scale
    high = 1.0 if hits == total else (middle + spread) / scale
    return (low, high)
