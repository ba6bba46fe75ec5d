"""The process that looks at one camera: `python -m lpr.service.worker`, started by the service.

The networks are opened once, with one thread each. What it is told, credentials included, comes
through standard input, and it ends when standard input does; what it sees goes to standard output.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import BinaryIO

from lpr.errors import LprError, SourceError
from lpr.service.messages import Failed, Pulse, Report, encode
from lpr.service.replay import ReplaySource
from lpr.service.setup import WorkerSetup, live_address
from lpr.service.watch import CameraWatch, LiveSource
from lpr.sources import (
    CameraSource,
    CameraState,
    CameraStats,
    CameraStatus,
    LiveOptions,
    MotionOptions,
)
from lpr.sources.transport import receive, send

_RETRY = 1.0
_GRACE = 3.0


class Worker:
    """Serves one camera until its incoming pipe ends.

    Args:
        setup: the camera.
        commands: incoming messages; its end means to stop.
        output: where reports go.
    """

    def __init__(self, setup: WorkerSetup, commands: BinaryIO, output: BinaryIO) -> None:
        self._setup = setup
        self._commands, self._output = commands, output
        self._stop = threading.Event()

    def run(self) -> None:
        """Open the networks and look at the camera until told to stop.

        Raises:
            LprError: the camera cannot be looked at at all.
            OSError: the service is gone.
        """
        threading.Thread(target=self._listen, daemon=True).start()
        from lpr.factory import build_engine, build_voter, load_models

        setup = self._setup
        models = load_models(setup.engine)
        voter = build_voter(setup.engine, setup.camera)
        engine = build_engine(setup.engine, models=models, voter=voter)
        watch = CameraWatch(engine, voter.passage_of, look_every=setup.look_every, tell=self._tell)
        while not self._stop.is_set():
            try:
                source = open_camera(setup)
            except SourceError as error:
                self._rest(str(error))
                continue
            try:
                watch.play(source, self._stop.is_set)
                # Asked before it is closed: what was closed has ended, whatever was to come.
                over = source.ended
            finally:
                source.close()
            if over:
                self._rest(source.status.reason, for_good=True)

    def _rest(self, reason: str, *, for_good: bool = False) -> None:
        """Say why there is nothing to see, once a second."""
        status = CameraStatus(CameraState.OFFLINE, reason)
        while not self._stop.is_set():
            self._tell(Pulse(status, CameraStats(), 0.0, 0, None))
            if self._stop.wait(_RETRY) or not for_good:
                return

    def _tell(self, report: Report) -> None:
        head, body = encode(report)
        send(self._output, head, body)

    def _listen(self) -> None:
        """Wait for the end of the pipe: the service wants an end, or is gone itself."""
        with contextlib.suppress(OSError):
            while receive(self._commands) is not None:
                pass
        self._stop.set()
        time.sleep(_GRACE)
        os._exit(3)


def open_camera(setup: WorkerSetup) -> LiveSource:
    """Open what a worker looks at.

    Raises:
        ConfigError: it is a recording and not meant to be one.
        SourceError: it cannot be opened.
    """
    if setup.replay is not None:
        return ReplaySource(setup.address, camera=setup.camera, loop=setup.replay == "loop")
    address = live_address(setup.address)
    motion = MotionOptions(roi=setup.engine.roi) if setup.motion_gate else None
    options = LiveOptions(
        timeout=setup.timeout,
        wait=True,
        transport="udp" if setup.transport == "udp" else "tcp",
        motion=motion,
    )
    return CameraSource(address, camera=setup.camera, options=options)


def main() -> int:
    """Entry point of the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up between the reports
    commands = os.fdopen(os.dup(0), "rb", buffering=0)
    first = receive(commands)
    if first is None:
        return 0
    setup = WorkerSetup.from_body(first[1])
    try:
        Worker(setup, commands, output).run()
    except BrokenPipeError:
        return 0
    except LprError as error:
        with contextlib.suppress(OSError):
            send(output, *encode(Failed(str(error))))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
