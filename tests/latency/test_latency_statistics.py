from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.latency.statistics import median_ratio, summarise

durations = st.floats(1e-6, 10.0)
pairs = st.lists(st.tuples(durations, durations), min_size=1, max_size=8)
launches = st.lists(pairs, min_size=1, max_size=3)


def test_percentiles_are_samples_that_occurred() -> None:
    summary = summarise([number / 1000 for number in range(1, 101)])
    assert (summary.best, summary.median, summary.worst) == (1.0, 50.0, 100.0)
    assert (summary.p95, summary.p99) == (95.0, 99.0)


def test_a_short_run_cannot_hide_its_slow_frame() -> None:
    summary = summarise([0.001] * 20 + [0.5])
    assert summary.median == 1.0
    assert summary.p99 == summary.worst == 500.0


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        summarise([])


@settings(deadline=None, max_examples=30)
@given(st.lists(durations, min_size=1, max_size=60))
def test_the_parts_of_a_summary_are_in_order(samples: list[float]) -> None:
    summary = summarise(samples)
    assert summary.best <= summary.median <= summary.p95 <= summary.p99 <= summary.worst
    assert summary.count == len(samples)


def test_twice_as_slow_is_two() -> None:
    ratio = median_ratio([[(1.0, 2.0), (1.1, 2.2)], [(0.9, 1.8)]])
    assert ratio.median == pytest.approx(2.0)
    assert ratio.low == pytest.approx(2.0)
    assert ratio.high == pytest.approx(2.0)
    assert ratio.pairs == 3


def test_a_disturbed_pair_does_not_move_the_median() -> None:
    calm = [(1.0, 1.0)] * 8
    assert median_ratio([[*calm, (1.0, 40.0)], [*calm, (30.0, 1.0)]]).median == 1.0


@settings(deadline=None, max_examples=30)
@given(launches)
def test_the_interval_holds_the_median_and_is_reproducible(
    found: list[list[tuple[float, float]]],
) -> None:
    first = median_ratio(found, resamples=60)
    assert first == median_ratio(found, resamples=60)
    ratios = [head / base for pairs in found for base, head in pairs]
    assert first.low <= first.high
    for value in (first.low, first.median, first.high):
        assert min(ratios) * (1 - 1e-9) <= value <= max(ratios) * (1 + 1e-9)


@settings(deadline=None, max_examples=30)
@given(launches, st.floats(0.1, 10.0))
def test_a_slower_machine_changes_no_ratio(
    found: list[list[tuple[float, float]]], slowdown: float
) -> None:
    slower = [[(base * slowdown, head * slowdown) for base, head in pairs] for pairs in found]
    one, other = median_ratio(found, resamples=20), median_ratio(slower, resamples=20)
    assert other.median == pytest.approx(one.median)
    assert other.low == pytest.approx(one.low)


@pytest.mark.parametrize("found", [[], [[]], [[(1.0, 1.0)], []]])
def test_a_launch_without_pairs_is_refused(found: list[list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        median_ratio(found)


@pytest.mark.parametrize("pair", [(1.0, 0.0), (1.0, -1.0), (1.0, float("nan"))])
def test_durations_must_be_above_zero(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        median_ratio([[pair]])
