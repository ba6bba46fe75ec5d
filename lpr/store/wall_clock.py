"""Whether the wall clock can be believed: a machine may not know the time when it starts.

It may start years behind or ahead, and be put right minutes or days later. What it wrote meanwhile
has a wrong time, and ages that it measures are wrong. So a time is believed once something that was
recorded under it is a day old: the purges themselves record theirs in the audit log, so that
nothing is kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from lpr.store.schema import audit, decisions, events

AHEAD: Final = timedelta(days=1)
"""What is dated further ahead than this was dated by a wrong clock."""

_PATIENCE: Final = timedelta(days=1)
_GAP: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Belief:
    """What can be concluded from the present time.

    Attributes:
        ages: whether what is old by it is old. False where nothing at all was recorded in the 90
            days before the last: it may be far ahead.
        ahead: whether what is dated ahead of it is wrongly dated. False until the time is a day
            away from when the log was last written to at a later one: it may be behind.
    """

    ages: bool
    ahead: bool


def believe(connection: sa.Connection, now: datetime) -> Belief:
    """Hold the present time against what was recorded before.

    Args:
        connection: any transaction.
        now: wall clock, aware.
    """
    since, until = now - _GAP, now - _PATIENCE
    newest = (
        connection.execute(sa.select(sa.func.max(table.c.at)).where(table.c.at <= until)).scalar()
        for table in (audit, decisions, events)
    )
    known = [moment for moment in newest if moment is not None]
    later = sa.select(sa.func.max(audit.c.number)).where(audit.c.at > now + AHEAD)
    turned_back = connection.execute(later).scalar() or 0
    under_it = sa.exists().where(audit.c.number > turned_back, audit.c.at.between(since, until))
    return Belief(
        ages=not known or max(known) >= since,
        ahead=bool(connection.execute(sa.select(under_it)).scalar()),
    )
