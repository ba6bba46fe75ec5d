"""What the service knows of itself: the health file and the metrics are made of it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lpr.gate.decision import Decision
from lpr.service.keeper import CameraFigures

BUCKETS: Final = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
"""Upper ends of the latency histogram's buckets, seconds."""
_RECENT: Final = 600


@dataclass(slots=True)
class Latency:
    """Seconds from a frame to what came of it: all of them counted, the latest kept.

    Attributes:
        counts: how many fell into each bucket; the last one is open.
        total: sum of all, seconds.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def add(self, seconds: float) -> None:
        """Take one; clocks that disagree a little do not make it negative."""
        seconds = max(0.0, seconds)
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds
        self._recent.append(seconds)

    def share(self, part: float) -> float | None:
        """Return the quantile `part` (0 to 1) of the latest ones; None where there are none."""
        if not self._recent:
            return None
        ordered = sorted(self._recent)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def copy(self) -> Latency:
        """Return the counts as they are now."""
        return Latency(list(self.counts), self.total, self._recent.copy())


@dataclass(frozen=True, slots=True)
class GateFigures:
    """What is known of one gate.

    Attributes:
        gate: its name.
        armed: whether it opens.
        decisions: (action, reason) -> how many.
        last: its latest decision, None before the first.
        last_at: when that was.
        latency: seconds from frame to decision.
    """

    gate: str
    armed: bool
    decisions: Mapping[tuple[str, str], int]
    last: Decision | None
    last_at: datetime | None
    latency: Latency


@dataclass(frozen=True, slots=True)
class OutputFigures:
    """What is known of one output.

    Attributes:
        name: what it is called, without secrets.
        failures: what it could not take.
        waiting: messages that wait for their receiver; None where nothing waits.
        refused: messages that the receiver refused for good.
        dropped: messages that were given up.
        problem: what is wrong with it now; empty where nothing is.
    """

    name: str
    failures: int
    waiting: int | None = None
    refused: int = 0
    dropped: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """What is known of the whole site.

    Attributes:
        now: the wall clock, aware.
        uptime: seconds since the start.
        cameras: its cameras.
        camera_gates: camera -> its gate.
        frames: camera -> seconds from frame to service.
        events: (camera, kind) -> how many.
        gates: its gates.
        outputs: its outputs.
        entries: list kind -> entries.
        lists_loaded: when the lists were loaded.
        lists_problem: why the newest lists are not used; empty where they are.
        list_failures: how often new lists were refused.
        disk_free: bytes free where the decisions are written; None where that is not known.
        problems: what is wrong, one line each.
    """

    now: datetime
    uptime: float
    cameras: tuple[CameraFigures, ...]
    camera_gates: Mapping[str, str]
    frames: Mapping[str, Latency]
    events: Mapping[tuple[str, str], int]
    gates: tuple[GateFigures, ...]
    outputs: tuple[OutputFigures, ...]
    entries: Mapping[str, int]
    lists_loaded: datetime
    lists_problem: str
    list_failures: int
    disk_free: int | None
    problems: tuple[str, ...]


class GateTally:
    """Counts what one gate decides.

    Args:
        gate: its name.
        armed: whether it opens.
    """

    def __init__(self, gate: str, *, armed: bool) -> None:
        self._gate, self._armed = gate, armed
        self._decisions: Counter[tuple[str, str]] = Counter()
        self._last: Decision | None = None
        self._last_at: datetime | None = None
        self._latency = Latency()

    def add(self, decision: Decision, *, at: datetime, latency: float) -> None:
        """Take one decision.

        Args:
            decision: what was decided.
            at: the wall clock, aware.
            latency: seconds from the frame to the decision.
        """
        self._decisions[decision.action.value, decision.reason.value] += 1
        self._last, self._last_at = decision, at
        self._latency.add(latency)

    def figures(self) -> GateFigures:
        """Return the counts as they are now."""
        return GateFigures(
            self._gate,
            self._armed,
            dict(self._decisions),
            self._last,
            self._last_at,
            self._latency.copy(),
        )
