"""What one plate's owner may ask for: everything that is stored of it, and its erasure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from lpr.store.audit import AuditEntry
from lpr.store.keys import Keys
from lpr.store.passages import Passage
from lpr.store.plates import entries_of
from lpr.store.query import Match
from lpr.store.records import StoredDecision, StoredEvent
from lpr.store.rows import event_columns, stored_decision, stored_event
from lpr.store.schema import decisions, events, pictures
from lpr.store.search import event_rows, like
from lpr.store.spellings import letters, mention, spellings

SCHEMA: Final = 1
_LINES: Final = ("detail", "rule", "pass_key")


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What an erasure did.

    Attributes:
        events: events whose texts were erased.
        decisions: decisions whose texts were erased.
        pictures: pictures that were deleted.
        alternatives: events of other vehicles from whose alternatives the plate was taken.
        mentions: decisions about other vehicles from whose words it was taken.
        listed: entries that the plate still has in the store's lists; erasing leaves them.
        audit_number: the entry of the audit log that tells of it.
        unscrubbed: why the erased text may still be readable in SQLite's files; empty where it is
            not.
    """

    events: int
    decisions: int
    pictures: int
    alternatives: int
    mentions: int
    listed: int
    audit_number: int
    unscrubbed: str

    @property
    def scrubbed(self) -> bool:
        """Whether nothing of it is left in the files; erase again where something may be."""
        return not self.unscrubbed


def passages_of(connection: sa.Connection, plate: str, keys: Keys) -> tuple[Passage, ...]:
    """Return the passages in which a plate was read, matched or stands under its pseudonym.

    It counts with and without the dots of its umlauts. An empty plate has none: the text of every
    row without a plate is empty, whosever it is.
    """
    if not plate:
        return ()
    names = spellings(plate)
    hashes = keys.pseudonyms(*names)
    found: set[Passage] = set()
    for table, own in (
        (events, (events.c.text.in_(names), events.c.raw_text.in_(names))),
        (decisions, (decisions.c.text.in_(names), decisions.c.plate.in_(names))),
    ):
        wanted = sa.select(table.c.camera, table.c.run, table.c.track_id).distinct()
        wanted = wanted.where(sa.or_(*own, table.c.pseudonym.in_(hashes)))
        found.update(Passage(*row) for row in connection.execute(wanted))
    return tuple(sorted(found))


def collect(connection: sa.Connection, plate: str, keys: Keys) -> dict[str, Any]:
    """Return everything that is stored of a plate, as JSON."""
    passages = passages_of(connection, plate, keys)
    return {
        "schema": SCHEMA,
        "plate": plate,
        "passages": [_passage(connection, one) for one in passages],
        "listed": [one.fields() for one in entries_of(connection, spellings(plate)).values()],
    }


def event_to_dict(stored: StoredEvent) -> dict[str, Any]:
    """A stored event as JSON; the keys of the event itself are those of docs/events.md."""
    columns = event_columns(stored.event)
    columns["alternatives"] = [
        {"text": text, "probability": share} for text, share in columns["alternatives"]
    ]
    return {
        "event_id": stored.event_id,
        "at": stored.at.isoformat(),
        "run": stored.run,
        **columns,
        "retention": stored.retention.value,
        "action": stored.action,
        "pseudonym": stored.pseudonym,
        "erased": stored.erased,
        "has_picture": stored.has_picture,
    }


def decision_to_dict(decision: StoredDecision) -> dict[str, Any]:
    """A stored decision as JSON."""
    pairs = [{"kind": kind, "detail": detail} for kind, detail in decision.suspicions]
    return asdict(decision) | {"at": decision.at.isoformat(), "suspicions": pairs}


