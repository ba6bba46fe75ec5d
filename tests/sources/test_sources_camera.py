"""A camera on loopback that can be frozen, cut and made to send anything."""

from __future__ import annotations

import http.server
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from lpr.errors import SourceError
from lpr.sources import CameraSource, CameraState, LiveOptions, VideoSource, open_source
from lpr.sources.address import parse_address
from lpr.types import Frame

PATIENCE = 90.0
OPTIONS = LiveOptions(timeout=20, retry_delay=0.05, max_retry_delay=0.2)


def jpeg(level: int, size: tuple[int, int]) -> bytes:
    done, data = cv2.imencode(".jpg", np.full((size[1], size[0], 3), level, np.uint8))
    assert done
    return data.tobytes()


class Camera:
    """An MJPEG camera. Its pictures' brightness counts the pictures."""

    def __init__(self, port: int = 0, files: Path | None = None) -> None:
        self.size = (64, 48)
        self.sent = 0
        self.viewers = 0
        self.running = threading.Event()
        self.running.set()
        self.cut = threading.Event()
        self.garbage = b""
        self.status = 200
        self.files = files
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                return

            def do_GET(self) -> None:
                camera.viewers += 1
                if camera.files is not None:
                    data = (camera.files / self.path.lstrip("/")).read_bytes()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                elif camera.status != 200:
                    self.send_error(camera.status)
                else:
                    self.stream()

            def stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
                self.end_headers()
                camera.cut.clear()
                while not camera.cut.is_set():
                    if not camera.running.wait(0.1):
                        continue
                    body = jpeg(camera.sent % 250, camera.size)
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}"
                    if camera.garbage:
                        self.wfile.write(camera.garbage)
                        camera.garbage = b""
                    self.wfile.write(head.encode() + b"\r\n\r\n" + body + b"\r\n")
                    camera.sent += 1
                    time.sleep(0.02)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                return

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def url(self, path: str = "live") -> str:
        return f"http://admin:hunter22@127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        self.cut.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def camera() -> Iterator[Camera]:
    served = Camera()
    yield served
    served.close()


def play_until(
    source: CameraSource, done: Callable[[Frame], bool], frames: list[Frame] | None = None
) -> list[Frame]:
    """Play until a frame satisfies `done`."""
    seen = [] if frames is None else frames
    deadline = time.monotonic() + PATIENCE
    for frame in source:
        seen.append(frame)
        if done(frame):
            return seen
        assert time.monotonic() < deadline, f"{source.status} {source.stats}"
    raise AssertionError("the source ended")


def open_camera(camera: Camera, options: LiveOptions = OPTIONS) -> CameraSource:
    source = open_source(camera.url(), live=options)
    assert isinstance(source, CameraSource)
    return source


def check_order(frames: list[Frame]) -> None:
    assert all(after.index > before.index for before, after in pairwise(frames))
    assert all(after.time > before.time for before, after in pairwise(frames))


