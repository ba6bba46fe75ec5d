"""Keeps one camera's worker running: starts it, watches it, replaces it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Protocol

from lpr.service.messages import Failed, Pulse, Report
from lpr.sources.status import CameraState, CameraStats, CameraStatus

_LOG = logging.getLogger(__name__)

START_PATIENCE = 120.0
"""Seconds until a new worker must have said something: a busy machine opens networks slowly."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_SOUND_AFTER = 60.0
_STALE_AFTER = 5.0
_AT_FIRST = frozenset(("", "starting", "connecting"))
"""Reasons that are no trouble: every camera gives them when it starts."""


class Process(Protocol):
    """A worker; `lpr.service.process.WorkerProcess` is one."""

    @property
    def pid(self) -> int:
        """The process's number."""
        ...

    @property
    def waiting(self) -> int:
        """Reports that came and were not taken yet."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it has ended and all that it told was taken."""
        ...

    def take(self) -> Report | None:
        """Return the next report; None where none waits."""
        ...

    def ask_to_stop(self) -> None:
        """Let it tell what is due and end."""
        ...

    def kill(self) -> str:
        """End it now; returns how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """What is known of one camera now.

    Attributes:
        camera: its name.
        status: whether it works.
        stats: its counters since the service started.
        fps: pictures that come a second.
        looked: frames that went through the engine since the service started.
        frame_age: seconds since its last picture; None before the first.
        queue: reports that wait for the service.
        pid: number of its worker; None while there is none.
        restarts: how often its worker was replaced.
    """

    camera: str
    status: CameraStatus
    stats: CameraStats
    fps: float
    looked: int
    frame_age: float | None
    queue: int
    pid: int | None
    restarts: int


class CameraKeeper:
    """Keeps one camera's worker running; its time is always an argument.

    Args:
        camera: the camera's name.
        start: starts a worker.
        timeout: seconds of silence after which a worker is replaced.
        time: now, seconds of a clock that only runs forward.
    """

    def __init__(
        self, camera: str, start: Callable[[], Process], *, timeout: float, time: float
    ) -> None:
        self.camera = camera
        self._start = start
        self._timeout = timeout
        self._process: Process | None = None
        self._start_at = time
        self._pause = _FIRST_PAUSE
        self._started = self._heard = time
        self._spoken = False
        self._failed = ""
        self._restarts = 0
        self._status = CameraStatus(CameraState.OFFLINE, "starting")
        self._told = set(_AT_FIRST)
        self._pulse: Pulse | None = None
        self._pulsed = time
        self._base = self._last = CameraStats()
        self._looked_base = self._looked_last = 0

    def tend(self, time: float) -> None:
        """Start a worker that is due; replace one that ended or hangs."""
        process = self._process
        if process is None:
            if time >= self._start_at:
                self._begin(time)
        elif process.gone:
            self._replace(f"its worker {process.kill()}", time)
        elif process.waiting == 0 and time - self._heard > self._patience():
            process.kill()
            self._replace(f"its worker said nothing for {time - self._heard:.0f} s", time)

    def take(self, time: float) -> Report | None:
        """Return the worker's next report; None where none waits."""
        report = self._process.take() if self._process is not None else None
        if report is None:
            return None
        self._heard, self._spoken = time, True
        if isinstance(report, Pulse):
            self._pulse, self._pulsed = report, time
            self._set(report.status)
            self._count(report)
            if time - self._started > _SOUND_AFTER:
                self._pause = _FIRST_PAUSE
        elif isinstance(report, Failed):
            self._failed = report.reason
        return report

    def ask_to_stop(self) -> None:
        """Let the worker tell what is due and end; no other is started."""
        self._start_at = float("inf")
        if self._process is not None:
            self._process.ask_to_stop()

    def kill(self) -> None:
        """End the worker now."""
        self._start_at = float("inf")
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    @property
    def stopped(self) -> bool:
        """Whether there is no worker, and all that it told was taken."""
        return self._process is None or self._process.gone

    def figures(self, time: float) -> CameraFigures:
        """Return what is known of the camera at second `time`."""
        pulse = self._pulse
        process = self._process
        age = None
        if pulse is not None and pulse.frame_age is not None:
            age = pulse.frame_age + time - self._pulsed
        status = self._status
        if status.state is CameraState.ONLINE and time - self._heard > _STALE_AFTER:
            silence = f"its worker has said nothing for {time - self._heard:.0f} s"
            status = CameraStatus(CameraState.DEGRADED, silence)
        return CameraFigures(
            camera=self.camera,
            status=status,
            stats=self._last,
            fps=pulse.fps if pulse is not None and process is not None else 0.0,
            looked=self._looked_last,
            frame_age=age,
            queue=process.waiting if process is not None else 0,
            pid=process.pid if process is not None else None,
            restarts=self._restarts,
        )

    def _begin(self, time: float) -> None:
        self._started = self._heard = time
        self._spoken = False
        self._base, self._looked_base = self._last, self._looked_last
        try:
            self._process = self._start()
        except OSError as error:
            self._replace(f"its worker cannot be started: {error.strerror}", time)

    def _replace(self, reason: str, time: float) -> None:
        self._process = None
        self._restarts += 1
        self._start_at = max(self._start_at, time + self._pause)
        # What the worker said at last tells more than how it ended.
        reason, self._failed = self._failed or reason, ""
        _LOG.warning("camera %s: %s; the next one starts in %g s", self.camera, reason, self._pause)
        self._told.add(reason)
        self._set(CameraStatus(CameraState.OFFLINE, reason))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _patience(self) -> float:
        return self._timeout if self._spoken else max(self._timeout, START_PATIENCE)

    def _count(self, pulse: Pulse) -> None:
        """Add a worker's counters to those of the workers before it."""
        if pulse.looked < self._looked_last - self._looked_base:
            self._looked_base = self._looked_last
        self._looked_last = self._looked_base + pulse.looked
        names = [one.name for one in fields(CameraStats)]
        before = {name: getattr(self._last, name) - getattr(self._base, name) for name in names}
        # A worker that opened its camera anew counts from nothing.
        if any(getattr(pulse.stats, name) < before[name] for name in names):
            self._base = self._last
        self._last = CameraStats(
            **{name: getattr(self._base, name) + getattr(pulse.stats, name) for name in names}
        )

    def _set(self, status: CameraStatus) -> None:
        if status.state is CameraState.ONLINE:
            self._told = set(_AT_FIRST)
        if status.state is not self._status.state or status.reason not in self._told:
            self._told.add(status.reason)
            level = logging.INFO if status.state is CameraState.ONLINE else logging.WARNING
            reason = f": {status.reason}" if status.reason else ""
            _LOG.log(level, "camera %s is %s%s", self.camera, status.state.value, reason)
        self._status = status
