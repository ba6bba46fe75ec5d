"""Deletes from the event store what is older than its class allows, once an hour."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from lpr.errors import LprError

_LOG = logging.getLogger(__name__)

_EVERY: Final = 3600.0


class Janitor:
    """Purges in a thread of its own, at the start and then once in `every` seconds.

    Args:
        purge: deletes what is due.
        every: seconds between two purges.
    """

    def __init__(self, purge: Callable[[], object], *, every: float = _EVERY) -> None:
        self._purge, self._every = purge, every
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lpr-janitor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; a purge that is under way is waited for."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._purge()
            # Whatever a purge raises, the next one is tried.
            except Exception as error:  # noqa: BLE001
                why = str(error) if isinstance(error, LprError) else type(error).__name__
                _LOG.error("the event store could not be purged: %s", why)
            self._closed.wait(self._every)
