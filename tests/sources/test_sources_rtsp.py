"""A real RTSP server (GStreamer's) on loopback: cut, frozen, restarted, with another picture size.

Debian: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good
gstreamer1.0-plugins-ugly. Without them these tests fail in CI and are skipped elsewhere.
"""

from __future__ import annotations

import signal
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from lpr.errors import SourceError
from lpr.sources import CameraSource, CameraState, LiveOptions, open_source
from lpr.sources.address import parse_address
from lpr.types import Frame

if TYPE_CHECKING:
    from tests.sources.conftest import RtspServer

PATIENCE = 120.0
OPTIONS = LiveOptions(timeout=5, retry_delay=0.1, max_retry_delay=1.0)


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


def test_passwords(server: RtspServer) -> None:
    server.stop()
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