def audit_to_dict(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log as JSON."""
    return asdict(entry) | {"at": entry.at.isoformat()}


def decisions_of(connection: sa.Connection, passage: Passage) -> tuple[StoredDecision, ...]:
    """Return the decisions about a passage, oldest first."""
    wanted = sa.select(decisions).where(passage.within(decisions)).order_by(decisions.c.number)
    return tuple(stored_decision(row) for row in connection.execute(wanted).mappings())


def erase_texts(connection: sa.Connection, plate: str, keys: Keys, now: datetime) -> dict[str, int]:
    """Take a plate out of every row; rows stay, so that counts stay right.

    Returns:
        What was changed, by the names of `ErasureReport`.
    """
    passages = passages_of(connection, plate, keys)
    counts = dict.fromkeys(("events", "decisions", "pictures"), 0)
    for passage in passages:
        mine = sa.select(events.c.number).where(passage.within(events))
        counts["pictures"] += connection.execute(
            pictures.delete().where(pictures.c.event_number.in_(mine))
        ).rowcount
        counts["events"] += connection.execute(
            events.update().where(passage.within(events)).values(**_NAMELESS, erased_at=now)
        ).rowcount
        counts["decisions"] += _erase_decisions(connection, passage, now)
    return counts | {
        "alternatives": _drop_alternatives(connection, plate),
        "mentions": _drop_mentions(connection, plate),
        "listed": len(entries_of(connection, spellings(plate))),
    }


_NAMELESS: Final[dict[str, Any]] = {
    "text": "",
    "folded": "",
    "raw_text": "",
    "char_scores": [],
    "alternatives": [],
    "region": None,
    "pseudonym": None,
    "folded_pseudonym": None,
}


def _passage(connection: sa.Connection, passage: Passage) -> dict[str, Any]:
    wanted = event_rows().where(passage.within(events)).order_by(events.c.number)
    found = []
    for row in connection.execute(wanted).mappings():
        entry = event_to_dict(stored_event(row))
        entry["picture"] = _picture(connection, row["number"])
        found.append(entry)
    return {
        "events": found,
        "decisions": [decision_to_dict(one) for one in decisions_of(connection, passage)],
    }


def _picture(connection: sa.Connection, number: int) -> dict[str, str] | None:
    wanted = sa.select(pictures.c.mime, pictures.c.data).where(pictures.c.event_number == number)
    row = connection.execute(wanted).first()
    if row is None:
        return None
    return {"mime": row.mime, "base64": base64.b64encode(row.data).decode("ascii")}


def _erase_decisions(connection: sa.Connection, passage: Passage, now: datetime) -> int:
    rows = connection.execute(
        sa.select(decisions.c.number, decisions.c.suspicions).where(passage.within(decisions))
    ).all()
    for number, suspicions in rows:
        connection.execute(
            decisions.update()
            .where(decisions.c.number == number)
            .values(
                text="",
                detail="",
                plate=None,
                pass_key=None,
                pseudonym=None,
                suspicions=_kinds(suspicions),
                erased_at=now,
            )
        )
    return len(rows)


def _drop_alternatives(connection: sa.Connection, plate: str) -> int:
    changed = 0
    names = spellings(plate)
    wanted = sa.select(events.c.number, events.c.alternatives)
    for number, alternatives in _mentioning(connection, wanted, [events.c.alternatives], plate):
        kept = [pair for pair in alternatives if pair[0] not in names]
        if len(kept) < len(alternatives):
            row = events.update().where(events.c.number == number)
            connection.execute(row.values(alternatives=kept))
            changed += 1
    return changed


def _drop_mentions(connection: sa.Connection, plate: str) -> int:
    """Blank the lines of other decisions that name the plate ("it looks like ...")."""
    whole = mention(plate)
    columns = [*(decisions.c[name] for name in _LINES), decisions.c.suspicions]
    changed = 0
    wanted = sa.select(decisions.c.number, *columns)
    for number, *lines, suspicions in _mentioning(connection, wanted, columns, plate):
        values: dict[str, Any] = {
            name: None if name == "pass_key" else ""
            for name, line in zip(_LINES, lines, strict=True)
            if line and whole.search(line)
        }
        if any(whole.search(detail) for _, detail in suspicions):
            values["suspicions"] = _kinds(suspicions)
        if values:
            row = decisions.update().where(decisions.c.number == number)
            connection.execute(row.values(**values))
            changed += 1
    return changed


def _mentioning(
    connection: sa.Connection, wanted: sa.Select[Any], columns: Sequence[Any], plate: str
) -> Sequence[Any]:
    """Rows in which a column has the plate's letters in it; the caller looks closer."""
    if not plate:
        return ()
    dialect = connection.dialect.name
    hits = (
        like(sa.cast(column, sa.Text), "*" + _sure_part(plate) + "*", Match.WILDCARD, dialect)
        for column in columns
    )
    return connection.execute(wanted.where(sa.or_(*hits))).all()


def _sure_part(plate: str) -> str:
    """The plate with what may be written otherwise, or is a wildcard, left to chance."""
    return "".join(char if char.isalnum() and len(letters(char)) == 1 else "*" for char in plate)


def _kinds(suspicions: Iterable[Sequence[str]]) -> list[list[str]]:
    return [[kind, ""] for kind, _ in suspicions]
