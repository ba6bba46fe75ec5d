from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from lpr.config import EngineConfig
from lpr.service.keeper import START_PATIENCE, CameraKeeper
from lpr.service.messages import Failed, Pulse, Report, Started
from lpr.service.process import WorkerProcess
from lpr.service.setup import WorkerSetup
from lpr.sources.status import CameraState, CameraStats, CameraStatus


class FakeProcess:
    """A worker that says what a test gives it."""

    pid = 7

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.gone = False
        self.killed = self.asked = False

    @property
    def waiting(self) -> int:
        return len(self.reports)

    def take(self) -> Report | None:
        return self.reports.pop(0) if self.reports else None

    def ask_to_stop(self) -> None:
        self.asked = True

    def kill(self) -> str:
        self.killed = True
        return "was ended by SIGKILL"


class Rig:
    """A keeper and the workers that it started."""

    def __init__(self, start: Callable[[], FakeProcess] | None = None) -> None:
        self.workers: list[FakeProcess] = []
        self.keeper = CameraKeeper("north", start or self.start, timeout=20.0, time=0.0)

    def start(self) -> FakeProcess:
        self.workers.append(FakeProcess())
        return self.workers[-1]

    def killed(self) -> list[bool]:
        """Which of the workers were killed, in the order in which they started."""
        return [worker.killed for worker in self.workers]

    def pulse(self, time: float, *, frames: int = 0, looked: int = 0) -> None:
        status = CameraStatus(CameraState.ONLINE)
        self.workers[-1].reports.append(
            Pulse(status, CameraStats(frames=frames), 15.0, looked, 0.1)
        )
        while self.keeper.take(time) is not None:
            pass


def test_a_worker_that_dies_is_replaced_with_growing_pauses() -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    now = 0.0
    pauses = []
    for _ in range(9):
        rig.workers[-1].gone = True
        rig.keeper.tend(now)
        assert rig.keeper.figures(now).status.state is CameraState.OFFLINE
        assert rig.keeper.figures(now).pid is None
        died, count = now, len(rig.workers)
        while len(rig.workers) == count:
            now += 0.25
            rig.keeper.tend(now)
        pauses.append(now - died)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert rig.keeper.figures(now).restarts == 9


def test_a_sound_worker_makes_the_pause_short_again() -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    for now in (0.0, 0.5):
        rig.workers[-1].gone = True
        rig.keeper.tend(now)
        rig.keeper.tend(now + 0.5 + now)
    rig.pulse(100.0)
    rig.workers[-1].gone = True
    rig.keeper.tend(100.0)
    count = len(rig.workers)
    rig.keeper.tend(100.5)
    assert len(rig.workers) == count + 1


def test_a_silent_worker_is_killed_and_a_slow_start_is_not() -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    rig.keeper.tend(START_PATIENCE - 1)
    assert rig.killed() == [False]
    rig.pulse(START_PATIENCE - 1)
    rig.keeper.tend(START_PATIENCE + 18)
    assert rig.killed() == [False]
    assert rig.keeper.figures(START_PATIENCE + 18).status.state is CameraState.DEGRADED
    rig.keeper.tend(START_PATIENCE + 20)
    assert rig.killed() == [True]
    assert "said nothing" in rig.keeper.figures(START_PATIENCE + 20).status.reason


def test_reports_that_wait_are_no_silence() -> None:
    """The service itself may be slow: what a worker said long ago is still to be taken."""
    rig = Rig()
    rig.keeper.tend(0.0)
    rig.pulse(0.0)
    rig.workers[0].reports.append(Started())
    rig.keeper.tend(1000.0)
    assert rig.killed() == [False]


def test_counters_go_on_over_workers_and_new_connections() -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    rig.pulse(1.0, frames=10, looked=9)
    rig.pulse(2.0, frames=4, looked=3)  # its camera was opened anew
    rig.workers[0].gone = True
    rig.keeper.tend(3.0)
    rig.keeper.tend(4.0)
    rig.pulse(5.0, frames=2, looked=1)
    figures = rig.keeper.figures(5.0)
    assert (figures.stats.frames, figures.looked) == (16, 13)


def test_why_a_worker_failed_is_told() -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    rig.workers[0].reports.append(Failed("no such model"))
    rig.keeper.take(1.0)
    rig.workers[0].gone = True
    rig.keeper.tend(1.0)
    assert rig.keeper.figures(1.0).status == CameraStatus(CameraState.OFFLINE, "no such model")


def test_a_worker_that_cannot_be_started_is_tried_again() -> None:
    def fail() -> FakeProcess:
        raise OSError(12, "Cannot allocate memory")

    rig = Rig(fail)
    rig.keeper.tend(0.0)
    assert "Cannot allocate memory" in rig.keeper.figures(0.0).status.reason
    assert rig.keeper.figures(0.0).restarts == 1


@pytest.mark.parametrize("kill", [False, True])
def test_after_a_stop_nothing_starts(kill: bool) -> None:
    rig = Rig()
    rig.keeper.tend(0.0)
    rig.keeper.ask_to_stop()
    assert rig.workers[0].asked
    if kill:
        rig.keeper.kill()
    else:
        rig.workers[0].gone = True
        assert rig.keeper.stopped
        rig.keeper.tend(1.0)
    rig.keeper.tend(1000.0)
    assert rig.killed() == [True]


def test_the_log_says_plainly_how_a_camera_is(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    with caplog.at_level(logging.INFO):
        rig.keeper.tend(0.0)
        rig.pulse(1.0)
        status = CameraStatus(CameraState.OFFLINE, "the recording has ended")
        rig.workers[-1].reports.append(Pulse(status, CameraStats(), 0.0, 0, None))
        rig.keeper.take(2.0)
    assert caplog.messages == [
        "camera north is online",
        "camera north is offline: the recording has ended",
    ]


def test_why_a_camera_is_offline_is_logged_once_until_it_is_online(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    with caplog.at_level(logging.INFO):
        rig.keeper.tend(0.0)
        for reason in ("connecting", "Connection refused", "timed out", "Connection refused", ""):
            state = CameraState.OFFLINE if reason else CameraState.ONLINE
            status = CameraStatus(state, reason)
            rig.workers[-1].reports.append(Pulse(status, CameraStats(), 0.0, 0, None))
            rig.keeper.take(1.0)
    assert caplog.messages == [
        "camera north is offline: Connection refused",
        "camera north is offline: timed out",
        "camera north is online",
    ]


def test_a_camera_that_never_answers_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it never listens: who connects is refused
        setup = WorkerSetup(
            camera="north",
            address=f"rtsp://127.0.0.1:{taken.getsockname()[1]}/live",
            engine=EngineConfig(threads=1),
            transport="tcp",
            timeout=1.0,
            replay=None,
            motion_gate=False,
            look_every=1.0,
        )
        woken = threading.Event()
        start = partial(WorkerProcess, setup, woken.set, withheld=frozenset())
        keeper = CameraKeeper("north", start, timeout=20.0, time=0.0)
        deadline = time.monotonic() + 60
        keeper.tend(0.0)
        try:
            while not caplog.messages:
                assert time.monotonic() < deadline
                woken.wait(0.1)
                keeper.take(0.0)
        finally:
            keeper.kill()
    assert caplog.messages == ["camera north is offline: Connection refused"]
