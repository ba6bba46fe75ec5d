"""The SQLite file of an outbox: one owner, every commit on the disk, errors in plain words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lpr.errors import OutputError
from lpr.sinks.safe import safe_text

_VERSION: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        camera TEXT NOT NULL,
        created REAL NOT NULL,
        body TEXT NOT NULL,
        size INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        aside TEXT
    )""",
    "CREATE INDEX messages_created ON messages (created)",
    "CREATE INDEX messages_aside ON messages (id) WHERE aside IS NOT NULL",
    "CREATE TABLE totals (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO totals VALUES ('delivered', 0), ('dropped', 0)",
    f"PRAGMA user_version = {_VERSION}",
)
_SINCE: Final = (
    "ALTER TABLE messages ADD COLUMN since REAL",
    "CREATE INDEX messages_since ON messages (since) WHERE since IS NOT NULL",
)
"""When a message counts as made where a wrong clock dated it. Earlier versions of lpr do without:
they leave the column alone, so the version of the file stays."""
_PRAGMAS: Final = (
    # One owner: two senders would mix the order and send twice.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    # Plates of delivered messages are overwritten, not only unlinked.
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 1048576",
)


def open_outbox_file(path: Path) -> sqlite3.Connection:
    """Open an outbox's file for this process alone; it is made where it is missing.

    Returns:
        A connection for any thread, one at a time, without implicit transactions.

    Raises:
        OutputError: it cannot be used, or another process has it open.
    """
    try:
        # SQLite would make it readable for others; its side files take over the mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    except FileNotFoundError as error:
        raise OutputError(f"{path}: the folder {path.parent} does not exist") from error
    except (OSError, sqlite3.Error) as error:
        raise OutputError(f"{path}: the outbox cannot be opened: {_why(error)}") from error
    try:
        version = _prepare(database)
    except sqlite3.Error as error:
        database.close()
        raise OutputError(f"{path}: {_why_unusable(error)}") from error
    if version != _VERSION:
        database.close()
        raise OutputError(
            f"{path}: outbox version {version} is not known, {_VERSION} is; "
            "use the version of lpr that made it, or another file"
        )
    return database


@contextlib.contextmanager
def transaction(database: sqlite3.Connection, failure: str) -> Iterator[None]:
    """Commit what the block does, or nothing of it.

    Args:
        database: the connection.
        failure: what it means that the block fails, for the error.

    Raises:
        OutputError: it failed.
    """
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise OutputError(f"{failure}: {_why(error)}") from error
        raise


def _prepare(database: sqlite3.Connection) -> int:
    """Set the file up; the version that it has then."""
    for pragma in _PRAGMAS:
        database.execute(pragma)
    database.execute("BEGIN IMMEDIATE")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version == 0:
        for statement in _SCHEMA:
            database.execute(statement)
        version = _VERSION
    columns = database.execute("SELECT name FROM pragma_table_info('messages')").fetchall()
    if version == _VERSION and ("since",) not in columns:
        for statement in _SINCE:
            database.execute(statement)
    database.execute("COMMIT")
    return version


def _why(error: Exception) -> str:
    if not isinstance(error, sqlite3.Error):
        return getattr(error, "strerror", None) or safe_text(str(error))
    if _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"the disk is full or fails ({error}); free some space"
    return safe_text(str(error))


def _why_unusable(error: sqlite3.Error) -> str:
    if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "the outbox is in use by another process; give each its own file"
    if _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        return f"this is no outbox ({error}); move the file away"
    return f"the outbox cannot be opened: {_why(error)}"


def _code(error: sqlite3.Error) -> int:
    """The primary result code, as in SQLite's documentation."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
