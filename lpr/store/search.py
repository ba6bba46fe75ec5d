"""Search by text, time, camera, kind and action. What is looked for is only ever a bound value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from lpr.formats.confusables import Confusables, folded
from lpr.store.keys import Keys
from lpr.store.query import Match, SearchQuery
from lpr.store.records import StoredEvent
from lpr.store.rows import name_text, plate_text, stored_event
from lpr.store.schema import decisions, events, pictures
from lpr.store.spellings import spellings

_AFTERWARDS: Final = ("departed", "already_opened")


def find_events(
    connection: sa.Connection, query: SearchQuery, keys: Keys, confusables: Confusables
) -> tuple[StoredEvent, ...]:
    """Return the events that a query means, newest first."""
    wanted = (
        event_rows()
        .where(*_conditions(query, keys, confusables, connection.dialect.name))
        .order_by(events.c.at.desc(), events.c.number.desc())
        .limit(query.limit)
        .offset(query.skip)
    )
    return tuple(stored_event(row) for row in connection.execute(wanted).mappings())


def knows_camera(connection: sa.Connection, camera: str) -> bool:
    """Whether any event is stored of a camera."""
    wanted = sa.select(events.c.number).where(events.c.camera == name_text(camera)).limit(1)
    return connection.execute(wanted).first() is not None


def event_rows() -> sa.Select[Any]:
    """Select events with the last action of their passage and whether they have a picture."""
    # That the vehicle has left, or the gate had opened for it, says nothing of what it got.
    afterwards = sa.case((decisions.c.reason.in_(_AFTERWARDS), 1), else_=0)
    action = (
        sa.select(decisions.c.action)
        .where(_same_passage())
        .order_by(afterwards, decisions.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    has_picture = sa.exists().where(pictures.c.event_number == events.c.number)
    return sa.select(events, action.label("action"), has_picture.label("has_picture"))


def _conditions(
    query: SearchQuery, keys: Keys, confusables: Confusables, dialect: str
) -> Sequence[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.text is not None:
        text = plate_text(query.text)
        found.append(_text_condition(text, query, keys, confusables, dialect))
    if query.since is not None:
        found.append(events.c.at >= query.since)
    if query.until is not None:
        found.append(events.c.at < query.until)
    if query.camera is not None:
        found.append(events.c.camera == name_text(query.camera))
    if query.kind is not None:
        found.append(events.c.kind == query.kind.value)
    if query.action is not None:
        decided = decisions.c.action == name_text(query.action)
        found.append(sa.exists().where(_same_passage(), decided))
    return found


def _text_condition(
    text: str, query: SearchQuery, keys: Keys, confusables: Confusables, dialect: str
) -> sa.ColumnElement[bool]:
    column = events.c.folded if query.folded else events.c.text
    sought = folded(text, confusables) if query.folded else text
    if query.match is not Match.EXACT:
        return like(column, sought, query.match, dialect)
    if not query.folded:
        return sa.or_(column == sought, events.c.pseudonym.in_(keys.pseudonyms(sought)))
    # Pseudonyms of earlier versions were made with the dots, and cannot be made anew.
    hidden = dict.fromkeys((sought, *map(confusables.fold, spellings(text))))
    return sa.or_(column == sought, events.c.folded_pseudonym.in_(keys.pseudonyms(*hidden)))


def like(column: Any, sought: str, match: Match, dialect: str) -> sa.ColumnElement[bool]:
    """A condition that tells capitals apart, in the words of the dialect."""
    wild = match is Match.WILDCARD
    if dialect == "sqlite":
        # LIKE would ignore the case of ASCII letters.
        special = r"\[" if wild else r"[\[*?]"
        pattern = re.sub(special, lambda found: f"[{found.group()}]", sought)
        pattern = pattern if wild else pattern + "*"
        return column.op("GLOB", is_comparison=True)(pattern)  # type: ignore[no-any-return]
    pattern = re.sub(r"[\\%_]", lambda found: "\\" + found.group(), sought)
    pattern = pattern.replace("*", "%").replace("?", "_") if wild else pattern + "%"
    return column.like(pattern, escape="\\")  # type: ignore[no-any-return]


def _same_passage() -> sa.ColumnElement[bool]:
    return sa.and_(
        decisions.c.camera == events.c.camera,
        decisions.c.run == events.c.run,
        decisions.c.track_id == events.c.track_id,
    )
