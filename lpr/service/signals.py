"""Signals as flags: SIGTERM and Ctrl-C end the service, SIGHUP loads the lists."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self


class Signals:
    """While entered, signals only set flags; nothing is ever interrupted half-way.

    Attributes:
        stops: how often the service was told to stop; the second time it may not wait any more.
        reload: whether lists are to be loaded; whoever does resets it.
    """

    def __init__(self) -> None:
        self.stops = 0
        self.reload = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._stop)
        hangup = getattr(signal, "SIGHUP", None)  # not on Windows
        if hangup is not None:
            self._former[hangup] = signal.signal(hangup, self._reload)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1

    def _reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True
