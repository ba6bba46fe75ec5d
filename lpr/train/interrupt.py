"""Ctrl-C between two steps of a training, where it loses none."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def never() -> bool:
    """Nobody asks to stop."""
    return False


@contextmanager
def noted_interrupt() -> Iterator[Callable[[], bool]]:
    """While entered, Ctrl-C is only noted; what is yielded tells whether it came.

    Another thread than the first one gets no signals, and notes none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield never
        return
    came = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        came.set()

    former = signal.signal(signal.SIGINT, note)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, former)
