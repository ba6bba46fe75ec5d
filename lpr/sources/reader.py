"""The process that reads one camera: `python -m lpr.sources.reader`, started by `CameraSource`.

FFmpeg may hang or crash on what a network sends; here that ends a process that can be replaced, not
the program. The process connects again by itself after clean failures. It keeps the newest frame
only, and converts and hands it over when asked. The address, with its credentials, comes through
standard input: arguments and environment are visible to others. It ends when standard input does.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from lpr.sources.attention import Attention
from lpr.sources.connect import Camera, Connection, connect, is_refusal
from lpr.sources.doze import Doze
from lpr.sources.motion import luma_plane
from lpr.sources.pixels import FrameConverter
from lpr.sources.transport import Value, receive, send

_MEMORY_LIMIT = 4 << 30
_STILL_EVERY = 1.0
_SIGNS_OF_LIFE = 10
"""Within the owner's patience: it calls a camera late after a fifth of that."""
_REFUSED, _LONGEST_REFUSED = 30.0, 600.0
"""Seconds until a user name and password that were refused are tried again; doubled each time.

Cameras lock out an account or an address after a few wrong ones, and would with it lock out people.
"""
_TELLING = 1.0
_FRUITLESS_TRIES = 3
"""So often a recording is read in which nothing decodes; a web server may have failed."""


