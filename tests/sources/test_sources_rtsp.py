"""A real RTSP server (GStreamer's) on loopback: cut, frozen, restarted, with another picture size.

Debian: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good
gstreamer1.0-plugins-ugly. Without them these tests fail in CI and are skipped elsewhere.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from lpr.errors import SourceError
from lpr.sources import CameraSource, CameraState, LiveOptions, open_source
from lpr.sources.address import parse_address
from lpr.types import Frame

PATIENCE = 120.0
PYTHON = Path("/usr/bin/python3")
OPTIONS = LiveOptions(timeout=5, retry_delay=0.1, max_retry_delay=1.0)

SERVER = """
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

port, width, height, password = sys.argv[1:]
Gst.init(None)
for element in ("videotestsrc", "x264enc", "rtph264pay"):
    assert Gst.ElementFactory.find(element), element
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true pattern=ball"
    f" ! video/x-raw,width={width},height={height},framerate=25/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
factory.set_shared(True)
if password:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic("admin", password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/live", factory)
assert server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


class RtspServer:
    """A server that can be stopped, frozen and started again on the same port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def start(self, width: int = 320, height: int = 240, password: str = "") -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-c", SERVER, str(self.port), str(width), str(height), password],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line != "ready\n":
            self.stop()
            raise RuntimeError("the RTSP server does not start")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def gstreamer() -> None:
    """GStreamer's RTSP server, or a reason."""
    server = RtspServer()
    try:
        server.start()
    except (OSError, RuntimeError) as error:
        reason = f"GStreamer's RTSP server is not installed: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    finally:
        server.stop()


@pytest.fixture
def server(gstreamer: None) -> Iterator[RtspServer]:
    made = RtspServer()
    made.start()
    yield made
    made.stop()


def open_camera(url: str) -> CameraSource:
    source = open_source(url, live=OPTIONS)
    assert isinstance(source, CameraSource)
    return source


def play_until(
    source: CameraSource, done: Callable[[Frame], bool], frames: list[Frame]
) -> list[Frame]:
    deadline = time.monotonic() + PATIENCE
    for frame in source:
        frames.append(frame)
        if done(frame):
            return frames
        assert time.monotonic() < deadline, f"{source.status} {source.stats}"
    raise AssertionError("the source ended")


def check_order(frames: list[Frame]) -> None:
    assert all(after.index > before.index for before, after in pairwise(frames))
    assert all(after.time > before.time for before, after in pairwise(frames))


def test_frames_have_the_cameras_times(server: RtspServer) -> None:
    """What the server had buffered comes first, in a burst; the steps behind it are true."""
    with open_camera(server.url) as source:
        assert (source.info.width, source.info.height) == (320, 240)
        assert source.info.live
        frames = play_until(source, lambda frame: frame.index >= 200, [])
        assert source.status.state is CameraState.ONLINE
    check_order(frames)
    steps = [
        (after.time - before.time) / (after.index - before.index)
        for before, after in pairwise(frames)
    ]
    assert statistics.median(steps[-50:]) == pytest.approx(1 / 25, abs=0.004)
    assert abs(frames[-1].time - time.time()) < PATIENCE


def test_a_restarted_server_is_found_again(server: RtspServer) -> None:
    """The cable is cut, and the camera comes back with another picture size."""
    with open_camera(server.url) as source:
        frames = play_until(source, lambda frame: frame.index >= 5, [])
        server.stop()
        server.start(width=400, height=304)
        frames = play_until(source, lambda frame: frame.image.shape == (304, 400, 3), frames)
        assert source.stats.losses >= 1
        assert source.stats.restarts == 0
        assert source.info.width == 400
    check_order(frames)


def test_a_frozen_server_is_noticed_and_found_again(server: RtspServer) -> None:
    states: list[CameraState] = []
    with CameraSource(
        parse_address(server.url),
        options=OPTIONS,
        on_status=lambda status: thaw(status.state, states, server),
    ) as source:
        frames = play_until(source, lambda frame: frame.index >= 5, [])
        server.send(signal.SIGSTOP)
        frames = play_until(
            source,
            lambda _: CameraState.OFFLINE in states and source.status.state is CameraState.ONLINE,
            frames,
        )
    check_order(frames)
    assert states.index(CameraState.DEGRADED) < states.index(CameraState.OFFLINE)


def thaw(state: CameraState, states: list[CameraState], server: RtspServer) -> None:
    states.append(state)
    if state is CameraState.OFFLINE:
        server.send(signal.SIGCONT)


def test_passwords(gstreamer: None) -> None:
    server = RtspServer()
    server.start(password="hunter22")  # noqa: S106
    try:
        good = server.url.replace("//", "//admin:hunter22@")
        with open_camera(good) as source:
            frames = play_until(source, lambda frame: frame.index >= 2, [])
            assert "hunter22" not in f"{source.info} {source.status} {frames[0].camera}"
        wrong = server.url.replace("//", "//admin:hunter23@")
        with pytest.raises(SourceError, match="refused the user name or password") as caught:
            open_camera(wrong)
        assert "hunter23" not in str(caught.value)
    finally:
        server.stop()
