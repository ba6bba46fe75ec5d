"""Tiny videos and sounds, made by the tests that need them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

VideoMaker = Callable[..., Path]


def grey_level(index: int) -> int:
    """The brightness of frame `index` in the generated videos."""
    return 20 + (index * 7) % 200


def write_video(
    path: Path,
    *,
    count: int = 20,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[float] | None = None,
    rate: int = 25,
    rotation: float | None = None,
    hflip: bool = False,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    image: np.ndarray | None = None,
    noisy: bool = False,
) -> Path:
    """Write a video whose frames are grey, brighter with each, with a white top left quarter."""
    width, height = size
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.options = options or {}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=hflip)
        for index in range(count):
            picture = np.full((height, width, 3), grey_level(index), np.uint8)
            picture[: height // 4, : width // 4] = 255
            if noisy:
                noise = np.random.default_rng(index).integers(0, 255, picture.shape, np.uint8)
                picture = noise.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture if image is None else image, "bgr24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Write a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(stream, AudioStream)
        for _ in range(8):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.sample_rate = 8000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> VideoMaker:
    """Writes a video into the test's folder: see `write_video`."""

    def make(name: str = "clip.mp4", **settings: object) -> Path:
        return write_video(tmp_path / name, **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file with sound and no video."""
    return write_sound(tmp_path / "sound.mp4")


PYTHON = Path("/usr/bin/python3")

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


@pytest.fixture
def rtsp_port(server: RtspServer) -> int:
    """The port of a running server."""
    return server.port