def test_frames_come_live_and_without_credentials(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with open_camera(camera) as source:
        reader = source.reader_pid
        assert reader is not None
        arguments = " ".join(psutil.Process(reader).cmdline())
        frames = play_until(source, lambda frame: frame.index >= 5)
        assert source.status.state is CameraState.ONLINE
        assert source.info.live
        shown = f"{source.info} {source.status} {source.problems} {frames[0].camera} {arguments}"
    assert "hunter22" not in shown + caplog.text
    assert source.info.name == f"127.0.0.1:{camera.port}/live"
    assert frames[0].image.shape == (48, 64, 3)
    check_order(frames)
    assert abs(time.time() - frames[-1].time) < PATIENCE
    assert not psutil.pid_exists(reader)
    assert source.problems == ()


def test_a_slow_consumer_gets_the_newest_frame_and_a_count(camera: Camera) -> None:
    with open_camera(camera) as source:
        first = next(iter(source))
        before = camera.sent
        while camera.sent < before + 40:
            time.sleep(0.05)
        later = play_until(source, lambda frame: frame.index > first.index + 20)[-1]
        dropped = source.stats.dropped
    assert later.index > first.index + 20
    assert later.index - first.index - 1 <= dropped + 1
    assert dropped >= 20
    assert float(later.image.mean()) > float(first.image.mean()) + 15


def test_a_cut_is_mended(camera: Camera) -> None:
    states = []
    with CameraSource(
        parse_address(camera.url()),
        camera="gate",
        options=OPTIONS,
        on_status=lambda status: states.append(status.state),
    ) as source:
        frames = play_until(source, lambda frame: frame.index >= 3)
        viewers = camera.viewers
        camera.cut.set()
        frames = play_until(source, lambda _: camera.viewers > viewers, frames)
        last = frames[-1].index
        frames = play_until(source, lambda frame: frame.index > last + 3, frames)
        assert source.stats.losses == 1
        assert source.stats.restarts == 0
        assert source.status.state is CameraState.ONLINE
        assert "connections lost: 1" in source.problems[0]
    check_order(frames)
    assert [state for state, after in pairwise([*states, None]) if state is not after] == [
        CameraState.ONLINE,
        CameraState.OFFLINE,
        CameraState.ONLINE,
    ]


def test_a_freeze_is_noticed_and_mended(camera: Camera) -> None:
    options = LiveOptions(timeout=3, retry_delay=0.05, max_retry_delay=0.2)
    states = []
    with CameraSource(
        parse_address(camera.url()),
        options=options,
        on_status=lambda status: states.append(status),
    ) as source:
        frames = play_until(source, lambda frame: frame.index >= 2)
        viewers = camera.viewers
        camera.running.clear()
        thaw = threading.Thread(target=lambda: thaw_after(camera, viewers))
        thaw.start()
        frames = play_until(source, lambda _: camera.viewers > viewers, frames)
        thaw.join()
    check_order(frames)
    assert any(status.state is CameraState.DEGRADED for status in states), states
    offline = [status for status in states if status.state is CameraState.OFFLINE]
    assert offline
    assert all(status.reason for status in offline)


def thaw_after(camera: Camera, viewers: int) -> None:
    """Let the camera go on once the reader has given up and connected again."""
    deadline = time.monotonic() + PATIENCE
    while camera.viewers == viewers and time.monotonic() < deadline:
        time.sleep(0.05)
    camera.running.set()


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV])
def test_a_reader_that_hangs_or_crashes_is_replaced(camera: Camera, how: signal.Signals) -> None:
    options = LiveOptions(timeout=3, retry_delay=0.05, max_retry_delay=0.2)
    with open_camera(camera, options) as source:
        frames = play_until(source, lambda frame: frame.index >= 2)
        reader = source.reader_pid
        assert reader is not None
        os.kill(reader, how)
        frames = play_until(source, lambda _: source.reader_pid != reader, frames)
        assert not psutil.pid_exists(reader)
        assert source.stats.restarts >= 1
    check_order(frames)


def test_size_change_and_garbage_in_mid_stream(camera: Camera) -> None:
    with open_camera(camera) as source:
        frames = play_until(source, lambda frame: frame.index >= 2)
        camera.size = (96, 80)
        frames = play_until(source, lambda frame: frame.image.shape == (80, 96, 3), frames)
        assert (source.info.width, source.info.height) == (96, 80)
        camera.garbage = np.random.default_rng(0).bytes(20_000)
        sent = camera.sent
        frames = play_until(source, lambda _: camera.sent > sent + 5, frames)
        last = frames[-1].index
        frames = play_until(source, lambda frame: frame.index > last + 3, frames)
    check_order(frames)


