"""Deleting what is older than its class allows, with the proof in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from lpr.errors import StoreError
from lpr.store.records import RetentionClass
from lpr.store.schema import decisions, events, pictures
from lpr.store.settings import RetentionSettings
from lpr.store.wall_clock import AHEAD, Belief

_LABELS: Final = tuple(one.value for one in RetentionClass)


@dataclass(frozen=True, slots=True)
class PurgeCount:
    """Rows of one kind, counted by the database before and after.

    Attributes:
        what: for example `events unmatched` or `pictures`.
        before: rows before.
        expired: those of them that were too old.
        deleted: rows that the database says it deleted.
        after: rows after.
    """

    what: str
    before: int
    expired: int
    deleted: int
    after: int


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge did.

    Attributes:
        at: wall clock against which ages were measured, aware.
        counts: one line each for events and decisions by class, and for pictures.
        audit_number: the entry of the audit log that holds the same numbers; 0 for a rehearsal.
        audit_hash: and its hash.
        held: whether what is old was left alone, because the clock may be far ahead: nothing was
            recorded in the 90 days before the last. It is believed a day later: purge again then.
        residue: whether traces may stand in unused parts of SQLite's pages until the file is made
            anew, which every erasure does and, once a day, a purge: a large file in quiet moments.
        unscrubbed: why more than that may be left in SQLite's files; empty where nothing is.
    """

    at: datetime
    counts: tuple[PurgeCount, ...]
    audit_number: int
    audit_hash: str
    held: bool = False
    residue: bool = False
    unscrubbed: str = ""

    @property
    def scrubbed(self) -> bool:
        """Whether the files could be cleared of what was deleted; purge again where not."""
        return not self.unscrubbed

    @property
    def deleted(self) -> int:
        """Rows that were deleted."""
        return sum(count.deleted for count in self.counts)


def delete_expired(
    connection: sa.Connection,
    retention: RetentionSettings,
    now: datetime,
    belief: Belief,
    *,
    rehearse: bool,
) -> tuple[PurgeCount, ...]:
    """Delete what is too old, or dated ahead by a wrong clock, and count it, in one transaction.

    Args:
        connection: a writing transaction.
        retention: the ages.
        now: wall clock, aware.
        belief: what can be concluded from it.
        rehearse: count only.

    Raises:
        StoreError: the counts do not add up; the caller's transaction must be rolled back.
    """
    # Pictures first: they would vanish uncounted with their events.
    jobs = list(_jobs(retention, now, belief))
    return tuple(_delete(connection, what, mine, old, rehearse) for what, mine, old in jobs)


def audit_detail(counts: tuple[PurgeCount, ...]) -> list[dict[str, object]]:
    """The counts as the audit log holds them."""
    return [asdict(count) for count in counts]


_Rows = tuple[sa.Table, sa.ColumnElement[bool]]


def _jobs(
    retention: RetentionSettings, now: datetime, belief: Belief
) -> Iterator[tuple[str, _Rows, sa.ColumnElement[bool]]]:
    def too_old(table: sa.Table, days: float | None) -> sa.ColumnElement[bool]:
        if days is None:
            return sa.false()
        old = table.c.at < now - timedelta(days=days) if belief.ages else sa.false()
        wrong = table.c.at > now + AHEAD if belief.ahead else sa.false()
        return sa.or_(old, wrong)

    def of_class(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
        days: float | None = getattr(retention, f"{name}_days")
        return sa.and_(table.c.retention == name, too_old(table, days))

    events_too_old = sa.or_(sa.false(), *(of_class(events, name) for name in _LABELS))
    gone = sa.select(events.c.number).where(events_too_old)
    old = sa.or_(pictures.c.event_number.in_(gone), too_old(pictures, retention.pictures_days))
    yield "pictures", (pictures, sa.true()), old
    for table in (decisions, events):
        for name in _LABELS:
            mine = table.c.retention == name
            yield f"{table.name} {name}", (table, mine), of_class(table, name)


def _delete(
    connection: sa.Connection,
    what: str,
    mine: _Rows,
    old: sa.ColumnElement[bool],
    rehearse: bool,
) -> PurgeCount:
    table, condition = mine
    before, expired = _count(connection, table, condition), _count(connection, table, old)
    deleted = 0 if rehearse else connection.execute(table.delete().where(old)).rowcount
    after, left = _count(connection, table, condition), _count(connection, table, old)
    if not rehearse and (deleted != expired or before - deleted != after or left):
        raise StoreError(
            f"purge: {what}: {before} rows less {deleted} deleted are not {after} with {left} too "
            "old; nothing was deleted"
        )
    return PurgeCount(what, before, expired, deleted, after)


def _count(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    wanted = sa.select(sa.func.count()).select_from(table).where(where)
    return connection.execute(wanted).scalar_one()
