"""What the process that reads a camera says of a still picture, on a clock of the test's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.container import InputContainer

from lpr.sources import MotionOptions, reader
from lpr.sources.connect import Camera, Connection
from lpr.sources.reader import Reader

RATE = 15


class Paced:
    """A camera's container: each packet comes 1/15 s after the one before."""

    def __init__(self, container: InputContainer, clock: list[float]) -> None:
        self._container, self._clock = container, clock
        self.format, self.duration, self.size = container.format, None, None

    def demux(self, stream: Any) -> Iterator[Any]:
        for packet in self._container.demux(stream):
            self._clock[0] += 1 / RATE
            yield packet


class Owner(io.BytesIO):
    """What the reader says, and when."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__()
        self._clock = clock
        self.heard = [clock[0]]

    def write(self, data: Any) -> int:
        self.heard.append(self._clock[0])
        return super().write(data)


@pytest.mark.parametrize("timeout", [1.0, 2.0, 4.0, 10.0])
def test_a_still_picture_is_no_silence_however_short_the_patience(
    make_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, timeout: float
) -> None:
    path = make_video(
        "still.mp4",
        count=RATE * 30,
        rate=RATE,
        image=np.full((48, 64, 3), 128, np.uint8),
        options={"g": "1000", "bf": "0"},
    )
    clock = [100.0]
    now = SimpleNamespace(monotonic=lambda: clock[0], time=lambda: clock[0])
    monkeypatch.setattr(reader, "time", now)
    monkeypatch.setattr("lpr.sources.connect.time", now)
    motion = json.dumps(asdict(MotionOptions()))
    camera = Camera(
        "stream", "rtsp://c", "rtsp://c", "c", timeout, 0.1, 1.0, "tcp", 1, 0, 0, 0.0, motion
    )
    owner = Owner(clock)
    reading = Reader(camera, io.BytesIO(), owner)
    assert reading._attention is not None
    reading._attention.still_every = 3.0
    decoded = [clock[0]]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        connection = Connection(camera, Paced(container, clock), stream)  # type: ignore[arg-type]
        for picture in reading._pictures(connection):
            decoded.append(clock[0])
            if reading._passes(picture):
                owner.heard.append(clock[0])
    assert len(decoded) < RATE * 20, "it dozes"
    assert longest(decoded) < timeout
    assert longest(owner.heard) < timeout / 5, "or it counts as late"


def longest(times: list[float]) -> float:
    return max(after - before for before, after in pairwise(times))


@pytest.mark.parametrize("size", [None, -38, 1 << 40, 1000])
def test_a_stream_of_unknown_length_is_live_whichever_pyav_tells_so(size: int | None) -> None:
    """PyAV 19 says None, those before it say what FFmpeg does: -38."""
    camera = Camera(
        "stream", "http://c", "http://c", "c", 1.0, 0.1, 1.0, "tcp", 1, 0, 0, 0.0, "null"
    )
    container = SimpleNamespace(format=SimpleNamespace(name="mpegts"), duration=None, size=size)
    connection = Connection(camera, container, None)  # type: ignore[arg-type]
    assert connection.recording is (size == 1000)
