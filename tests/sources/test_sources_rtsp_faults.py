"""What a bad network does to a real RTSP stream: garbage, a jump, too little room, too much delay.

A proxy on loopback stands between GStreamer's RTSP server and the reader; RTSP over TCP carries
pictures and commands on one connection, so that whatever the proxy does hits the pictures.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import psutil
import pytest

from lpr.sources import CameraSource, CameraState, LiveOptions, MotionOptions
from lpr.sources.address import parse_address
from lpr.types import Frame

PATIENCE = 120.0
OPTIONS = LiveOptions(timeout=5, retry_delay=0.1, max_retry_delay=1.0, motion=MotionOptions())


class BadNetwork:
    """Passes bytes between a client and a server, and spoils those to the client when told to.

    Attributes:
        garbage: bytes to put into the stream once.
        rate: bytes a second at most; None without limit.
        stalled: while set, nothing goes to the client.
    """

    def __init__(self, port: int) -> None:
        self.garbage = b""
        self.rate: float | None = None
        self.stalled = threading.Event()
        self._target = port
        self._closed = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def close(self) -> None:
        self._closed.set()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closed.is_set():
                client, _ = self._server.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                for source, sink, spoil in ((client, server, False), (server, client, True)):
                    threading.Thread(
                        target=self._pass, args=(source, sink, spoil), daemon=True
                    ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, spoil: bool) -> None:
        with contextlib.suppress(OSError), source, sink:
            while not self._closed.is_set() and (data := source.recv(4096)):
                if spoil:
                    data = self._spoiled(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _spoiled(self, data: bytes) -> bytes:
        while self.stalled.is_set() and not self._closed.is_set():
            time.sleep(0.02)
        if self.rate is not None:
            time.sleep(len(data) / self.rate)
        garbage, self.garbage = self.garbage, b""
        return garbage + data


@pytest.fixture
def network(rtsp_port: int) -> Iterator[BadNetwork]:
    made = BadNetwork(rtsp_port)
    yield made
    made.close()


def play_until(source: CameraSource, done: Callable[[Frame], bool]) -> list[Frame]:
    frames: list[Frame] = []
    deadline = time.monotonic() + PATIENCE
    for frame in source:
        frames.append(frame)
        if done(frame):
            check_order(frames)
            return frames
        assert time.monotonic() < deadline, f"{source.status} {source.stats}"
    raise AssertionError("the source ended")


def check_order(frames: list[Frame]) -> None:
    assert all(after.index > before.index for before, after in pairwise(frames))
    assert all(after.time > before.time for before, after in pairwise(frames))


def behind(source: CameraSource, index: int, count: int = 10) -> list[Frame]:
    """Play until the camera is online and `count` frames behind `index` have come."""
    return play_until(
        source,
        lambda frame: frame.index > index + count and source.status.state is CameraState.ONLINE,
    )


def test_garbage_in_the_stream_is_survived(network: BadNetwork) -> None:
    rng = np.random.default_rng(0)
    with CameraSource(parse_address(network.url), options=OPTIONS) as source:
        last = behind(source, 0)[-1].index
        for size in (1, 100, 5_000, 50_000):
            network.garbage = rng.bytes(size)
            # Frames that were under way come first, however many.
            last = play_until(source, lambda frame: not network.garbage)[-1].index
            last = behind(source, last)[-1].index
        assert not network.garbage
        assert source.reader_pid is not None
    stats = source.stats
    assert stats.restarts <= 4, "the reader does not die of it"


def test_a_stall_is_degraded_then_made_up_or_connected_again(network: BadNetwork) -> None:
    states: list[CameraState] = []
    with CameraSource(
        parse_address(network.url),
        options=OPTIONS,
        on_status=lambda status: states.append(status.state),
    ) as source:
        last = behind(source, 0)[-1].index
        network.stalled.set()
        timer = threading.Timer(2.5, network.stalled.clear)
        timer.start()
        after = behind(source, last, 60)
        timer.join()
    assert CameraState.DEGRADED in states
    assert after[-1].time > after[0].time


def test_a_slow_network_keeps_memory_flat_and_time_true(network: BadNetwork) -> None:
    """Too little room for the stream: frames are late or lost, nothing piles up on this side."""
    with CameraSource(parse_address(network.url), options=OPTIONS) as source:
        last = behind(source, 0, 40)[-1].index
        assert source.reader_pid is not None
        before = psutil.Process(source.reader_pid).memory_info().rss
        network.rate = 15_000.0
        slow = time.monotonic() + 6
        frames = play_until(source, lambda _: time.monotonic() > slow)
        network.rate = None
        assert source.reader_pid is not None
        after = psutil.Process(source.reader_pid).memory_info().rss
        behind(source, max(last, frames[-1].index))
    assert after < before + 64e6


def test_it_is_back_within_seconds_of_the_network(network: BadNetwork) -> None:
    """Reconnecting waits at most a second here, whatever the cut's length."""
    with CameraSource(parse_address(network.url), options=OPTIONS) as source:
        behind(source, 0)
        network.stalled.set()
        for _ in range(2000):
            source.poll()
            if source.status.state is CameraState.OFFLINE:
                break
        assert source.status.state is CameraState.OFFLINE
        network.stalled.clear()
        started = time.monotonic()
        while source.poll() is None:
            assert time.monotonic() - started < PATIENCE
        waited = time.monotonic() - started
    if not os.environ.get("CI") and os.getloadavg()[0] < (os.cpu_count() or 1):
        assert waited < 5.0
