"""The service's side of a worker: start, listen, end."""

from __future__ import annotations

import contextlib
import errno
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import BinaryIO, cast

from lpr.service.messages import MessageError, Report, decode
from lpr.service.setup import WorkerSetup
from lpr.sources.environment import child_environment
from lpr.sources.transport import TransportError, receive, send

QUEUE = 64
"""Reports that may wait for the service; a worker that is further ahead waits itself."""
_TICK = 0.2


class WorkerProcess:
    """A running worker of one camera.

    Args:
        setup: what it looks at.
        wake: called when a report has come, in another thread.
        withheld: variables of the environment that neither it nor its reader gets.

    Raises:
        OSError: no process can be started.
    """

    def __init__(
        self, setup: WorkerSetup, wake: Callable[[], None], *, withheld: AbstractSet[str]
    ) -> None:
        self._inbox: queue.Queue[Report] = queue.Queue(QUEUE)
        self._wake = wake
        self._closed = threading.Event()
        self._refused = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lpr.service.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**child_environment(withheld), "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._commands = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        self._thread = threading.Thread(
            target=self._listen, name=f"lpr-worker-{setup.camera}", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError as error:
            self._process.kill()
            self._process.wait()
            raise OSError(errno.EAGAIN, "no thread can be started") from error
        with contextlib.suppress(OSError):
            send(self._commands, {"kind": "setup"}, setup.to_body())

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def waiting(self) -> int:
        """Reports that came and were not taken yet."""
        return self._inbox.qsize()

    @property
    def gone(self) -> bool:
        """Whether it has ended, or broke the protocol, and all that it told was taken."""
        return not self._thread.is_alive() and self._inbox.empty()

    def take(self) -> Report | None:
        """Return the next report; None where none waits."""
        try:
            return self._inbox.get_nowait()
        except queue.Empty:
            return None

    def ask_to_stop(self) -> None:
        """Let it tell what is due and end."""
        with contextlib.suppress(OSError):
            self._commands.close()

    def kill(self) -> str:
        """End it now; returns how it ended. Killing twice is harmless."""
        self._closed.set()
        self.ask_to_stop()
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        self._thread.join(1.0)
        if not self._thread.is_alive():
            self._output.close()
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}{self._refused}"
        return f"ended with code {code}"

    def _listen(self) -> None:
        try:
            while not self._closed.is_set():
                message = receive(self._output)
                if message is None:
                    break
                self._put(decode(*message))
        except MessageError as error:
            self._refused = f" because {error}"
        except (OSError, TransportError, ValueError):
            pass  # it ended in the middle of a message, or the pipe was closed
        self._wake()

    def _put(self, report: Report) -> None:
        while not self._closed.is_set():
            try:
                self._inbox.put(report, timeout=_TICK)
            except queue.Full:
                continue
            self._wake()
            return
