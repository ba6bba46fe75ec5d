"""One camera seen through one engine: the loop of a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from lpr.engine import Engine
from lpr.errors import SourceError
from lpr.gate.evidence import by_passage
from lpr.looks import Looks
from lpr.service.messages import Flushed, Pulse, Report, Seen, Started
from lpr.service.pace import Pace
from lpr.sources.status import CameraStats, CameraStatus
from lpr.types import Frame

_PULSE_EVERY = 1.0
_MAX_STEP = 2.0
FORGET_AFTER = 10.0
"""Seconds without a picture after which what was followed counts as gone."""


class LiveSource(Protocol):
    """A camera, or a recording played as one."""

    still_every: float

    @property
    def ended(self) -> bool:
        """Whether no more frames come."""
        ...

    @property
    def status(self) -> CameraStatus:
        """Whether it works."""
        ...

    @property
    def stats(self) -> CameraStats:
        """Its counters."""
        ...

    @property
    def clock_offset(self) -> float | None:
        """Unix time of the frames less `time.monotonic()`; None before the first."""
        ...

    def poll(self) -> Frame | None:
        """Wait a moment for the next frame."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class CameraWatch:
    """Looks at one camera until it is told to stop, and tells what it sees.

    Args:
        engine: the camera's engine.
        passage_of: its voter's: track number -> the number that the vehicle's events carry.
        look_every: seconds between two looks while nothing moves.
        tell: takes each report.
    """

    def __init__(
        self,
        engine: Engine,
        passage_of: Callable[[int], int | None],
        *,
        look_every: float,
        tell: Callable[[Report], None],
    ) -> None:
        self._engine, self._passage_of = engine, passage_of
        self._look_every = look_every
        self._tell = tell
        self._looks = Looks()
        self._pace = Pace(look_every)
        self._fresh = True
        self._looked = 0
        self._last_frame: float | None = None
        self._told = 0.0
        self._came = 0
        self._fps = 0.0

    def play(self, source: LiveSource, stop: Callable[[], bool]) -> None:
        """Look at a source until it ends, the wall clock steps, or `stop` says so.

        Raises:
            SourceError: what comes is no live picture, or cannot be read further.
        """
        try:
            while not stop() and not source.ended and not self._clock_stepped(source):
                frame = source.poll()
                if frame is not None:
                    self._look(frame, source)
                elif self._lost_for_long(source):
                    self._end()
                self._pulse(source)
            self._pulse(source, at_once=True)
        finally:
            self._end()

    def _look(self, frame: Frame, source: LiveSource) -> None:
        offset = source.clock_offset
        if offset is None:
            raise SourceError("what comes is a recording, not a camera")
        if self._fresh:
            self._fresh = False
            self._tell(Started())
        result = self._engine.process(frame)
        self._looked += 1
        self._last_frame = time.monotonic()
        self._looks.add(frame, result)
        source.still_every = self._pace.after(result)
        pictures = self._looks.pictures(result.events)
        tracks = by_passage(result.tracks, self._passage_of)
        self._tell(Seen(result.time, frame.time - offset, tracks, result.events, pictures))

    def _end(self) -> None:
        """End what is followed; the next frame begins anew."""
        events = self._engine.finish()
        if events:
            self._tell(Flushed(events))
        self._looks.forget()
        self._pace = Pace(self._look_every)
        self._fresh = True

    def _lost_for_long(self, source: LiveSource) -> bool:
        last = self._last_frame
        # A source that was asked for fewer pictures is silent in between.
        patience = FORGET_AFTER + source.still_every
        return not self._fresh and last is not None and time.monotonic() - last > patience

    def _clock_stepped(self, source: LiveSource) -> bool:
        """Whether the wall clock has left the time that frames are given."""
        offset = source.clock_offset
        return offset is not None and abs(time.time() - time.monotonic() - offset) > _MAX_STEP

    def _pulse(self, source: LiveSource, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._told < _PULSE_EVERY:
            return
        stats = source.stats
        came = stats.frames + stats.still + stats.dropped
        if 0 < self._told < now:
            rate = max(0, came - self._came) / (now - self._told)
            self._fps += 0.3 * (rate - self._fps)
        self._told, self._came = now, came
        age = None if self._last_frame is None else now - self._last_frame
        self._tell(Pulse(source.status, stats, round(self._fps, 2), self._looked, age))
