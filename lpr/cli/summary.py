"""What a run did: counts, speed, latency by stage, memory."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, field, fields
from time import perf_counter

import numpy as np

from lpr.types import EventKind, FrameResult, PlateEvent, StageTimings

STAGES = tuple(one.name for one in fields(StageTimings))
_KEPT = 200_000
"""Timings kept for percentiles: two hours at 25 frames a second; later ones are left out."""


def peak_memory_mb() -> float:
    """Peak resident memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@dataclass(slots=True)
class RunSummary:
    """Collects the results of one or several sources."""

    started: float = field(default_factory=perf_counter)
    frames: int = 0
    dropped: int = 0
    verdicts: dict[tuple[str, int], PlateEvent] = field(default_factory=dict)
    unread: list[PlateEvent] = field(default_factory=list)
    timings: list[StageTimings] = field(default_factory=list)

    def add(self, result: FrameResult) -> None:
        """Take one frame's result."""
        if result.of_frame:
            self.frames += 1
            if len(self.timings) < _KEPT:
                self.timings.append(result.timings)
        for event in result.events:
            self.add_event(event)

    def add_event(self, event: PlateEvent) -> None:
        """Take one event; the last confirmed or revised one of a track is its verdict."""
        if event.kind in (EventKind.CONFIRMED, EventKind.REVISED):
            self.verdicts[event.camera, event.track_id] = event
        elif event.kind is EventKind.UNREAD:
            self.unread.append(event)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the start."""
        return perf_counter() - self.started

    @property
    def frames_per_second(self) -> float:
        """Frames per wall-clock second, decoding and writing included."""
        return self.frames / max(self.seconds, 1e-9)

    def percentiles(self) -> dict[str, tuple[float, float, float]]:
        """p50, p95 and p99 in milliseconds, for the whole frame and for each stage."""
        if not self.timings:
            return {}
        rows = {"frame": [timing.total for timing in self.timings]}
        rows |= {stage: [getattr(timing, stage) for timing in self.timings] for stage in STAGES}
        return {name: _percentiles(values) for name, values in rows.items()}


def _percentiles(seconds: list[float]) -> tuple[float, float, float]:
    p50, p95, p99 = np.percentile(seconds, (50, 95, 99)) * 1000
    return (float(p50), float(p95), float(p99))
