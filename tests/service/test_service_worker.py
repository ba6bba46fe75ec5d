from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from lpr.config import EngineConfig
from lpr.errors import ConfigError
from lpr.gate.config import load_gate_config
from lpr.service import process, worker
from lpr.service.build import build_keepers
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
    running = process.WorkerProcess(setup_of("/nowhere.mp4"), ended.set, withheld=frozenset())
    deadline = time.monotonic() + 60
    while not running.gone:
        assert time.monotonic() < deadline
        ended.wait(0.1)
    assert "because a worker sent a malformed message: 'frame_index'" in running.kill()


def test_no_process_that_decodes_video_gets_a_secret_of_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "open-sesame")
    monkeypatch.setenv("LPR_STORE_KEY", "0123456789abcdef")
    monkeypatch.setenv("KEPT", "kept")
    (tmp_path / "gate.toml").write_text(
        '[store]\n[store.key]\nenv = "LPR_STORE_KEY"\n'
        '[[gates]]\nname = "main"\n'
        'cameras = [{ name = "north", source = "rtsp://127.0.0.1:1/live" }]\n'
        '[gates.actuator]\ntype = "http"\nurl = "http://127.0.0.1:1/"\n'
        'auth = "basic"\nusername = "gate"\npassword_env = "RELAY_PASSWORD"\n'
    )
    config = load_gate_config(tmp_path / "gate.toml")
    (keeper,) = build_keepers(config, EngineConfig(), lambda: None)
    keeper.tend(time.monotonic())
    try:
        worker_pid = keeper.figures(time.monotonic()).pid
        assert worker_pid is not None
        running = psutil.Process(worker_pid)
        deadline = time.monotonic() + 120
        while not (readers := running.children()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for one in (running, *readers):
            given = one.environ()
            assert given["KEPT"] == "kept"
            assert not given.keys() & {"RELAY_PASSWORD", "LPR_STORE_KEY"}
    finally:
        keeper.kill()


def test_a_recording_is_no_camera(samples: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.mp4: is no camera; replay"):
        worker.open_camera(setup_of(str(samples / "two-line.mp4")))
