"""A connection to SQLite or PostgreSQL, with what keeps a committed event safe."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
import sqlalchemy.exc as sae

from lpr.errors import ConfigError, MissingExtraError, StoreError
from lpr.secret import read_secret
from lpr.store.failure import store_error
from lpr.store.schema import VERSION_TABLE
from lpr.store.settings import StoreSettings

_LOCK: Final = 0x6C7072  # "lpr", PostgreSQL's advisory lock that all writers share
_COPIES: Final = 3
_PRAGMAS: Final = (
    "PRAGMA foreign_keys=ON",
    # A committed decision may already have opened a gate: it must survive a power cut too, not
    # only kill -9, for which NORMAL would do.
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA journal_size_limit=16777216",
)


class Database:
    """A pool of connections; errors come out as StoreError.

    Args:
        engine: SQLAlchemy's engine.
        name: what to call it in messages, without secrets.
        path: the file of an SQLite database; None for PostgreSQL.
        patience: seconds that a thread waits for its turn to write.
    """

    def __init__(self, engine: sa.Engine, name: str, path: Path | None, *, patience: float) -> None:
        self.engine, self.name, self.path = engine, name, path
        self._patience, self._writing = patience, Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; PostgreSQL otherwise."""
        return self.path is not None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the store and changes nothing.

        Raises:
            StoreError: the database failed.
        """
        with self._errors(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is on the disk when the block ends, or has left no trace.

        There is one writer at a time, in PostgreSQL as in SQLite: an entry of the audit log follows
        the one before, and what an event and a decision say about a passage is settled in order.

        Raises:
            StoreError: the database failed; nothing was changed.
        """
        with self._turn(), self._errors(), self.engine.connect() as plain:
            connection = plain.execution_options(lpr_write=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                yield connection

    def rewrite(self) -> str:
        """Make an SQLite file anew, so that no page holds what once stood in it.

        Nobody can write meanwhile; 100 MB take about 0.5 s on a fast disk.

        Returns:
            Why that could not be done; empty where it is done, and for PostgreSQL.
        """
        if self.path is None:
            return ""
        # The copy, and all of it once more in the write-ahead log; other files need room as well.
        needed = _COPIES * self.size()
        if shutil.disk_usage(self.path.parent).free < needed:
            return f"the disk needs {needed / 1e6:.0f} MB of free space to make {self.path} anew"
        try:
            with self._turn(), self._raw() as cursor:
                # In memory, the copy would take as much of that as the file has.
                cursor.execute("PRAGMA temp_store=FILE")
                try:
                    cursor.execute("VACUUM")
                finally:
                    cursor.execute("PRAGMA temp_store=MEMORY")
        except StoreError as error:
            return str(error)
        return ""

    def empty_log(self) -> str:
        """Empty SQLite's write-ahead log, where deleted text would live on.

        Returns:
            Why that could not be done; empty where it is done, and for PostgreSQL.
        """
        if not self.is_sqlite:
            return ""
        try:
            with self._raw() as cursor:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except StoreError as error:
            return str(error)
        return (
            "another process reads and keeps the write-ahead log from being emptied" if busy else ""
        )

    def size(self) -> int:
        """Bytes that the database takes, SQLite's write-ahead log included."""
        if self.path is None:
            with self.read() as connection:
                wanted = sa.func.pg_database_size(sa.func.current_database())
                return int(connection.execute(sa.select(wanted)).scalar_one())
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that can say `on_conflict_do_nothing`."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert as insert_sqlite

            return insert_sqlite(table)
        from sqlalchemy.dialects.postgresql import insert as insert_postgres

        return insert_postgres(table)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let this process's threads write in turn: waiting for SQLite's lock means polling."""
        if not self._writing.acquire(timeout=self._patience):
            raise StoreError(f"{self.name}: another thread is writing for too long; try again")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """A cursor of the driver, outside of any transaction."""
        with self._errors():
            raw = self.engine.raw_connection()
            try:
                yield raw.cursor()
            finally:
                raw.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sae.SQLAlchemyError, sqlite3.Error) as error:
            raise store_error(self.name, error) from error


def connect(settings: StoreSettings) -> Database:
    """Connect to the database that the settings name; an SQLite file is made where it is missing.

    Raises:
        ConfigError: the URL is missing or wrong.
        MissingExtraError: the driver is not installed.
        StoreError: it cannot be opened, or is another program's file.
    """
    if settings.url is None and settings.url_env is None and settings.url_file is None:
        return _sqlite(settings.database.absolute(), settings.busy_timeout)
    if settings.url is not None:
        url = _parse_url(settings.url, "store.url")
        if url.password is not None or "password" in url.query:
            raise ConfigError("store.url: holds a password; put it into url_env or url_file")
    else:
        text = read_secret(settings.url_env, settings.url_file, "store.url")
        url = _parse_url(text, f"store.url ({settings.url_env or settings.url_file})")
    return _postgres(url, settings.busy_timeout)


def _parse_url(text: str, where: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sae.ArgumentError, ValueError):
        # Without its cause: that may quote the URL, password included.
        raise ConfigError(f"{where}: is no URL like postgresql://user@host:5432/name") from None
    if url.get_backend_name() != "postgresql":
        raise ConfigError(f"{where}: must begin with postgresql://; for SQLite give database")
    return url.set(drivername="postgresql+psycopg")


def _sqlite(path: Path, busy_timeout: float) -> Database:
    name = str(path)
    _prepare_file(path, busy_timeout)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=name),
        connect_args={"timeout": busy_timeout},
        pool_timeout=max(busy_timeout, 1.0),
        hide_parameters=True,
        json_serializer=_JSON,
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        # Transactions are begun below: the driver would begin them too late and as readers.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("lpr_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine, name, path, patience=busy_timeout)


def _prepare_file(path: Path, busy_timeout: float) -> None:
    """Make the file, for its owner alone, and switch it to write-ahead logging for good."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from error
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=busy_timeout)) as connection:
                _check_ours(connection, path)
                mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait for this lock itself.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise store_error(str(path), error) from error
            time.sleep(0.01)
        except sqlite3.Error as error:
            raise store_error(str(path), error) from error
    if mode != "wal":
        raise StoreError(f"{path}: its file system cannot keep a write-ahead log; use a local disk")


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """A mistyped path must not change another program's file: neither its log nor its tables.

    Raises:
        StoreError: it has tables, and is no store.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    found = (name for (name,) in connection.execute(query))
    tables = [name for name in found if not name.startswith("sqlite_")]
    if tables and VERSION_TABLE not in tables:
        raise StoreError(
            f"{path}: is a database of another program (it has a table {tables[0]!r}); "
            "give a file of its own for the store"
        )


def _postgres(url: sa.URL, busy_timeout: float) -> Database:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("psycopg", "postgres") from error
    wait = max(1, round(busy_timeout * 1000))
    name = f"postgresql://{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
    engine = sa.create_engine(
        url,
        connect_args={
            "connect_timeout": max(2, round(busy_timeout)),
            "application_name": "lpr",
            "client_encoding": "utf8",
            # A server that the network lost is given up, not waited for by the kernel's leave.
            "keepalives_idle": max(1, round(busy_timeout)),
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": wait,
            "options": f"-c synchronous_commit=on -c lock_timeout={wait} -c timezone=UTC",
        },
        pool_timeout=max(busy_timeout, 1.0),
        # A connection that a restart of the server broke is replaced before it is used.
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_JSON,
    )
    database = Database(engine, name, None, patience=busy_timeout)
    with database.read() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        database.close()
        raise StoreError(f"{name}: is encoded as {encoding}; create a database with UTF8")
    return database


_JSON: Final = partial(json.dumps, ensure_ascii=False)
