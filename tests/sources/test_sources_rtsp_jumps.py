"""Clocks that jump under a live RTSP stream: the camera's timestamps, the computer's wall clock.

A proxy on loopback takes the stream of GStreamer's RTSP server apart (RFC 2326, section 10.12:
interleaved RTP) and moves the timestamps of its pictures.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, cast

import pytest

from lpr.sources import CameraSource, CameraState, LiveOptions
from lpr.sources.address import parse_address
from lpr.types import Frame

PATIENCE = 120.0
OPTIONS = LiveOptions(timeout=5, retry_delay=0.1, max_retry_delay=1.0)
RTP_RATE = 90_000


class ShiftedCamera:
    """Passes RTSP on, and moves RTP timestamps by `shift` seconds.

    Attributes:
        shift: seconds that are added to the timestamps from now on.
        moved: packets whose timestamps were moved.
    """

    def __init__(self, port: int) -> None:
        self.shift = 0.0
        self.moved = 0
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for work in (self._up, self._down):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client, server:
            while data := client.recv(4096):
                server.sendall(data)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client, server, server.makefile("rb") as stream:
            answers = cast(BinaryIO, stream)
            while first := answers.read(1):
                client.sendall(self._packet(answers) if first == b"$" else _answer(first, answers))

    def _packet(self, stream: BinaryIO) -> bytes:
        head = stream.read(3)
        channel, size = struct.unpack("!BH", head)
        data = bytearray(stream.read(size))
        if channel == 0 and self.shift:
            (stamp,) = struct.unpack_from("!I", data, 4)
            struct.pack_into("!I", data, 4, (stamp + round(self.shift * RTP_RATE)) % 2**32)
            self.moved += 1
        return b"$" + head + bytes(data)


def _answer(first: bytes, stream: BinaryIO) -> bytes:
    """An answer of the server with its body, whose size its head tells."""
    lines = [first + stream.readline()]
    size = 0
    while lines[-1] not in (b"\r\n", b""):
        lines.append(stream.readline())
        name, _, value = lines[-1].partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return b"".join(lines) + stream.read(size)


@pytest.fixture
def shifted(rtsp_port: int) -> Iterator[ShiftedCamera]:
    made = ShiftedCamera(rtsp_port)
    yield made
    made.close()


def play(source: CameraSource, count: int) -> list[Frame]:
    """Return the next frames; their times and numbers rise."""
    frames: list[Frame] = []
    deadline = time.monotonic() + PATIENCE
    for frame in source:
        frames.append(frame)
        if len(frames) >= count:
            break
        assert time.monotonic() < deadline, f"{source.status} {source.stats}"
    assert all(after.index > before.index for before, after in pairwise(frames))
    assert all(after.time > before.time for before, after in pairwise(frames))
    return frames


@pytest.mark.parametrize("shift", [3600.0, -3600.0, 30.0])
def test_a_jump_of_the_cameras_timestamps_is_counted_and_not_seen(
    shifted: ShiftedCamera, shift: float
) -> None:
    with CameraSource(parse_address(shifted.url), options=OPTIONS) as source:
        before = play(source, 30)
        assert source.stats.jumps == 0
        offset = source.clock_offset
        shifted.shift = shift
        after = play(source, 60)
        deadline = time.monotonic() + PATIENCE
        # FFmpeg calls the packets around a step back damaged: for a moment it is no more than that.
        while source.status.state is not CameraState.ONLINE and time.monotonic() < deadline:
            after += play(source, 1)
        stats = source.stats
        assert shifted.moved
        assert stats.jumps >= 1
        assert (stats.losses, stats.restarts) == (0, 0)
        assert source.status.state is CameraState.ONLINE
        assert source.clock_offset == offset
    assert after[0].time > before[-1].time
    assert abs(after[-1].time - time.time()) < 20, "it is neither an hour nor half a minute off"


def test_frames_do_not_follow_a_step_of_the_wall_clock(
    shifted: ShiftedCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with CameraSource(parse_address(shifted.url), options=OPTIONS) as source:
        before = play(source, 30)
        offset = source.clock_offset
        assert offset is not None
        assert abs(real() - time.monotonic() - offset) < 2
        for step in (7200.0, -7200.0):
            monkeypatch.setattr(time, "time", lambda step=step: real() + step)
            after = play(source, 30)
            assert source.clock_offset == offset, "ages are told by it"
            assert abs(time.time() - time.monotonic() - offset) > 7000, "so that the step shows"
            assert before[-1].time < after[0].time < real() + 20
            before = after
        assert (source.stats.losses, source.stats.jumps) == (0, 0)
