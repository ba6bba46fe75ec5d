"""Plate lists kept in the store: entries with the fields of a list file, in their order."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import replace

import sqlalchemy as sa

from lpr.formats.confusables import Confusables, folded
from lpr.formats.folding import plate_identity
from lpr.formats.typed import MAX_TYPED, SEPARATORS, composed
from lpr.store.records import ListedPlate
from lpr.store.rows import listed_columns, listed_plate, plate_text
from lpr.store.schema import plates
from lpr.store.spellings import spellings


def typed_plate(text: str) -> str:
    """A plate that a person typed as the reader writes it: capitals, no separators.

    What cannot be on a plate stays, so that the gate, which checks every entry, still refuses it.

    >>> typed_plate("b-ab 1234")
    'BAB1234'
    """
    if len(text) > MAX_TYPED:
        return text
    plate = "".join(_capital(char) for char in composed(text) if char not in SEPARATORS)
    # A mark that a separator kept from its letter must not get there.
    return plate if unicodedata.is_normalized("NFC", plate) else text


def read_plates(connection: sa.Connection) -> tuple[ListedPlate, ...]:
    """Return every entry in the order in which they came in."""
    rows = connection.execute(sa.select(plates).order_by(plates.c.number)).mappings()
    return tuple(listed_plate(row) for row in rows)


def entries_of(connection: sa.Connection, names: Collection[str]) -> dict[int, ListedPlate]:
    """Return the entries of a plate by their numbers, also those that were stored as typed.

    Args:
        connection: any transaction.
        names: the plate as the reader writes it, in each of its spellings.
    """
    rows = connection.execute(sa.select(plates).order_by(plates.c.number)).mappings()
    return {row["number"]: listed_plate(row) for row in rows if typed_plate(row["plate"]) in names}


def is_listed(connection: sa.Connection, text: str, confusables: Confusables) -> bool:
    """Whether an entry names exactly this plate, umlauts with or without their dots.

    A text that is only like a listed plate may be that of a stranger.
    """
    alike = sa.select(plates.c.plate).where(plates.c.folded == folded(text, confusables))
    plate = plate_identity(text)
    found = connection.execute(alike).scalars()
    return any(plate_identity(typed_plate(one)) == plate for one in found)


def add_plates(
    connection: sa.Connection, entries: Iterable[ListedPlate], confusables: Confusables
) -> int:
    """Add entries, their plates as the reader writes them; those that are there are left out.

    Returns:
        How many came in.
    """
    there = {_as_read(entry) for entry in read_plates(connection)}
    new = [entry for entry in dict.fromkeys(map(_as_read, entries)) if entry not in there]
    for entry in new:
        columns = listed_columns(entry)
        columns["folded"] = folded(columns["plate"], confusables)
        connection.execute(plates.insert().values(**columns))
    return len(new)


def remove_plate(connection: sa.Connection, plate: str) -> int:
    """Remove every entry of a plate, as typed, in each spelling; returns how many there were."""
    numbers = list(entries_of(connection, spellings(typed_plate(plate_text(plate)))))
    return connection.execute(plates.delete().where(plates.c.number.in_(numbers))).rowcount


def clear_plates(connection: sa.Connection) -> int:
    """Remove every entry; returns how many there were."""
    return connection.execute(plates.delete()).rowcount


def _as_read(entry: ListedPlate) -> ListedPlate:
    return replace(entry, plate=typed_plate(plate_text(entry.plate)))


def _capital(char: str) -> str:
    upper = char.upper()
    # Only where that is one letter, and the letter's own: "ß", "ſ" and "ı" stay.
    return upper if upper.lower() == char else char
