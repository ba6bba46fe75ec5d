from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from lpr.config import EngineConfig
from lpr.errors import SourceError
from lpr.service import process, worker
from lpr.service.messages import MessageError, Report
from lpr.service.setup import WorkerSetup
from lpr.sources import CameraState, CameraStats, CameraStatus
from lpr.types import Frame


class Camera:
    """Opens with a wall clock that has just been set, unless it is the last one."""

    def __init__(self, step: float) -> None:
        self.still_every = 0.0
        self.closed = False
        self.clock_offset: float | None = time.time() - time.monotonic() - step
        self.status = CameraStatus(CameraState.ONLINE, "")
        self.stats = CameraStats()

    @property
    def ended(self) -> bool:
        return self.closed

    def poll(self) -> Frame | None:
        time.sleep(0.01)
        return None

    def close(self) -> None:
        self.closed = True


def setup_of(address: str) -> WorkerSetup:
    return WorkerSetup(
        camera="gate",
        address=address,
        engine=EngineConfig(),
        transport="tcp",
        timeout=1.0,
        replay=None,
        motion_gate=False,
        look_every=1.0,
    )


def test_a_step_of_the_clock_opens_the_camera_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Camera] = []

    def open_camera(_: WorkerSetup) -> Camera:
        opened.append(Camera(0.0 if len(opened) == 2 else 60.0))
        return opened[-1]

    monkeypatch.setattr(worker, "open_camera", open_camera)
    inside, outside = os.pipe()
    with (
        os.fdopen(inside, "rb", buffering=0) as commands,
        os.fdopen(outside, "wb", buffering=0) as service,
        (tmp_path / "reports").open("wb", buffering=0) as reports,
    ):
        served = worker.Worker(setup_of("rtsp://camera/live"), commands, reports)
        thread = threading.Thread(target=served.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while len(opened) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert [camera.closed for camera in opened] == [True, True, False]
        monkeypatch.setattr(worker, "_GRACE", 3600.0)  # its thread would end this process
        service.close()
        thread.join(10)
        assert not thread.is_alive()
    assert opened[2].closed


def test_a_worker_whose_message_is_refused_says_so_when_it_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(head: object, body: object) -> Report:
        raise MessageError("a worker sent a malformed message: 'frame_index' must be from 0")

    monkeypatch.setattr(process, "decode", refuse)
    ended = threading.Event()
    running = process.WorkerProcess(setup_of("/nowhere.mp4"), ended.set)
    deadline = time.monotonic() + 60
    while not running.gone:
        assert time.monotonic() < deadline
        ended.wait(0.1)
    assert "because a worker sent a malformed message: 'frame_index'" in running.kill()


def test_a_recording_is_no_camera(samples: Path) -> None:
    with pytest.raises(SourceError, match=r"\.mp4: is no camera; replay"):
        worker.open_camera(setup_of(str(samples / "two-line.mp4")))
