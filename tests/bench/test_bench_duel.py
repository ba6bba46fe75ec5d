"""The verdict on paired times, with the noise that shared machines were measured to have."""

from __future__ import annotations

import numpy as np
import pytest

from bench.duel import Plan, Samples, verdict

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


def test_what_cannot_be_compared_says_why() -> None:
    found = verdict("work", Samples(absent="new", broken=False), limit=1.25)
    assert (found.ratio, found.note, found.failed) == (None, "new", False)
    assert verdict("work", Samples(absent="gone", broken=True), limit=1.25).failed
