"""Writing events and decisions, and what they say together about a passage.

A passage is what one track of one run of a camera's engine brought: all its events and decisions
are kept for as long as the strictest word about it demands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from lpr.formats.confusables import Confusables, folded
from lpr.formats.folding import plate_identity
from lpr.store.database import Database
from lpr.store.keys import Keys
from lpr.store.picture import Picture
from lpr.store.plates import is_listed
from lpr.store.records import RetentionClass, StoredDecision
from lpr.store.rows import decision_columns, event_columns
from lpr.store.schema import decisions, events, pictures
from lpr.types import PlateEvent

_RANKS: Final = tuple(RetentionClass)

_OF_THE_VEHICLE: Final = frozenset(
    {
        "not_listed",
        "deny_listed",
        "ambiguous",
        "not_yet_valid",
        "expired",
        "out_of_schedule",
        "wrong_gate",
        "wrong_direction",
        "direction_unknown",
        "pass_used_up",
        "already_inside",
        "not_inside",
        "area_full",
        "suspicious",
    }
)
"""Reasons of a gate that are about the vehicle. A stale picture or a clock that jumped is no reason
to keep a stranger for longer."""


class Passage(NamedTuple):
    """What names a passage."""

    camera: str
    run: str
    track_id: int

    def within(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Rows of events or decisions that belong to it."""
        return sa.and_(
            table.c.camera == self.camera,
            table.c.run == self.run,
            table.c.track_id == self.track_id,
        )


class PassageWriter:
    """Writes events and decisions inside somebody's transaction.

    Args:
        database: for its kind of INSERT.
        keys: what makes pseudonyms.
        confusables: the characters that the reader does not tell apart.
        pseudonyms: write a keyed hash in place of plates on no list.
    """

    def __init__(
        self, database: Database, keys: Keys, confusables: Confusables, *, pseudonyms: bool
    ) -> None:
        self._database, self._keys = database, keys
        self._confusables, self._pseudonyms = confusables, pseudonyms

    def add_event(
        self,
        connection: sa.Connection,
        event: PlateEvent,
        *,
        event_id: str,
        run: str,
        at: datetime,
        listed: bool | None,
        picture: Picture | None,
    ) -> None:
        """Write an event and its picture, unless its UUID is there already."""
        if listed is None:
            listed = bool(event.text) and is_listed(connection, event.text, self._confusables)
        passage = Passage(event.camera, run, event.track_id)
        wanted = RetentionClass.MATCHED if listed else RetentionClass.UNMATCHED
        columns: dict[str, Any] = {
            "folded": folded(event.text, self._confusables),
            "pseudonym": None,
            "folded_pseudonym": None,
        }
        if self._pseudonyms and not listed:
            columns["pseudonym"] = self._keys.pseudonym(event.text) if event.text else None
            columns["folded_pseudonym"] = (
                self._keys.pseudonym(columns["folded"]) if event.text else None
            )
            columns["folded"] = ""
            # The picture shows what the pseudonym hides.
            event, picture = _nameless(event), None
        insert = self._database.insert(events).values(
            **event_columns(event),
            **columns,
            event_id=event_id,
            run=run,
            at=at,
            retention=self._settle(connection, passage, wanted).value,
        )
        insert = insert.on_conflict_do_nothing(index_elements=["event_id"])
        number = connection.execute(insert.returning(events.c.number)).scalar()
        if number is not None and picture is not None:
            connection.execute(_picture_row(number, at, picture))

    def add_decision(
        self, connection: sa.Connection, decision: StoredDecision, decision_id: str
    ) -> None:
        """Write a decision, unless its UUID is there already."""
        passage = Passage(decision.camera, decision.run, decision.track_id)
        if self._pseudonyms and _is_unlisted(decision):
            decision = replace(
                decision,
                pseudonym=(
                    self._keys.pseudonym(decision.text) if decision.text else decision.pseudonym
                ),
                text="",
                detail="",
                suspicions=tuple((kind, "") for kind, _ in decision.suspicions),
            )
        insert = self._database.insert(decisions).values(
            **decision_columns(decision),
            decision_id=decision_id,
            retention=self._settle(connection, passage, class_of(decision)).value,
        )
        connection.execute(insert.on_conflict_do_nothing(index_elements=["decision_id"]))

    def _settle(
        self, connection: sa.Connection, passage: Passage, wanted: RetentionClass
    ) -> RetentionClass:
        """Return the strictest class of the passage and give it to what is there already."""
        found = {wanted}
        for table in (events, decisions):
            rows = sa.select(table.c.retention).where(passage.within(table)).distinct()
            found.update(RetentionClass(one) for one in connection.execute(rows).scalars())
        settled = max(found, key=_RANKS.index)
        if len(found) > 1:
            for table in (events, decisions):
                stale = sa.and_(passage.within(table), table.c.retention != settled.value)
                connection.execute(table.update().where(stale).values(retention=settled.value))
        return settled


def _is_unlisted(decision: StoredDecision) -> bool:
    """Whether a decision's text is another than the listed plate that it was taken for."""
    if decision.plate is None:
        return True
    return bool(decision.text) and plate_identity(decision.text) != plate_identity(decision.plate)


def class_of(decision: StoredDecision) -> RetentionClass:
    """The class that a decision puts its passage into."""
    refused = decision.action == "deny" and decision.would != "open"
    if refused and decision.reason in _OF_THE_VEHICLE:
        return RetentionClass.DENIED
    if decision.plate is not None:
        return RetentionClass.MATCHED
    return RetentionClass.UNMATCHED


def add_picture(connection: sa.Connection, event_id: str, picture: Picture) -> bool:
    """Give an event its picture, in place of an earlier one.

    Returns:
        False where there is no such event, or where it stands under a pseudonym or is erased.
    """
    wanted = sa.select(events.c.number, events.c.at).where(
        events.c.event_id == event_id,
        events.c.pseudonym.is_(None),
        events.c.erased_at.is_(None),
    )
    row = connection.execute(wanted).first()
    if row is None:
        return False
    connection.execute(pictures.delete().where(pictures.c.event_number == row.number))
    connection.execute(_picture_row(row.number, row.at, picture))
    return True


def picture_of(
    connection: sa.Connection, passage: Passage, number: int, text: str
) -> tuple[str, Picture] | None:
    """Find an event's picture, or else the latest that its passage keeps for the same text.

    A departure has none of its own: it is the verdict before it that rests on a look.

    Args:
        connection: somebody's transaction.
        passage: of the event.
        number: the event's.
        text: the event's; the plate in a picture is the one that the audit log has.

    Returns:
        UUID of the event that it is kept with, and the picture; None where there is none.
    """
    own = events.c.number == number
    alike = sa.and_(passage.within(events), events.c.text == text, events.c.text != "")
    row = connection.execute(
        sa.select(events.c.event_id, pictures.c.data)
        .join(pictures, pictures.c.event_number == events.c.number)
        .where(sa.or_(own, alike))
        .order_by(sa.case((own, 0), else_=1), events.c.number.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.event_id, Picture(bytes(row.data)))


def _picture_row(number: int, at: datetime, picture: Picture) -> sa.Insert:
    return pictures.insert().values(
        event_number=number, at=at, mime=picture.mime, data=picture.data
    )


def _nameless(event: PlateEvent) -> PlateEvent:
    return replace(event, text="", raw_text="", char_scores=(), alternatives=(), region=None)
