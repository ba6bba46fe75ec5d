"""How sure a measured figure is: Wilson and bootstrap intervals, McNemar's exact test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpr.wilson import wilson

_ROUNDS = 1000
"""Resamples of a bootstrap; it always begins with one seed, so that a figure is the same again."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """`hits` of `total`, with its interval.

    >>> str(Proportion(96, 100))
    '0.960 (0.902-0.984), n=100'
    """

    hits: int
    total: int

    @classmethod
    def of(cls, flags: Iterable[bool]) -> Proportion:
        """How many of the flags are true."""
        counted = list(flags)
        return cls(sum(counted), len(counted))

    @property
    def value(self) -> float:
        """The share, 0 to 1; NaN of nothing."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson 95% interval."""
        return wilson(self.hits, self.total)

    def __str__(self) -> str:
        if not self.total:
            return "- (n=0)"
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f}-{high:.3f}), n={self.total}"

    def to_json(self) -> dict[str, object]:
        """Value, interval and counts; the value of nothing is null."""
        return {
            "value": round(self.value, 6) if self.total else None,
            "interval": [round(end, 6) for end in self.interval],
            "hits": self.hits,
            "n": self.total,
        }


def _mean(values: npt.NDArray[np.float64]) -> float:
    return float(values.mean())


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of a sample with a bootstrap 95% interval.

    >>> str(Estimate(0.5, 0.25, 0.75, 10))
    '0.500 (0.250-0.750), n=10'
    """

    value: float
    low: float
    high: float
    total: int

    def __str__(self) -> str:
        if not self.total:
            return "- (n=0)"
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f}), n={self.total}"

    def to_json(self) -> dict[str, object]:
        """Value, interval and sample size; null where there was nothing."""
        ends = [round(self.low, 6), round(self.high, 6)] if self.total else None
        value = round(self.value, 6) if self.total else None
        return {"value": value, "interval": ends, "n": self.total}


def bootstrap(
    values: Sequence[float], statistic: Callable[[npt.NDArray[np.float64]], float] = _mean
) -> Estimate:
    """Percentile bootstrap (Efron, Annals of Statistics 1979) of a statistic, the mean by default.

    Args:
        values: the sample; may be empty.
        statistic: takes a 1-D float64 array.
    """
    sample = np.asarray(values, np.float64)
    return _bootstrapped(sample, statistic, len(sample))


def bootstrap_ratio(parts: Sequence[tuple[float, float]]) -> Estimate:
    """Bootstrap of a sum over another sum, each part drawn as a whole.

    Cases that are alike, as the looks at one vehicle are, belong into one part: drawn one by one
    they would seem to be more than they are.

    Args:
        parts: for each independent part what is counted and of how many; may be empty.

    >>> bootstrap_ratio([(7, 7), (0, 7)]).value
    0.5
    """
    sample = np.asarray(parts, np.float64).reshape(-1, 2)
    return _bootstrapped(sample, _ratio_of_sums, int(sample[:, 1].sum()))


def _ratio_of_sums(parts: npt.NDArray[np.float64]) -> float:
    counted, of = parts.sum(axis=0)
    return float(counted / of)


def _bootstrapped(
    sample: npt.NDArray[np.float64],
    statistic: Callable[[npt.NDArray[np.float64]], float],
    total: int,
) -> Estimate:
    """Draw the rows of a sample again and again."""
    count = len(sample)
    if not count:
        return Estimate(math.nan, math.nan, math.nan, 0)
    rng = np.random.default_rng(0)
    drawn = [statistic(sample[rng.integers(0, count, count)]) for _ in range(_ROUNDS)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(statistic(sample), float(low), float(high), total)


@dataclass(frozen=True, slots=True)
class PairedTest:
    """McNemar's exact test of two systems on the same cases.

    Attributes:
        only_first: cases that only the first got right.
        only_second: cases that only the second got right.
        total: cases compared.
        p_value: two-sided probability of a split this uneven by chance.
    """

    only_first: int
    only_second: int
    total: int
    p_value: float

    def to_json(self) -> dict[str, object]:
        """The counts and the p value."""
        return {
            "only_first": self.only_first,
            "only_second": self.only_second,
            "n": self.total,
            "p_value": self.p_value,
        }


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> PairedTest:
    """Compare two systems case by case (McNemar 1947, exact binomial form).

    Raises:
        ValueError: the two are not of one length.

    >>> mcnemar([True] * 5 + [False] * 6, [True] * 11).p_value
    0.03125
    """
    if len(first) != len(second):
        raise ValueError(f"cannot pair {len(first)} results with {len(second)}")
    a = sum(one and not two for one, two in zip(first, second, strict=True))
    b = sum(two and not one for one, two in zip(first, second, strict=True))
    n = a + b
    tail = sum(math.comb(n, k) for k in range(min(a, b) + 1)) / 2**n
    return PairedTest(a, b, len(first), min(1.0, 2 * tail))
