"""Records to rows and back; texts from the street are made storable here."""

from __future__ import annotations

import math
import re
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from lpr.errors import StoreError
from lpr.geometry import Quad
from lpr.store.records import (
    MAX_NAME,
    MAX_TEXT,
    ListedPlate,
    RetentionClass,
    StoredDecision,
    StoredEvent,
)
from lpr.types import EventKind, PlateEvent, TextCandidate, UnreadReason

# PostgreSQL cannot store NUL, and neither database a lone surrogate.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_MAX_LINE: Final = 1000


def plate_text(text: str) -> str:
    """A text as the store keeps it: unstorable characters become U+FFFD, 128 characters stay."""
    return _clean(text, MAX_TEXT)


def name_text(text: str) -> str:
    """A camera, gate or run as the store keeps it."""
    return _clean(text, MAX_NAME)


def aware(moment: datetime) -> datetime:
    """The moment itself.

    Raises:
        StoreError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise StoreError(f"{moment} needs a time zone to be stored")
    return moment


def clean_event(event: PlateEvent) -> PlateEvent:
    """The event with texts that can be stored.

    Raises:
        StoreError: a number of it is not finite.
    """
    numbers = (event.time, event.first_seen, event.confidence, *event.char_scores)
    shares = (one.probability for one in event.alternatives)
    corners = (value for point in event.quad.points for value in point)
    if not all(math.isfinite(value) for value in (*numbers, *shares, *corners)):
        raise StoreError(f"camera {name_text(event.camera)!r}: an event holds no finite number")
    return replace(
        event,
        camera=name_text(event.camera),
        text=plate_text(event.text),
        raw_text=plate_text(event.raw_text),
        region=None if event.region is None else _clean(event.region, 8),
        alternatives=tuple(
            TextCandidate(plate_text(one.text), one.probability) for one in event.alternatives
        ),
    )


def clean_decision(decision: StoredDecision) -> StoredDecision:
    """The decision with texts that can be stored.

    Raises:
        StoreError: a number of it is not finite, or its moment has no time zone.
    """
    if not (math.isfinite(decision.event_time) and math.isfinite(decision.probability)):
        raise StoreError(f"gate {name_text(decision.gate)!r}: a decision holds no finite number")
    return replace(
        decision,
        at=aware(decision.at),
        gate=name_text(decision.gate),
        camera=name_text(decision.camera),
        run=name_text(decision.run),
        action=_clean(decision.action, 16),
        reason=_clean(decision.reason, 64),
        rule=_clean(decision.rule, _MAX_LINE),
        text=plate_text(decision.text),
        detail=_clean(decision.detail, _MAX_LINE),
        plate=None if decision.plate is None else plate_text(decision.plate),
        would=None if decision.would is None else _clean(decision.would, 16),
        pass_key=None if decision.pass_key is None else _clean(decision.pass_key, _MAX_LINE),
        direction=None if decision.direction is None else _clean(decision.direction, 8),
        suspicions=tuple(
            (_clean(kind, 64), _clean(detail, _MAX_LINE)) for kind, detail in decision.suspicions
        ),
    )


def event_columns(event: PlateEvent) -> dict[str, Any]:
    """The columns that hold the event itself; numbers of numpy become Python's."""
    return {
        "camera": event.camera,
        "track_id": int(event.track_id),
        "kind": EventKind(event.kind).value,
        "time": float(event.time),
        "first_seen": float(event.first_seen),
        "frame_index": int(event.frame_index),
        "text": event.text,
        "raw_text": event.raw_text,
        "confidence": float(event.confidence),
        "char_scores": [float(score) for score in event.char_scores],
        "alternatives": [[one.text, float(one.probability)] for one in event.alternatives],
        "region": event.region,
        "readings": event.readings,
        "agreeing": event.agreeing,
        "quad": [[float(x), float(y)] for x, y in event.quad.points],
        "reason": None if event.reason is None else UnreadReason(event.reason).value,
    }


def stored_event(row: sa.RowMapping) -> StoredEvent:
    """A row of events, with its action and whether it has a picture."""
    event = PlateEvent(
        kind=EventKind(row["kind"]),
        camera=row["camera"],
        track_id=row["track_id"],
        text=row["text"],
        raw_text=row["raw_text"],
        confidence=row["confidence"],
        char_scores=tuple(row["char_scores"]),
        alternatives=tuple(TextCandidate(text, share) for text, share in row["alternatives"]),
        region=row["region"],
        readings=row["readings"],
        agreeing=row["agreeing"],
        first_seen=row["first_seen"],
        time=row["time"],
        frame_index=row["frame_index"],
        quad=Quad.from_points(row["quad"]),
        reason=None if row["reason"] is None else UnreadReason(row["reason"]),
    )
    return StoredEvent(
        number=row["number"],
        event_id=row["event_id"],
        run=row["run"],
        at=row["at"],
        event=event,
        retention=RetentionClass(row["retention"]),
        action=row["action"],
        pseudonym=row["pseudonym"],
        erased=row["erased_at"] is not None,
        has_picture=bool(row["has_picture"]),
    )


def decision_columns(decision: StoredDecision) -> dict[str, Any]:
    """The columns that hold a decision."""
    columns = {one.name: getattr(decision, one.name) for one in fields(decision)}
    columns["suspicions"] = [list(one) for one in decision.suspicions]
    return columns


def stored_decision(row: sa.RowMapping) -> StoredDecision:
    """A row of decisions."""
    values = {one.name: row[one.name] for one in fields(StoredDecision)}
    values["suspicions"] = tuple((kind, detail) for kind, detail in row["suspicions"])
    return StoredDecision(**values)


def listed_columns(entry: ListedPlate) -> dict[str, Any]:
    """The columns that hold a list entry."""
    columns = {one.name: getattr(entry, one.name) for one in fields(entry)}
    columns["plate"] = plate_text(entry.plate)
    columns["gates"] = list(entry.gates)
    return columns


def listed_plate(row: sa.RowMapping) -> ListedPlate:
    """A row of plates."""
    values = {one.name: row[one.name] for one in fields(ListedPlate)}
    values["gates"] = tuple(row["gates"])
    return ListedPlate(**values)


def _clean(text: str, limit: int) -> str:
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[:limit])
