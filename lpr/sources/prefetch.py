"""An iterator run ahead in a thread of its own, so that decoding overlaps inference."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Yields what an iterator yields, in order, computed at most `depth` items ahead.

    Nothing is ever dropped. An exception of the iterator reaches the consumer behind the items
    before it. `close` ends the thread, also while it waits for room.

    Args:
        items: run in the thread; a generator is closed there too.
        depth: items kept ready, at least 1.
        name: the thread's name.
    """

    def __init__(self, items: Iterator[T], depth: int, name: str = "prefetch") -> None:
        self._items = items
        self._depth = max(1, depth)
        self._ready: deque[T] = deque()
        self._state = threading.Condition()
        self._closed = False
        self._finished = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._state:
            while not self._ready and not self._finished and not self._closed:
                self._state.wait()
            if self._ready and not self._closed:
                item = self._ready.popleft()
                self._state.notify_all()
                return item
            error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopIteration

    def close(self, timeout: float = 5.0) -> bool:
        """Stop the thread; returns whether it ended within `timeout` seconds."""
        with self._state:
            self._closed = True
            self._ready.clear()
            self._state.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - it crosses to the consumer's thread
            self._error = error
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
            with self._state:
                self._finished = True
                self._state.notify_all()

    def _put(self, item: T) -> bool:
        with self._state:
            while len(self._ready) >= self._depth and not self._closed:
                self._state.wait()
            if self._closed:
                return False
            self._ready.append(item)
            self._state.notify_all()
            return True
