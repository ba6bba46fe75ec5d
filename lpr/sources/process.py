"""The owner's side of the process that reads a camera: start, ask, end."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Set as AbstractSet
from typing import BinaryIO, cast

from lpr.sources.connect import Camera
from lpr.sources.environment import child_environment
from lpr.sources.transport import Body, TransportError, Value, receive, send

Message = tuple[dict[str, Value], Body]
_PIPE_BYTES = 1 << 20
_GRACE = 1.0


class ReaderGoneError(Exception):
    """The process has ended."""


class ReaderProcess:
    """A running reader of one camera.

    Args:
        camera: what it reads.
        withheld: variables of the environment that the process does not get.

    Attributes:
        asked: frames asked for and not come yet.
        started: whether the process has said anything yet: a busy machine is slow to start one.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, camera: Camera, *, withheld: AbstractSet[str]) -> None:
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.asked = 0
        self.started = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lpr.sources.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=child_environment(withheld),
            start_new_session=True,
        )
        self._commands = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        _widen(self._output)
        self._thread = threading.Thread(target=self._listen, name="lpr-camera", daemon=True)
        self._thread.start()
        with contextlib.suppress(OSError):
            send(self._commands, camera.to_message())

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, count: int, *, still_every: float = 0.0) -> None:
        """Have `count` frames under way.

        That the process has ended is told by `get`, behind what the process said before.

        Args:
            count: frames asked for and not come yet.
            still_every: seconds between two pictures while nothing moves; 0 for all of them.
        """
        request: dict[str, Value] = {"kind": "next", "still_every": float(still_every)}
        with contextlib.suppress(OSError, ValueError):  # ValueError: another thread has stopped it
            while self.asked < count:
                send(self._commands, request)
                self.asked += 1

    def get(self, timeout: float) -> Message | None:
        """Return the next message, or None after `timeout` seconds.

        Raises:
            ReaderGoneError: the process has ended, or talks nonsense.
        """
        try:
            message = self._inbox.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None
        if message is None:
            raise ReaderGoneError(self._last_words())
        self.started = True
        self.asked -= message[0].get("kind") == "frame"
        return message

    def stop(self) -> None:
        """End the process: terminate, then kill. Never waits long; stopping twice is harmless."""
        with contextlib.suppress(OSError):
            self._commands.close()
        for end in (self._process.terminate, self._process.kill):
            if self._process.poll() is None:
                end()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_GRACE)
        self._thread.join(_GRACE)
        if not self._thread.is_alive():
            self._output.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, TransportError, ValueError):
            while (message := receive(self._output)) is not None:
                self._inbox.put(message)
        self._inbox.put(None)

    def _last_words(self) -> str:
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return "the reading process broke the protocol"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"the reading process was ended by {signal.Signals(-code).name}"
        return f"the reading process ended with code {code}"


def _widen(stream: BinaryIO) -> None:
    """Ask for a pipe that takes large parts of a frame at once; a smaller one works too."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    set_size = getattr(fcntl, "F_SETPIPE_SZ", None)
    if set_size is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(stream.fileno(), set_size, _PIPE_BYTES)
