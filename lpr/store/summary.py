"""What is stored, how old it is, and for how long it may stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lpr.store.records import RetentionClass
from lpr.store.schema import audit, decisions, events, pictures, plates
from lpr.store.settings import RetentionSettings


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of rows.

    Attributes:
        what: for example `events unmatched` or `pictures`.
        rows: how many there are.
        oldest: wall clock of the oldest, aware; None where there are none or they have no age.
        days: days for which they are kept, None without limit.
    """

    what: str
    rows: int
    oldest: datetime | None
    days: float | None


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """What a store holds; no plates.

    Attributes:
        holdings: its kinds of rows.
        pseudonyms: events that stand under a pseudonym.
        erased: events whose texts were erased on request.
        schema: version of the schema.
        size: bytes on the disk.
    """

    holdings: tuple[Holding, ...]
    pseudonyms: int
    erased: int
    schema: str
    size: int


def holdings(connection: sa.Connection, retention: RetentionSettings) -> tuple[Holding, ...]:
    """Count the rows of each kind and find the oldest."""
    found = []
    for table in (events, decisions):
        for name in RetentionClass:
            mine = table.c.retention == name.value
            days: float | None = getattr(retention, f"{name.value}_days")
            found.append(_holding(connection, f"{table.name} {name.value}", table, mine, days))
    found.append(_holding(connection, "pictures", pictures, sa.true(), retention.pictures_days))
    found.append(Holding("list entries", count(connection, plates, sa.true()), None, None))
    found.append(_holding(connection, "audit log", audit, sa.true(), None))
    return tuple(found)


def count(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    """Count rows."""
    wanted = sa.select(sa.func.count()).select_from(table).where(where)
    return connection.execute(wanted).scalar_one()


def _holding(
    connection: sa.Connection,
    what: str,
    table: sa.Table,
    where: sa.ColumnElement[bool],
    days: float | None,
) -> Holding:
    oldest = connection.execute(sa.select(sa.func.min(table.c.at)).where(where)).scalar()
    return Holding(what, count(connection, table, where), oldest, days)
