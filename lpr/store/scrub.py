"""Clearing an SQLite file of what was deleted, and when that is worth making the file anew.

`secure_delete` overwrites a deleted row, but not the copies of it that moving rows between pages
left in their unused parts: only making the whole file anew clears those. Nobody can write while
that lasts, so it is done at once only where a person asked for an erasure. PostgreSQL is left to
its own VACUUM.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from lpr.errors import StoreError
from lpr.store.database import Database
from lpr.store.schema import events, meta

_RESIDUE: Final = "residue"
_REWRITTEN: Final = "rewritten"
_EVERY: Final = timedelta(days=1)
_QUIET: Final = timedelta(minutes=10)
_SMALL: Final = 50_000_000
"""Bytes of a file that is made anew before a decision has waited for long."""


class Scrubber:
    """Keeps account of what deletions leave in the file, and clears it.

    Args:
        database: whose file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, connection: sa.Connection, deletion: int) -> None:
        """Note that something is deleted, in the transaction that does it.

        Args:
            connection: a writing transaction.
            deletion: number of its entry in the audit log.
        """
        if self._database.is_sqlite:
            _note(connection, _RESIDUE, str(deletion))

    def has_residue(self) -> bool:
        """Whether something was deleted since the file was made anew; never for PostgreSQL.

        Raises:
            StoreError: the database failed.
        """
        with self._database.read() as connection:
            return _noted(connection, _RESIDUE) is not None

    def scrub(self, now: datetime, *, at_once: bool) -> str:
        """Empty the write-ahead log, and make the file anew where that is due.

        It is due once a day where anything was deleted: a small file at any time, a larger one when
        nothing has happened for ten minutes, for a gate stays shut while its decisions must wait.

        Args:
            now: wall clock, aware.
            at_once: make it anew whether or not it is due.

        Returns:
            Why old text may still be readable; empty where it is not. Nothing is raised: what was
            deleted is deleted.
        """
        if not self._database.is_sqlite:
            return ""
        try:
            with self._database.read() as connection:
                deletion = _noted(connection, _RESIDUE)
                due = at_once or self._is_due(connection, now)
            problem = self._database.rewrite() if due else ""
            if due and not problem:
                with self._database.write() as connection:
                    _note(connection, _REWRITTEN, now.isoformat())
                    # What was deleted meanwhile is still to come.
                    mine = sa.and_(meta.c.name == _RESIDUE, meta.c.value == deletion)
                    connection.execute(meta.delete().where(mine))
            return self._database.empty_log() or problem
        except StoreError as error:
            return str(error)

    def _is_due(self, connection: sa.Connection, now: datetime) -> bool:
        last = _noted(connection, _REWRITTEN)
        if last is not None:
            # A clock that was put right must not put it off.
            age = abs(now - datetime.fromisoformat(last))
            if _noted(connection, _RESIDUE) is None or age < _EVERY:
                return False
        if self._database.size() <= _SMALL:
            return True
        recent = sa.exists().where(events.c.at.between(now - _QUIET, now + _QUIET))
        return not connection.execute(sa.select(recent)).scalar()


def _note(connection: sa.Connection, name: str, value: str) -> None:
    connection.execute(meta.delete().where(meta.c.name == name))
    connection.execute(meta.insert().values(name=name, value=value))


def _noted(connection: sa.Connection, name: str) -> str | None:
    return connection.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar()
