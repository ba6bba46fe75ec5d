"""Intervals against known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.evaluate.intervals import Proportion, bootstrap, bootstrap_ratio, mcnemar
from lpr.wilson import wilson


def test_wilson_matches_published_values() -> None:
    # Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
    for hits, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share(hits: int, more: int) -> None:
    total = hits + more
    low, high = wilson(hits, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low - 1e-12 <= hits / total <= high + 1e-12


def test_wilson_refuses_more_hits_than_trials() -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_proportion_of_nothing_is_null() -> None:
    nothing = Proportion(0, 0)
    assert math.isnan(nothing.value)
    assert nothing.to_json()["value"] is None
    assert "n=0" in str(nothing)


def test_bootstrap_is_seeded_and_covers_the_mean() -> None:
    values = list(np.random.default_rng(3).normal(5, 1, 200))
    first, second = bootstrap(values), bootstrap(values)
    assert first == second
    assert first.low < first.value < first.high
    # The interval of a mean is about 1.96 standard errors to each side.
    half = 1.96 * float(np.std(values)) / math.sqrt(200)
    assert first.high - first.low == pytest.approx(2 * half, rel=0.15)
    assert bootstrap([]).total == 0


def test_a_ratio_draws_its_parts_as_wholes() -> None:
    rng = np.random.default_rng(5)
    right = list(rng.uniform(0, 1, 300) < 0.3)
    alone = bootstrap_ratio([(one, 1) for one in right])
    assert alone == bootstrap_ratio([(one, 1) for one in right])
    assert alone.value == pytest.approx(sum(right) / 300)
    assert (alone.low, alone.high) == pytest.approx(wilson(sum(right), 300), abs=0.012)
    # The same, each seen nine times: more cases, no more knowledge.
    nine = bootstrap_ratio([(9 * one, 9) for one in right])
    assert (nine.low, nine.value, nine.high) == (alone.low, alone.value, alone.high)
    assert nine.total == 2700
    assert bootstrap_ratio([]).total == 0


def test_mcnemar_counts_only_the_disagreements() -> None:
    first = [True] * 90 + [True] * 1 + [False] * 9
    second = [True] * 90 + [False] * 1 + [True] * 9
    test = mcnemar(first, second)
    assert (test.only_first, test.only_second, test.total) == (1, 9, 100)
    # Two-sided binomial: 2 * (1 + 10) / 2^10.
    assert test.p_value == pytest.approx(22 / 1024)
    assert mcnemar([True], [True]).p_value == 1.0
    with pytest.raises(ValueError, match="cannot pair"):
        mcnemar([True], [])
