"""Database errors become one clear line that never holds a password, a statement or a plate."""

from __future__ import annotations

import sqlite3

import sqlalchemy.exc as sae

from lpr.errors import StoreError

_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, then it goes on by itself",
    sqlite3.SQLITE_BUSY: "another process holds its lock; try again",
    sqlite3.SQLITE_LOCKED: "another connection holds its lock; try again",
    sqlite3.SQLITE_READONLY: "it is read-only; check the rights of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the folder and its rights",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a copy",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; is it full or failing?",
}
_POSTGRES = {
    "53100": "the server's disk is full; free some space, then it goes on by itself",
    "55P03": "another session holds its lock; try again",
    "28P01": "the server refused the password",
    "3D000": "the server has no such database; create it first",
    "42501": "the server's role lacks the rights for it",
    "57P03": "the server is starting or stopping; try again",
}
_REFUSED = {
    "28P01": "password authentication failed",
    "3D000": "does not exist",
    "57P03": "the database system is",
}


def store_error(name: str, error: Exception) -> StoreError:
    """Return the error that tells what went wrong.

    Args:
        name: what the database is called, without secrets.
        error: what SQLAlchemy or a driver raised.
    """
    cause = error.orig if isinstance(error, sae.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return StoreError(f"{name}: {_sqlite(cause)}")
    if isinstance(error, sae.DBAPIError):
        return StoreError(f"{name}: {_postgres(error, cause)}")
    if isinstance(error, sae.TimeoutError):
        return StoreError(f"{name}: every connection is in use; try again")
    return StoreError(f"{name}: {type(error).__name__} in the event store")


def _sqlite(cause: sqlite3.Error) -> str:
    code = getattr(cause, "sqlite_errorcode", 0)
    known = _SQLITE.get(code & 0xFF)
    if known is not None:
        return known
    # SQLite's messages name tables, columns and triggers, never values.
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def _postgres(error: sae.DBAPIError, cause: object) -> str:
    state = getattr(cause, "sqlstate", None) or _state_of_refusal(str(cause))
    if state in _POSTGRES:
        return _POSTGRES[state]
    if state is None:
        return "the server cannot be reached; check that it runs and the URL's host and port"
    # The primary message names no values; the detail may hold a whole row.
    message = getattr(getattr(cause, "diag", None), "message_primary", None)
    return f"{message or type(error).__name__} (SQLSTATE {state})"


def _state_of_refusal(message: str) -> str | None:
    """Libpq gives no state where the connection itself was refused, only words."""
    return next((state for state, words in _REFUSED.items() if words in message), None)