class StreamLostError(Exception):
    """The connection is of no more use."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """One decoded frame and what goes with it."""

    frame: av.VideoFrame
    index: int
    pts: float | None
    arrival: float
    wall: float
    wanted: bool


class _Slot:
    """Room for one picture: the newest for a live camera, the next for a recording."""

    def __init__(self) -> None:
        self.dropped = 0
        self._picture: _Picture | None = None
        self._busy = False
        self._state = threading.Condition()

    def put(self, picture: _Picture, *, wait: bool) -> None:
        with self._state:
            while wait and self._picture is not None:
                self._state.wait()
            self.dropped += self._picture is not None
            self._picture = picture
            self._state.notify_all()

    def take(self) -> _Picture:
        """Wait for a picture; it counts as busy until `done`."""
        with self._state:
            while self._picture is None:
                self._state.wait()
            picture, self._picture = self._picture, None
            self._busy = True
            self._state.notify_all()
            return picture

    def done(self) -> None:
        with self._state:
            self._busy = False
            self._state.notify_all()

    def drain(self) -> None:
        """Wait until every picture was handed over."""
        with self._state:
            while self._picture is not None or self._busy:
                self._state.wait()

    def clear(self) -> None:
        """Forget what was not asked for in time."""
        with self._state:
            self.dropped += self._picture is not None
            self._picture = None


class Reader:
    """Serves one camera over a pair of pipes until the incoming one ends.

    Args:
        camera: what to read.
        commands: incoming messages; each asks for one frame.
        output: where frames and changes of state go.
    """

    def __init__(self, camera: Camera, commands: BinaryIO, output: BinaryIO) -> None:
        self._camera = camera
        self._commands, self._output = commands, output
        self._slot = _Slot()
        self._wanted = threading.Semaphore(0)
        self._sending = threading.Lock()
        self._index = 0
        self._damaged = 0
        self._recording = False
        self._refused = False
        options = camera.motion_options
        self._attention = None if options is None else Attention(options)
        # A still picture must not be taken for a camera that is lost, or late.
        self._longest_doze = min(options.longest_doze, camera.timeout / 2) if options else 0.0
        self._still_every = min(_STILL_EVERY, camera.timeout / _SIGNS_OF_LIFE)
        self._still = 0
        self._told = time.monotonic()

    def run(self) -> None:
        """Read for ever; returns at the end of a recording."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._serve, daemon=True).start()
        self._send({"kind": "started"})
        delay, rest = self._camera.retry_delay, _REFUSED
        tries = 0
        while True:
            before = self._index
            reason = self._play()
            if self._index > before:
                delay = self._camera.retry_delay
            tries += self._recording
            if self._recording and (self._index or tries == _FRUITLESS_TRIES):
                self._slot.drain()
                self._send({"kind": "end", "damaged": self._damaged, "reason": reason or None})
                return
            self._slot.clear()
            ended = "nothing decodes" if self._recording else "the camera ended the stream"
            reason = reason or ended
            self._send({"kind": "lost", "reason": reason})
            if self._refused:
                self._rest(rest, reason)
                rest = min(2 * rest, _LONGEST_REFUSED)
            else:
                rest = _REFUSED
                time.sleep(delay)
                delay = min(2 * delay, self._camera.max_retry_delay)

    def _rest(self, seconds: float, reason: str) -> None:
        """Wait long, and say now and then why: silence would be taken for a crash."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _TELLING))
            self._send({"kind": "lost", "reason": reason})

    def _play(self) -> str:
        """Connect and decode until the stream ends; returns why, empty for its regular end."""
        try:
            with connect(self._camera) as connection:
                self._recording = connection.recording
                self._send({"kind": "opened", **connection.facts()})
                self._refused = False
                for picture in self._pictures(connection):
                    self._slot.put(picture, wait=self._recording)
        except StreamLostError as lost:
            return str(lost)
        except (av.FFmpegError, OSError, ValueError) as error:
            self._refused = is_refusal(error)
            return self._camera.explain(error, unread=self._recording and not self._index)
        return ""

    def _pictures(self, connection: Connection) -> Iterator[_Picture]:
        limit = self._camera.timeout
        last, before = time.monotonic(), self._damaged
        attention = None if connection.recording else self._attention
        doze: Doze[Packet[VideoStream]] | None = None
        if attention is not None:
            doze = Doze(self._longest_doze)
        passed_over = 0
        for frame, pts in connection.frames(doze, attention.asleep if attention else None):
            now = time.monotonic()
            self._damaged = before + connection.damaged
            if frame is not None:
                if doze is not None:
                    missed = doze.skipped + connection.passed_over - passed_over
                    passed_over += missed
                    self._still += missed
                    self._index += missed
                wanted = attention is None or attention.wants(luma_plane(frame), time=now)
                yield _Picture(frame, self._index, pts, now, time.time(), wanted)
                last = time.monotonic()  # a recording waits for its consumer
                self._index += 1
            elif attention is not None and attention.asleep(now) and now - last <= limit:
                self._tell_still(now)
            elif now - last > limit:
                raise StreamLostError(f"nothing that can be decoded for {limit:.0f} s")
        self._damaged = before + connection.damaged

    def _listen(self) -> None:
        """Count requests; the end of the pipe means that the owner is gone."""
        try:
            while (message := receive(self._commands)) is not None:
                if self._attention is not None:
                    every = message[0].get("still_every")
                    self._attention.still_every = every if isinstance(every, float) else 0.0
                self._wanted.release()
        finally:
            os._exit(0)

    def _serve(self) -> None:
        converter = FrameConverter()
        while True:
            self._wanted.acquire()
            handed_over = False
            while not handed_over:
                picture = self._slot.take()
                if self._passes(picture):
                    handed_over = self._hand_over(picture, converter)
                self._slot.done()

    def _passes(self, picture: _Picture) -> bool:
        """Whether a picture is handed over; a still one is only counted."""
        attention = self._attention
        now = time.monotonic()
        if attention is None or picture.wanted or not attention.still_every:
            if attention is not None:
                attention.looked(now)
            return True
        self._still += 1
        self._tell_still(now)
        return False

    def _tell_still(self, now: float) -> None:
        """A sign of life, while nothing is worth handing over."""
        if now - self._told >= self._still_every:
            self._told = now
            self._send({"kind": "still", **self._counters()})

    def _counters(self) -> dict[str, Value]:
        return {"dropped": self._slot.dropped, "damaged": self._damaged, "still": self._still}

    def _hand_over(self, picture: _Picture, converter: FrameConverter) -> bool:
        try:
            image = np.ascontiguousarray(converter.convert(picture.frame))
        except (av.FFmpegError, ValueError):
            self._damaged += 1
            return False
        head: dict[str, Value] = {
            "kind": "frame",
            "width": image.shape[1],
            "height": image.shape[0],
            "index": picture.index,
            "pts": picture.pts,
            "arrival": picture.arrival,
            "wall": picture.wall,
            **self._counters(),
        }
        with self._sending:
            send(self._output, head, image)
        return True

    def _send(self, head: dict[str, Value]) -> None:
        with self._sending:
            send(self._output, head)


def _limit_resources() -> None:
    """No core files (they hold pictures), and no more memory than a decoder can need."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = _MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(hard, _MEMORY_LIMIT)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))


def main() -> None:
    """Entry point of the process."""
    _limit_resources()
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up between the frames
    commands = os.fdopen(os.dup(0), "rb", buffering=0)
    first = receive(commands)
    if first is None:
        return
    try:
        Reader(Camera.from_message(first[0]), commands, output).run()
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