def test_errors_are_clear_and_clean(tmp_path: Path) -> None:
    camera = Camera()
    try:
        for status, words in ((401, "refused the user name or password"), (404, "404|not found")):
            camera.status = status
            with pytest.raises(SourceError, match=f"(?i)^http://127.0.0.1:.*({words})") as caught:
                open_camera(camera)
            assert "hunter22" not in str(caught.value)
    finally:
        camera.close()
    with pytest.raises(SourceError, match="refused"):
        open_camera(camera)
    (tmp_path / "page.html").write_text("<html>not a video</html>" * 50)
    web = Camera(files=tmp_path)
    try:
        with pytest.raises(SourceError, match="no video that can be read"):
            open_source(web.url("page.html"), live=OPTIONS)
    finally:
        web.close()


def test_waiting_for_a_camera_that_comes_later() -> None:
    camera = Camera()
    camera.close()
    options = LiveOptions(timeout=20, retry_delay=0.05, max_retry_delay=0.2, wait=True)
    source = open_source(camera.url(), live=options)
    assert isinstance(source, CameraSource)
    with source:
        assert source.status.reason
        later: list[Camera] = []
        timer = threading.Timer(1.0, lambda: later.append(Camera(camera.port)))
        timer.start()
        frames = play_until(source, lambda frame: frame.index >= 1)
        timer.join()
        assert source.status.state is CameraState.ONLINE
        later[0].close()
    check_order(frames)


def test_no_reconnecting_when_told_so(camera: Camera) -> None:
    with open_camera(camera, LiveOptions(timeout=20, reconnect=False)) as source:
        frames = iter(source)
        next(frames)
        camera.cut.set()
        with pytest.raises(SourceError, match=r"^http://127\.0\.0\.1"):
            for _ in range(10_000):
                next(frames)
        sent = camera.sent
        assert source.ended
        assert source.status.state is CameraState.OFFLINE
        assert list(source) == []
        time.sleep(0.6)
        assert camera.sent <= sent + 1, "nobody connects any more"


def test_a_refused_password_is_not_tried_again_and_again(camera: Camera) -> None:
    """Cameras lock out who does."""
    camera.status = 401
    with open_camera(camera, replace(OPTIONS, wait=True)) as source:
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:
            assert source.poll() is None
        assert source.status.reason == "the camera refused the user name or password"
        assert source.stats.restarts == 0, "its long rest is not taken for a crash"
    assert camera.viewers <= 2, "one login: without and with the password"


def test_a_recording_behind_http_is_delivered_whole(
    tmp_path: Path, make_video: Callable[..., Path]
) -> None:
    path = make_video("recording.mkv", count=60)
    with VideoSource(path) as file:
        expected = [(frame.index, frame.time, int(frame.image[40, 40, 0])) for frame in file]
    web = Camera(files=tmp_path)
    try:
        with open_source(web.url("recording.mkv"), live=OPTIONS) as source:
            assert not source.info.live
            got = []
            for frame in source:
                if frame.index % 20 == 0:
                    time.sleep(0.1)
                got.append((frame.index, frame.time, int(frame.image[40, 40, 0])))
            assert source.problems == ()
    finally:
        web.close()
    assert got == expected


def test_close_from_another_thread_ends_the_iteration(camera: Camera) -> None:
    source = open_camera(camera)
    frames = play_until(source, lambda frame: frame.index >= 1)
    camera.running.clear()
    reader = source.reader_pid
    timer = threading.Timer(0.3, source.close)
    timer.start()
    for frame in source:
        frames.append(frame)
    timer.join()
    source.close()
    assert reader is not None
    assert not psutil.pid_exists(reader)
    camera.running.set()


def test_the_reader_ends_with_its_owner(camera: Camera) -> None:
    code = (
        "import sys\n"
        "from lpr.sources import open_source\n"
        "source = open_source(sys.argv[1])\n"
        "frame = next(iter(source))\n"
        "print(source.reader_pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, camera.url()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as owner:
        assert owner.stdout is not None
        reader = int(owner.stdout.readline())
        assert psutil.pid_exists(reader)
        owner.kill()
    deadline = time.monotonic() + PATIENCE
    while psutil.pid_exists(reader) and psutil.Process(reader).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
