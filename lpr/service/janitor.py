"""Deletes what may not be kept any longer, once an hour: of the event store, of the decisions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from lpr.errors import LprError

_LOG = logging.getLogger(__name__)

_EVERY: Final = 3600.0


class Janitor:
    """Tidies in a thread of its own, at the start and then once in `every` seconds.

    Args:
        tidy: deletes what is due.
        failure: what the log says where it could not, such as "the store could not be purged".
        every: seconds between two times.
    """

    def __init__(self, tidy: Callable[[], object], failure: str, *, every: float = _EVERY) -> None:
        self._tidy, self._failure, self._every = tidy, failure, every
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lpr-janitor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; what is under way is waited for."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._tidy()
            # Whatever it raises, the next time is tried.
            except Exception as error:  # noqa: BLE001
                why = str(error) if isinstance(error, LprError) else type(error).__name__
                _LOG.error("%s: %s", self._failure, why)
            self._closed.wait(self._every)
