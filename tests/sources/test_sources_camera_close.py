"""`close` of another thread at the worst moments, and a reader that crashed before."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from typing import Any

import psutil
import pytest

from lpr.sources import CameraSource, LiveOptions
from lpr.sources import camera as camera_module
from lpr.sources.address import parse_address
from lpr.sources.process import ReaderProcess

PATIENCE = 60.0


def lost_camera(**settings: Any) -> CameraSource:
    """A camera behind a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = LiveOptions(timeout=5, retry_delay=0.05, max_retry_delay=0.2, wait=True, **settings)
    return CameraSource(parse_address(f"http://127.0.0.1:{port}/x"), options=options)


def close_elsewhere(source: CameraSource) -> None:
    thread = threading.Thread(target=source.close)
    thread.start()
    thread.join()


def test_a_reader_that_starts_while_the_source_is_closed_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = lost_camera()
    started: list[ReaderProcess] = []

    def start_late(camera: Any, **settings: Any) -> ReaderProcess:
        close_elsewhere(source)
        started.append(ReaderProcess(camera, **settings))
        return started[0]

    monkeypatch.setattr(camera_module, "ReaderProcess", start_late)
    first = source.reader_pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert list(source) == []
    assert source.reader_pid is None
    deadline = time.monotonic() + PATIENCE
    while psutil.pid_exists(started[0].pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_source_closed_while_it_asks_for_a_frame_just_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = lost_camera()
    ask = ReaderProcess.ask

    def ask_late(reader: ReaderProcess, *args: Any, **settings: Any) -> None:
        close_elsewhere(source)
        ask(reader, *args, **settings)

    monkeypatch.setattr(ReaderProcess, "ask", ask_late)
    assert list(source) == []
    assert source.ended
    assert source.stats.restarts == 0


def test_a_reader_that_cannot_be_started_again_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine may be short of processes or memory for a moment."""
    started: list[int] = []

    def start(camera: Any, **settings: Any) -> ReaderProcess:
        started.append(len(started))
        if started[-1] == 1:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return ReaderProcess(camera, **settings)

    monkeypatch.setattr(camera_module, "ReaderProcess", start)
    with lost_camera() as source:
        pid = source.reader_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        reasons = set()
        while len(started) < 3 and time.monotonic() < deadline:
            source.poll()
            reasons.add(source.status.reason)
        assert len(started) == 3
        assert not source.ended
    assert any("cannot be started" in reason for reason in reasons)


def test_no_reader_gets_what_is_withheld_nor_the_one_that_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "open-sesame")
    with lost_camera(withheld=frozenset({"RELAY_PASSWORD"})) as source:
        first = source.reader_pid
        assert first is not None
        assert "RELAY_PASSWORD" not in psutil.Process(first).environ()
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while source.reader_pid in (first, None):
            assert time.monotonic() < deadline
            source.poll()
        second = source.reader_pid
        assert second is not None
        assert "RELAY_PASSWORD" not in psutil.Process(second).environ()
