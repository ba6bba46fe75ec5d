"""A run against an earlier one of the same machine and clip: what got slower."""

from __future__ import annotations

from dataclasses import dataclass

from lpr.errors import ConfigError
from lpr.latency.record import FLOOR, PLATES, BenchRecord

LEAST_MS = 1.0
"""What takes less is not judged: chance doubles it."""
LEAST_SAMPLES = 5
"""A stage that ran in fewer frames is not judged by itself."""
TAILS = {"p95": 20, "p99": 100}
"""Percentile -> timed frames from which on it is not just the worst one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure now and in a baseline."""

    name: str
    unit: str
    now: float
    then: float

    @property
    def ratio(self) -> float:
        """Now over then."""
        return self.now / self.then if self.then else float("inf")


def compare(now: BenchRecord, then: BenchRecord) -> tuple[Change, ...]:
    """The figures that both records have, in the order of `now`.

    Raises:
        ConfigError: they were taken on different machines, or of another clip, frames, passes or
            threads; absolute values would mislead.
    """
    if now.machine.id != then.machine.id:
        raise ConfigError(
            f"the baseline was taken on another machine ({then.machine.cpu}, "
            f"{then.machine.cores} cores); take a new one here with --json"
        )
    different = _differences(now, then)
    if different:
        raise ConfigError(
            f"the baseline was taken otherwise ({'; '.join(different)}); take a new one with --json"
        )
    return tuple(
        Change(figure.name, figure.unit, figure.value, before)
        for figure in now.figures
        if (before := then.value(figure.name)) is not None
    )


def slower(now: BenchRecord, then: BenchRecord, max_ratio: float) -> tuple[Change, ...]:
    """The judged figures that are more than `max_ratio` times the baseline's.

    Judged are the median of a frame, its p95 and p99, and the medians of the stages over the
    frames in which they ran: of each frame's fastest pass where both records have that, for what is
    slow in itself is slow in every pass, and what was disturbed is not.

    Raises:
        ConfigError: as `compare`, or the records have no time of a frame in common.
    """
    changes = compare(now, then)
    floors = any(change.name == f"{FLOOR}.median" for change in changes)
    prefix = FLOOR if floors else "frame"
    if not any(change.name == f"{prefix}.median" for change in changes):
        raise ConfigError(
            "the baseline has no time of a frame (frame.median): nothing can be compared; "
            "take a new one with lpr bench --json"
        )
    # The best pass alone is of before schema 2, when a stage counted in frames without work, too.
    judged = [one for one in changes if _is_judged(one.name, prefix, now, then, alike=floors)]
    return tuple(one for one in judged if one.now >= LEAST_MS and one.ratio > max_ratio)


def went_blind(now: BenchRecord, then: BenchRecord) -> bool:
    """Whether plates were detected then and none is now: an engine that sees nothing is fast."""
    return bool(then.value(PLATES)) and now.value(PLATES) == 0


def _differences(now: BenchRecord, then: BenchRecord) -> tuple[str, ...]:
    if now.conditions is not None and then.conditions is not None:
        return now.conditions.differences(then.conditions)
    # What older records tell: the frames that the figures rest on.
    count, before = (one.samples("frame.median") for one in (now, then))
    return (f"timed frames {before}, now {count}",) if count and before and count != before else ()


def _is_judged(name: str, prefix: str, now: BenchRecord, then: BenchRecord, *, alike: bool) -> bool:
    if not name.startswith(f"{prefix}."):
        return False
    count, before = now.samples(name), then.samples(name)
    match name.removeprefix(f"{prefix}.").split("."):
        case ["median"]:
            return True
        case [tail] if tail in TAILS:
            return min(count, before) >= TAILS[tail]
        case [_, "median"]:
            return (alike or count == before) and min(count, before) >= LEAST_SAMPLES
        case _:
            return False
