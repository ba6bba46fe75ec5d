"""The verdict on paired times, with the noise that shared machines were measured to have."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bench import duel
from bench.compare import WORKLOAD_FILE
from bench.duel import HERE, Plan, Samples, judged, verdict, workers

NOISE = 0.19
"""Coefficient of variation of one timing on a loaded shared runner."""
SPIKES = 0.08
"""Share of timings that something disturbs altogether."""


def noisy(slowdown: float, seed: int) -> Samples:
    """Pairs as `sample` takes them: noise, spikes, and a luck that lasts for a launch."""
    rng = np.random.default_rng(seed)
    samples = Samples()
    for _ in range(Plan().launches):
        luck = rng.normal(1.0, 0.03)
        pairs = []
        for _ in range(Plan().rounds):
            base, head = np.abs(rng.normal(1.0, NOISE, 2)) + 0.05
            spike = np.where(rng.random(2) < SPIKES, 4.0, 1.0)
            pairs.append((float(base * spike[0]), float(head * spike[1] * slowdown * luck)))
        samples.launches.append(pairs)
    return samples


def test_noise_alone_passes() -> None:
    # A suspect is timed once more, so only two bad draws in a row would break a build.
    failed = [
        seed
        for seed in range(100)
        if verdict("work", noisy(1.0, 2 * seed), Plan().limit).failed
        and verdict("work", noisy(1.0, 2 * seed + 1), Plan().limit).failed
    ]
    assert failed == []


def test_twice_as_slow_is_caught_through_the_noise() -> None:
    missed = [
        seed for seed in range(100) if not verdict("work", noisy(2.0, seed), Plan().limit).failed
    ]
    assert missed == []


@pytest.mark.parametrize(("slowdown", "note"), [(1.0, "same"), (0.5, "faster"), (2.0, "slower")])
def test_the_verdict_in_a_word(slowdown: float, note: str) -> None:
    samples = Samples(launches=[[(0.001, 0.001 * slowdown)] * 5])
    found = verdict("work", samples, limit=1.25)
    assert found.note == note
    assert found.failed == (note == "slower")
    assert found.base_ms == pytest.approx(1.0)
    assert found.head_ms == pytest.approx(slowdown)


def test_just_beyond_the_limit_but_unsure_does_not_fail() -> None:
    pairs = [(1.0, 0.7), (1.0, 0.8), (1.0, 0.9), (1.0, 1.3), (1.0, 1.3), (1.0, 1.4), (1.0, 1.9)]
    found = verdict("work", Samples(launches=[pairs]), limit=1.25)
    assert found.ratio is not None
    assert found.ratio.median > 1.25
    assert not found.failed
    assert found.unsure
    assert found.note == "unsure"


DISTURBED, CLEAR = [(1.0, 1.05)] * 12, [(1.0, 1.95)] * 12


@pytest.mark.parametrize(
    ("launches", "taken", "failed"),
    [
        ([CLEAR] * 5, 5, True),
        ([CLEAR, CLEAR, CLEAR, DISTURBED, DISTURBED, *[CLEAR] * 5], 10, True),
        ([CLEAR, DISTURBED, CLEAR, DISTURBED, CLEAR, *[DISTURBED] * 5], 10, False),
        ([*[CLEAR, DISTURBED] * 7, CLEAR], 15, False),
    ],
    ids=["sure", "sure after more", "noise after more", "never sure"],
)
def test_doubt_is_measured_away(
    launches: list[list[tuple[float, float]]],
    taken: int,
    failed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = iter(launches)
    firsts = []

    def sample(*_: object, first: int) -> None:
        samples = _[3]
        assert isinstance(samples, dict)
        firsts.append(first)
        samples["work"].launches.extend(next(left) for _ in range(5))

    monkeypatch.setattr(duel, "sample", sample)
    plan = Plan(launches=5, most_launches=15)
    found = judged(Path(), Path(), Path(), ["work"], plan)["work"]
    assert firsts == list(range(0, taken, 5))
    assert found.failed == failed
    assert next(left, None) is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process")
def test_both_sides_take_turns_on_one_core() -> None:
    cores = sorted(os.sched_getaffinity(0))
    for launch in range(3):
        with workers(HERE.parent, HERE.parent, WORKLOAD_FILE, launch) as pair:
            assert [os.sched_getaffinity(side.pid) for side in pair] == [
                {cores[launch % len(cores)]}
            ] * 2


def test_what_cannot_be_compared_says_why() -> None:
    found = verdict("work", Samples(absent="new", broken=False), limit=1.25)
    assert (found.ratio, found.note, found.failed) == (None, "new", False)
    assert verdict("work", Samples(absent="gone", broken=True), limit=1.25).failed
