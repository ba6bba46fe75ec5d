"""The assignment against brute force."""

from __future__ import annotations

import random
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.track.assignment import MISS_COST, _Assignment, assign

COSTS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.floats(-5, 12, allow_nan=False),
    max_size=18,
)


def total(costs: dict[tuple[int, int], float], pairs: list[tuple[int, int]]) -> float:
    return sum(costs[pair] - MISS_COST for pair in pairs)


def least_total(costs: dict[tuple[int, int], float]) -> float:
    tracks = sorted({pair[0] for pair in costs})
    detections = sorted({pair[1] for pair in costs})
    best = 0.0
    for count in range(1, min(len(tracks), len(detections)) + 1):
        for some in combinations(tracks, count):
            for others in permutations(detections, count):
                pairs = list(zip(some, others, strict=True))
                if all(pair in costs for pair in pairs):
                    best = min(best, total(costs, pairs))
    return best


@settings(max_examples=60, deadline=None)
@given(costs=COSTS)
def test_the_total_is_the_least_possible(costs: dict[tuple[int, int], float]) -> None:
    chosen = assign(costs)
    pairs = list(chosen.items())
    assert len(set(chosen.values())) == len(chosen)
    assert all(costs[pair] < MISS_COST for pair in pairs)
    assert abs(total(costs, pairs) - least_total(costs)) < 1e-9


def test_a_good_pair_is_not_broken_up_to_make_two_bad_ones() -> None:
    costs = {(0, 0): 6.0, (1, 0): -2.0, (1, 1): 8.0}
    assert assign(costs) == {1: 0}


def test_nothing_gated_is_nothing_chosen() -> None:
    assert assign({}) == {}


def test_a_crowd_of_lost_tracks_costs_one_search_a_detection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[int] = []
    augment = _Assignment._augment

    def counting(self: _Assignment, row: int) -> None:
        searched.append(row)
        augment(self, row)

    monkeypatch.setattr(_Assignment, "_augment", counting)
    rng = random.Random(2)
    costs = {(track, seen): rng.uniform(0, 9) for track in range(90) for seen in range(10)}
    assert len(assign(costs)) == 10
    assert len(searched) == 10
