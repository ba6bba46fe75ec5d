"""Opening a store: connect, bring the schema up to date, check the key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Final

from lpr.errors import MissingExtraError
from lpr.formats.confusables import READER_CLASSES, Confusables
from lpr.store.settings import StoreSettings

if TYPE_CHECKING:
    from lpr.store.store import EventStore

DEFAULT_CONFUSABLES: Final = Confusables(READER_CLASSES)


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


def open_store(
    settings: StoreSettings,
    *,
    clock: Callable[[], datetime] = utc_now,
    confusables: Confusables = DEFAULT_CONFUSABLES,
    rehearse: bool = False,
) -> EventStore:
    """Open a store; a new database gets its tables, an older one is brought up to date.

    Args:
        settings: where it is and what it keeps.
        clock: the wall clock, aware.
        confusables: the characters that the reader does not tell apart, for folded search. Where
            they differ from those of the last opening, every folded text is made anew.
        rehearse: change nothing in the database: its `migration` and a new key are only looked at.
            What it returns may lack tables then. An SQLite file is made all the same.

    Raises:
        ConfigError: the URL or the key is missing or wrong.
        MissingExtraError: SQLAlchemy, alembic or psycopg is not installed.
        StoreError: it cannot be opened, or a newer version of lpr has written it.
    """
    for package in ("sqlalchemy", "alembic"):
        try:
            import_module(package)
        except ImportError as error:
            raise MissingExtraError(package, "store") from error
    from lpr.store.database import connect
    from lpr.store.keys import check_key, load_keys
    from lpr.store.migrate import migrate
    from lpr.store.settle import settle
    from lpr.store.store import EventStore

    database = connect(settings)
    try:
        migration = migrate(database, rehearse=rehearse)
        keys = load_keys(settings, database)
        if not rehearse:
            settle(database, keys, confusables, clock())
        elif migration.before is not None:
            with database.read() as connection:
                check_key(connection, keys)
        return EventStore(database, settings, keys, confusables, migration=migration, clock=clock)
    except BaseException:
        database.close()
        raise
