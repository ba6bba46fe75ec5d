"""The service: reports of the cameras in, decisions and figures out, in one thread."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Decision, Reason
from lpr.gate.moment import Moment, system_moment
from lpr.service.figures import GateTally, Latency, SiteFigures
from lpr.service.health import HealthFile
from lpr.service.keeper import CameraKeeper
from lpr.service.lists import ListWatcher
from lpr.service.messages import Flushed, Report, Seen, Started
from lpr.service.outputs import Outputs
from lpr.service.signals import Signals
from lpr.service.systemd import notify
from lpr.sinks.safe import safe_text
from lpr.sources.status import CameraState
from lpr.types import EventKind, PlateEvent

_LOG = logging.getLogger(__name__)

_TICK: Final = 0.2
_BATCH: Final = 32
"""Reports that are taken of one camera before the others have their turn."""
_FINAL: Final = frozenset({EventKind.DEPARTED, EventKind.UNREAD})


class GateService:
    """Runs a site until it is told to stop.

    Args:
        config: the site.
        controller: its gates; closed with the service.
        keepers: its cameras.
        outputs: where events go; closed with the service.
        lists: looks after the plate lists.
        health: the health file.
        wake: set when a report has come.
        shown: returns what the log shall say of a decision.
        disk: returns the bytes free where decisions are written; None where that is not known.
        moment: reads the clocks.
    """

    def __init__(
        self,
        config: GateConfig,
        controller: GateController,
        keepers: Sequence[CameraKeeper],
        *,
        outputs: Outputs,
        lists: ListWatcher,
        health: HealthFile,
        wake: threading.Event,
        shown: Callable[[Decision], Decision],
        disk: Callable[[], int | None],
        moment: Callable[[], Moment] = system_moment,
    ) -> None:
        self._config, self._controller, self._keepers = config, controller, tuple(keepers)
        self._outputs, self._lists, self._health = outputs, lists, health
        self._wake, self._disk, self._moment = wake, disk, moment
        self._shown = shown
        self._gates = {camera.name: gate.name for gate in config.gates for camera in gate.cameras}
        self._tallies = {
            gate.name: GateTally(gate.name, armed=config.opens(gate)) for gate in config.gates
        }
        self._frames = {name: Latency() for name in self._gates}
        self._events: Counter[tuple[str, str]] = Counter()
        self._unrecorded: Mapping[str, str] = {}
        self._started = time.monotonic()
        self._told = -float("inf")
        self._figures = self._measure(self._started)

    def figures(self) -> SiteFigures:
        """Return the latest figures; any thread may ask."""
        return self._figures

    def run(self, signals: Signals) -> bool:
        """Work until told to stop.

        Returns:
            Whether everything ended in order; False where it was cut short.
        """
        notify("READY=1")
        while not signals.stops:
            told, signals.reload = signals.reload, False
            self.turn(told=told)
        notify("STOPPING=1")
        return self._stop(signals)

    def close(self) -> None:
        """End every worker and close outputs and gates; closing twice is harmless."""
        for keeper in self._keepers:
            keeper.kill()
        self._controller.close()
        self._outputs.close()

    def turn(self, *, told: bool = False) -> None:
        """Do what is due, and wait a moment where nothing is.

        Args:
            told: whether the lists are to be loaded in any case.
        """
        now = time.monotonic()
        for keeper in self._keepers:
            keeper.tend(now)
        busy = self._take_reports()
        self._take_failures()
        self._lists.tend(now, told=told)
        if self._is_silent(now):
            self._tell(now)
        if not busy:
            self._wake.wait(_TICK)
        self._wake.clear()

    def _is_silent(self, now: float) -> bool:
        """Whether it is time to tell how the service is."""
        return now - self._told >= self._config.service.health_every

    def _take_reports(self) -> bool:
        busy = False
        for keeper in self._keepers:
            for _ in range(_BATCH):
                report = keeper.take(time.monotonic())
                if report is None:
                    break
                busy = True
                self._take(keeper.camera, report)
                self._say_alive()
        return busy

    def _say_alive(self) -> None:
        """Tell systemd: a store that is locked may keep each decision and each event waiting."""
        if self._is_silent(time.monotonic()):
            notify("WATCHDOG=1")

    def _take_failures(self) -> None:
        """Tell of barriers that did not move."""
        failures = self._controller.finished()
        for one in failures:
            self._note(one.camera, one.decision, one.taken)
        if failures:
            self._outputs.pass_on()

    def _take(self, camera: str, report: Report) -> None:
        if isinstance(report, Started):
            self._controller.camera_started(camera, self._moment())
            self._outputs.camera_started(camera)
        elif isinstance(report, Seen):
            self._see(camera, report)
        elif isinstance(report, Flushed):
            # Too late to open: a verdict that comes with an end is kept, not acted on.
            for event in self._of(camera, report.events):
                if event.kind in _FINAL:
                    self._decide(camera, event, taken=time.monotonic())
                self._keep(camera, event, None)
            self._outputs.pass_on()

    def _see(self, camera: str, seen: Seen) -> None:
        moment = self._moment()
        age = moment.time - seen.taken
        again = self._controller.observe(
            camera,
            seen.tracks,
            time=seen.time,
            age=age,
            moment=moment,
            told={event.track_id for event in seen.events},
        )
        for decision in again:
            self._note(camera, decision, seen.taken)
        for event in self._of(camera, seen.events):
            self._decide(camera, event, taken=seen.taken)
            self._keep(camera, event, seen.pictures.get(event.track_id))
        self._frames[camera].add(time.monotonic() - seen.taken)
        self._outputs.pass_on()

    def _of(self, camera: str, events: Sequence[PlateEvent]) -> list[PlateEvent]:
        """The events that a camera may tell: only its own."""
        own = [event for event in events if event.camera == camera]
        if len(own) < len(events):
            _LOG.error("camera %s told events of another camera; they are not taken", camera)
        return own

    def _decide(self, camera: str, event: PlateEvent, *, taken: float) -> None:
        moment = self._moment()
        decision = self._controller.handle(event, age=moment.time - taken, moment=moment)
        self._note(camera, decision, taken)

    def _note(self, camera: str, decision: Decision, taken: float) -> None:
        moment = self._moment()
        gate = self._gates[camera]
        self._tallies[gate].add(decision, at=moment.now, latency=moment.time - taken)
        unrecorded = {name: text for name, text in self._unrecorded.items() if name != gate}
        if decision.reason is Reason.NOT_RECORDED:
            unrecorded[gate] = decision.detail
        self._unrecorded = unrecorded
        shown = self._shown(decision)
        _LOG.info(
            "gate %s, camera %s: %s (%s) %s %s",
            gate,
            camera,
            shown.action.value,
            shown.reason.value,
            safe_text(shown.text),
            safe_text(shown.detail),
        )
        self._say_alive()

    def _keep(self, camera: str, event: PlateEvent, picture: bytes | None) -> None:
        self._events[camera, event.kind.value] += 1
        self._outputs.event(event, picture)
        self._say_alive()

    def _stop(self, signals: Signals) -> bool:
        """End the workers, take what they still tell, and close everything."""
        _LOG.info("stopping")
        asked = signals.stops
        for keeper in self._keepers:
            keeper.ask_to_stop()
        deadline = time.monotonic() + self._config.service.stop_timeout
        while not all(keeper.stopped for keeper in self._keepers):
            if time.monotonic() >= deadline or signals.stops > asked:
                break
            if not self._take_reports():
                self._wake.wait(_TICK)
            self._wake.clear()
        in_order = all(keeper.stopped for keeper in self._keepers)
        self._take_reports()
        for keeper in self._keepers:
            keeper.kill()
        self._tell(time.monotonic(), state="stopped")
        self.close()
        _LOG.info("stopped" if in_order else "stopped; a camera's worker had to be killed")
        return in_order

    def _tell(self, now: float, *, state: str | None = None) -> None:
        self._told = now
        self._figures = figures = self._measure(now)
        for one in figures.cameras:
            online = one.status.state is not CameraState.OFFLINE
            self._outputs.camera_status(one.camera, online=online and state is None)
        self._health.write(figures, state=state or ("degraded" if figures.problems else "ok"))
        notify("WATCHDOG=1")

    def _measure(self, now: float) -> SiteFigures:
        cameras = tuple(keeper.figures(now) for keeper in self._keepers)
        outputs = self._outputs.figures()
        free = self._disk()
        problems = [
            f"camera {one.camera}: {one.status.state.value}: {one.status.reason}"
            for one in cameras
            if one.status.state is not CameraState.ONLINE
        ]
        problems += [f"gate {gate}: {text}" for gate, text in self._unrecorded.items()]
        problems += [f"{one.name}: {one.problem}" for one in outputs if one.problem]
        if self._lists.problem:
            problems.append(f"lists: {self._lists.problem}")
        if free is not None and free < self._config.service.min_free_mb * 1_000_000:
            problems.append(f"disk: {free // 1_000_000} MB are free; nothing opens")
        return SiteFigures(
            now=self._moment().now,
            uptime=now - self._started,
            cameras=cameras,
            camera_gates=self._gates,
            frames={name: one.copy() for name, one in self._frames.items()},
            events=dict(self._events),
            gates=tuple(tally.figures() for tally in self._tallies.values()),
            outputs=outputs,
            entries=dict(self._lists.entries),
            lists_loaded=self._lists.loaded,
            lists_problem=self._lists.problem,
            list_failures=self._lists.failures,
            disk_free=free,
            problems=tuple(problems),
        )


def free_bytes(path: Path) -> int | None:
    """Return the bytes free beside a file; None where that cannot be told."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None
