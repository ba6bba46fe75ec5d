"""The event store as a sink."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lpr.store.picture import Picture
from lpr.types import PlateEvent

if TYPE_CHECKING:
    from lpr.store.store import EventStore


class StoreSink:
    """Writes each event into a store, on the disk before `emit` returns.

    Args:
        store: where to; several sinks may share it, and closing a sink leaves it open.
        listed: whether the event's plate is on a list of the site; None asks the lists in the
            store.
        picture: the best look at the event's plate, or None where there is none.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        listed: Callable[[PlateEvent], bool] | None = None,
        picture: Callable[[PlateEvent], Picture | None] | None = None,
    ) -> None:
        self._store, self._listed, self._picture = store, listed, picture

    def emit(self, event: PlateEvent) -> None:
        """Store one event; the same event twice is stored once.

        Raises:
            StoreError: it is not safely stored; emitting it again is harmless.
        """
        self._store.add_event(
            event,
            listed=None if self._listed is None else self._listed(event),
            picture=None if self._picture is None else self._picture(event),
        )

    def close(self) -> None:
        """Nothing is left to write; the store stays open."""
