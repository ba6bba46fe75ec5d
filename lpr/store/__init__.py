"""Events and decisions in a database: search, retention, export, erasure, audit log.

    from lpr.store import StoreSettings, StoreSink, open_store

    with open_store(StoreSettings(database="events.db")) as store:
        sink = StoreSink(store)

The module imports without the extra `lpr[store]`; `open_store` asks for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpr.store.open import open_store
from lpr.store.picture import Picture
from lpr.store.query import Match, SearchQuery
from lpr.store.records import (
    ListedPlate,
    Requester,
    RetentionClass,
    StoredDecision,
    StoredEvent,
)
from lpr.store.settings import (
    KeySettings,
    RetentionSettings,
    StoreSettings,
    load_store_settings,
)
from lpr.store.sink import StoreSink

if TYPE_CHECKING:
    from lpr.store.store import EventStore as EventStore

__all__ = [
    "EventStore",
    "KeySettings",
    "ListedPlate",
    "Match",
    "Picture",
    "Requester",
    "RetentionClass",
    "RetentionSettings",
    "SearchQuery",
    "StoreSettings",
    "StoreSink",
    "StoredDecision",
    "StoredEvent",
    "load_store_settings",
    "open_store",
]


def __getattr__(name: str) -> Any:
    """Load what needs SQLAlchemy when it is first used (PEP 562)."""
    if name != "EventStore":
        raise AttributeError(f"module 'lpr.store' has no attribute {name!r}")
    return import_module("lpr.store.store").EventStore
