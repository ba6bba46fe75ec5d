"""Plate lists kept in the store: entries with the fields of a list file, in their order."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from lpr.formats.confusables import Confusables
from lpr.store.records import ListedPlate
from lpr.store.rows import listed_columns, listed_plate, plate_text
from lpr.store.schema import plates


def read_plates(connection: sa.Connection) -> tuple[ListedPlate, ...]:
    """Return every entry in the order in which they came in."""
    rows = connection.execute(sa.select(plates).order_by(plates.c.number)).mappings()
    return tuple(listed_plate(row) for row in rows)


def add_plates(
    connection: sa.Connection, entries: Iterable[ListedPlate], confusables: Confusables
) -> int:
    """Add entries; those that are there already are left out.

    Returns:
        How many came in.
    """
    there = set(read_plates(connection))
    new = [entry for entry in dict.fromkeys(entries) if entry not in there]
    for entry in new:
        columns = listed_columns(entry)
        columns["folded"] = confusables.fold(columns["plate"])
        connection.execute(plates.insert().values(**columns))
    return len(new)


def remove_plate(connection: sa.Connection, plate: str) -> int:
    """Remove every entry of a plate; returns how many there were."""
    return connection.execute(plates.delete().where(plates.c.plate == plate_text(plate))).rowcount


def clear_plates(connection: sa.Connection) -> int:
    """Remove every entry; returns how many there were."""
    return connection.execute(plates.delete()).rowcount
