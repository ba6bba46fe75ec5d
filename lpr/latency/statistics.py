"""Percentiles and ratios that a busy neighbour cannot easily bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Summary:
    """The distribution of one measured duration; never only a mean.

    Attributes:
        count: samples.
        best: the smallest sample, milliseconds.
        median: half of the samples are at most this, milliseconds.
        p95: 95 in 100 samples are at most this, milliseconds.
        p99: 99 in 100 samples are at most this, milliseconds.
        worst: the largest sample, milliseconds.
    """

    count: int
    best: float
    median: float
    p95: float
    p99: float
    worst: float


def summarise(seconds: Sequence[float]) -> Summary:
    """Summarise durations given in seconds.

    A percentile is a sample that occurred (nearest rank, rounded up): with fewer than 100 samples
    p99 is the worst one, so that a short run cannot hide a slow frame.

    Raises:
        ValueError: there are no samples.
    """
    if not seconds:
        raise ValueError("nothing was measured")
    values = np.asarray(seconds, np.float64) * 1e3
    median, p95, p99 = np.percentile(values, (50, 95, 99), method="inverted_cdf")
    return Summary(
        count=len(values),
        best=float(values.min()),
        median=float(median),
        p95=float(p95),
        p99=float(p99),
        worst=float(values.max()),
    )


@dataclass(frozen=True, slots=True)
class Ratio:
    """Head against base: 1.0 is no change, 2.0 is twice as slow.

    Attributes:
        median: median of the paired ratios.
        low: lower end of the bootstrap interval of that median.
        high: upper end.
        pairs: paired rounds it rests on.
    """

    median: float
    low: float
    high: float
    pairs: int


def median_ratio(
    launches: Sequence[Sequence[tuple[float, float]]], *, resamples: int = RESAMPLES
) -> Ratio:
    """The median of head / base over interleaved pairs, with a percentile bootstrap interval.

    Pairs of one launch of the two processes share its luck (memory layout, hash seeds), so the
    bootstrap first draws launches, then pairs within them (Efron and Tibshirani, "An Introduction
    to the Bootstrap", 1993, chapter 8).

    Args:
        launches: for each launch its (base seconds, head seconds) pairs, all above zero.
        resamples: how often to draw.

    Raises:
        ValueError: there is no pair, or a duration is not above zero.
    """
    if not launches or not all(launches):
        raise ValueError("every launch needs at least one pair")
    groups = [np.array([head / base for base, head in pairs], np.float64) for pairs in launches]
    if not all(np.isfinite(group).all() and (group > 0).all() for group in groups):
        raise ValueError("durations must be above zero")
    medians = _bootstrap(groups, np.random.default_rng(0), resamples)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, (tail, 1 - tail))
    every = np.concatenate(groups)
    return Ratio(float(np.median(every)), float(low), float(high), len(every))


def _bootstrap(
    groups: Sequence[npt.NDArray[np.float64]], rng: np.random.Generator, resamples: int
) -> npt.NDArray[np.float64]:
    """Medians of `resamples` redrawn data sets: groups with replacement, then pairs within each."""
    sizes = np.array([len(group) for group in groups])
    table = np.full((len(groups), sizes.max()), np.nan)
    for row, group in zip(table, groups, strict=True):
        row[: len(group)] = group
    picks = rng.integers(0, len(groups), (resamples, len(groups), 1))
    draws = rng.random((resamples, len(groups), sizes.max()))
    values = table[picks, (draws * sizes[picks]).astype(np.intp)]
    # A shorter group gives as many pairs as it has.
    values[np.arange(sizes.max()) >= sizes[picks]] = np.nan
    flat = values.reshape(resamples, -1)
    return np.asarray(
        np.median(flat, axis=1) if sizes.min() == sizes.max() else np.nanmedian(flat, axis=1)
    )
