"""Webcams and network cameras, read in a process that can be killed."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from types import TracebackType
from typing import Self

from lpr.errors import SourceError
from lpr.sources.address import Address
from lpr.sources.clock import LiveClock, MediaClock
from lpr.sources.connect import Camera
from lpr.sources.info import SourceInfo
from lpr.sources.options import LiveOptions
from lpr.sources.process import Message, ReaderGoneError, ReaderProcess
from lpr.sources.status import CameraState, CameraStats, CameraStatus
from lpr.sources.transport import Body, Value
from lpr.types import Frame

_log = logging.getLogger(__name__)
_TICK = 0.2
_AHEAD = 3
_START_PATIENCE = 30.0


class CameraSource:
    """A live camera, or a recording on a web server.

    A live camera yields its newest frame each time one is asked for; older ones are dropped and
    counted. `Frame.time` is Unix time, made from the camera's timestamps, which are mapped to the
    wall clock once. When the camera is lost, the iteration waits and connects again, for ever;
    `status` tells, and `on_status` is called, in the iterating thread. `close` ends the iteration
    from any thread. A recording (a file of known length behind http://) is delivered whole instead.

    Args:
        address: what to read.
        camera: name given to the frames; host and path where None.
        threads: decoder threads, at least 1.
        options: timeouts and retries.
        on_status: told of every change of state.

    Attributes:
        still_every: with `options.motion`, seconds between two pictures while nothing moves; 0
            hands over all of them. It holds from the next frame on that is asked for.

    Raises:
        SourceError: the camera does not answer, and `options.wait` is False.
    """

    def __init__(
        self,
        address: Address,
        *,
        camera: str | None = None,
        threads: int = 1,
        options: LiveOptions | None = None,
        on_status: Callable[[CameraStatus], None] | None = None,
    ) -> None:
        self._options = options or LiveOptions()
        self._address = address
        self._camera = _describe(address, threads, self._options)
        self._on_status = on_status
        name = camera if camera is not None else address.name
        self._info = SourceInfo(name, address.public, live=True)
        self._status = CameraStatus(CameraState.OFFLINE, "connecting")
        self._stats = CameraStats()
        self._last_loss = ""
        self._closing = threading.Event()
        self._live_clock, self._media_clock = LiveClock(), MediaClock()
        self._base = CameraStats()
        self._first_index = self._next_index = 0
        self._delay = self._options.retry_delay
        self._sign_of_life = self._left = time.monotonic()
        self._over = False
        self.still_every = 0.0
        self._reader: ReaderProcess | None = self._start()
        if not self._options.wait:
            self._await_first_answer()

    @property
    def info(self) -> SourceInfo:
        """The camera's facts; size and rate follow a change in mid-stream."""
        return self._info

    @property
    def status(self) -> CameraStatus:
        """The camera's state now."""
        return self._status

    @property
    def stats(self) -> CameraStats:
        """Counters since the source was opened."""
        return self._stats

    @property
    def reader_pid(self) -> int | None:
        """Number of the process that reads the camera; None while there is none."""
        reader = self._reader
        return reader.pid if reader is not None else None

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong so far, one line each."""
        stats, found = self._stats, []
        if stats.losses:
            found.append(f"connections lost: {stats.losses} (last: {self._last_loss})")
        if stats.damaged:
            found.append(f"damaged packets skipped: {stats.damaged}")
        if stats.jumps:
            found.append(f"jumps of the camera's timestamps: {stats.jumps}")
        return tuple(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration and the reading process; closing twice is harmless."""
        self._closing.set()
        self._end_reader()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until the source is closed or a recording ends.

        Raises:
            SourceError: the camera was lost and `options.reconnect` is False, or nothing in a
                recording can be decoded.
        """
        while not self.ended:
            frame = self.poll()
            if frame is not None:
                yield frame

    @property
    def ended(self) -> bool:
        """Whether the source was closed, or a recording is over."""
        return self._over or self._closing.is_set()

    @property
    def clock_offset(self) -> float | None:
        """Unix time of the frames less `time.monotonic()`; None before a live camera's first one.

        It is fixed with the first frame, so it tells a frame's age whatever the wall clock does.
        """
        return self._live_clock.offset

    def poll(self) -> Frame | None:
        """Wait a moment for the next frame; None where none came.

        For consumers that have something to do while a camera is lost; others iterate.

        Raises:
            SourceError: the camera was lost and `options.reconnect` is False, or nothing in a
                recording can be decoded.
        """
        # The consumer's own time is no silence of the camera.
        self._sign_of_life += time.monotonic() - self._left
        message = self._next_message()
        frame = None
        if message is not None:
            head, body = message
            if head["kind"] == "end":
                self._ended(head)
            else:
                frame = self._take(head, body)
        self._left = time.monotonic()
        return frame

    def _next_message(self) -> Message | None:
        """Wait a moment for a message; replace a reader that died or hangs."""
        reader = self._reader
        if reader is None:
            self._restart()
            return None
        try:
            reader.ask(1 if self._info.live else _AHEAD, still_every=self.still_every)
            message = reader.get(_TICK)
        except ReaderGoneError as gone:
            self._replace(str(gone))
            return None
        silence = time.monotonic() - self._sign_of_life
        if message is not None:
            self._sign_of_life = time.monotonic()
        elif silence > self._patience(reader):
            self._replace(f"no frame for {silence:.0f} s")
        elif silence > self._options.timeout / 5 and self._status.state is CameraState.ONLINE:
            self._set_status(CameraState.DEGRADED, f"no frame for {silence:.1f} s")
        return message

    def _take(self, head: dict[str, Value], body: Body) -> Frame | None:
        if head["kind"] == "frame":
            return self._frame(head, body)
        if head["kind"] == "opened":
            self._opened(head)
        elif head["kind"] == "still":
            self._count(head, frames=0)
        elif head["kind"] == "lost":
            self._lost(str(head["reason"]))
        return None

    def _opened(self, head: dict[str, Value]) -> None:
        fps, duration = _number(head["fps"]), _number(head["duration"])
        live = not head["recording"]
        self._info = replace(
            self._info,
            width=int(_number(head["width"]) or 0),
            height=int(_number(head["height"]) or 0),
            fps=fps,
            duration=duration,
            frames=round(fps * duration) if fps and duration else None,
            live=live,
        )
        self._live_clock.restart()
        if not live and self._stats.frames == 0:
            self._media_clock = MediaClock(1 / fps if fps else None)

    def _frame(self, head: dict[str, Value], body: Body) -> Frame | None:
        width, height = int(_number(head["width"]) or 0), int(_number(head["height"]) or 0)
        if width < 1 or height < 1 or body.size != width * height * 3:
            self._replace("the reading process broke the protocol")
            return None
        if (width, height) != (self._info.width, self._info.height):
            self._info = replace(self._info, width=width, height=height)
        pts = _number(head["pts"])
        if self._info.live:
            arrival, wall = _number(head["arrival"]), _number(head["wall"])
            when = self._live_clock.time(
                pts,
                arrival=time.monotonic() if arrival is None else arrival,
                wall=time.time() if wall is None else wall,
            )
        else:
            when = self._media_clock.time(pts)
        index = max(self._next_index, self._first_index + int(_number(head["index"]) or 0))
        self._next_index = index + 1
        self._count(head)
        return Frame(body.reshape(height, width, 3), index, when, self._info.name)

    def _count(self, head: dict[str, Value], *, frames: int = 1) -> None:
        damaged = self._base.damaged + int(_number(head["damaged"]) or 0)
        worse = damaged > self._stats.damaged
        self._stats = replace(
            self._stats,
            frames=self._stats.frames + frames,
            still=self._base.still + int(_number(head["still"]) or 0),
            dropped=self._base.dropped + int(_number(head["dropped"]) or 0),
            damaged=damaged,
            jumps=self._live_clock.jumps,
        )
        self._delay = self._options.retry_delay
        if worse:
            self._set_status(CameraState.DEGRADED, "damaged packets")
        else:
            self._set_status(CameraState.ONLINE)

    def _ended(self, head: dict[str, Value]) -> None:
        self._over = True
        self._stats = replace(
            self._stats, damaged=self._base.damaged + int(_number(head["damaged"]) or 0)
        )
        reason = head["reason"]
        if reason:
            self._last_loss = str(reason)
            self._stats = replace(self._stats, losses=self._stats.losses + 1)
        self._set_status(CameraState.OFFLINE, str(reason or "the recording has ended"))
        if self._stats.frames == 0:
            raise SourceError(f"{self._info.address}: {reason or 'nothing in it can be decoded'}")

    def _lost(self, reason: str) -> None:
        if not self._options.reconnect:
            self._over = True
            self._end_reader()
            self._set_status(CameraState.OFFLINE, reason)
            raise SourceError(f"{self._info.address}: {reason}")
        if self._status.state is not CameraState.OFFLINE:
            self._stats = replace(self._stats, losses=self._stats.losses + 1)
        self._last_loss = reason
        self._live_clock.restart()
        self._set_status(CameraState.OFFLINE, reason)

    def _start(self) -> ReaderProcess:
        try:
            return self._new_reader()
        except OSError as error:
            raise SourceError(f"{self._address.public}: {_no_reader(error)}") from error

    def _new_reader(self) -> ReaderProcess:
        return ReaderProcess(self._camera, withheld=self._options.withheld)

    def _end_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()

    def _replace(self, reason: str) -> None:
        """End a reader that is of no more use; a new one starts after a pause."""
        self._end_reader()
        if self._closing.is_set():
            return
        self._base = self._stats
        self._stats = replace(self._stats, restarts=self._stats.restarts + 1)
        self._first_index = self._next_index
        if not self._info.live:
            raise SourceError(f"{self._info.address}: {reason}")
        self._lost(reason)

    def _restart(self) -> None:
        if self._closing.wait(self._delay):
            return
        self._delay = min(2 * self._delay, self._options.max_retry_delay)
        try:
            reader = self._new_reader()
        except OSError as error:
            # The machine is short of something now; it need not be at the next trial.
            self._lost(_no_reader(error))
            return
        self._sign_of_life = time.monotonic()
        self._reader = reader
        if self._closing.is_set():  # `close` may have looked before there was one to end
            self._reader = None
            reader.stop()

    def _patience(self, reader: ReaderProcess) -> float:
        """Seconds of silence after which a reader is given up; starting one may take longer."""
        return self._options.timeout if reader.started else self._options.timeout + _START_PATIENCE

    def _await_first_answer(self) -> None:
        reader = self._reader
        assert reader is not None
        asked = time.monotonic()
        try:
            while time.monotonic() - asked < self._patience(reader):
                message = reader.get(_TICK)
                if message is None:
                    continue
                if message[0]["kind"] == "opened":
                    self._opened(message[0])
                    return
                if message[0]["kind"] == "lost":
                    raise SourceError(f"{self._address.public}: {message[0]['reason']}")
                asked = time.monotonic()
            raise SourceError(
                f"{self._address.public}: no answer for {self._options.timeout:.0f} s"
            )
        except ReaderGoneError as gone:
            self.close()
            raise SourceError(f"{self._address.public}: {gone}") from gone
        except BaseException:
            self.close()
            raise

    def _set_status(self, state: CameraState, reason: str = "") -> None:
        status = CameraStatus(state, reason)
        if status == self._status:
            return
        changed = status.state is not self._status.state
        self._status = status
        if changed:
            _log.info("%s is %s %s", self._info.name, state.value, reason)
        if self._on_status is not None:
            self._on_status(status)


def _describe(address: Address, threads: int, options: LiveOptions) -> Camera:
    width, height = options.size or (0, 0)
    return Camera(
        kind=address.kind.value,
        target=address.target,
        public=address.public,
        name=address.name,
        timeout=options.timeout,
        retry_delay=options.retry_delay,
        max_retry_delay=options.max_retry_delay,
        transport=options.transport,
        threads=threads,
        width=width,
        height=height,
        fps=options.fps or 0.0,
        motion=json.dumps(asdict(options.motion)) if options.motion is not None else "",
    )


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _no_reader(error: OSError) -> str:
    return f"the reading process cannot be started: {error.strerror}"
