"""The JSON form of an event: the public contract, version 1 (see docs/events.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lpr.errors import SourceError
from lpr.geometry import Quad
from lpr.sinks.safe import is_unsafe
from lpr.types import EventKind, PlateEvent, TextCandidate, UnreadReason

SCHEMA = 1

JsonObject = dict[str, Any]

_PROBABILITY_DIGITS = 4
_TIME_DIGITS = 3
_PIXEL_DIGITS = 1


def event_to_json(
    event: PlateEvent, *, source: str | None = None, pseudonym: str | None = None
) -> JsonObject:
    """Return an event as a JSON object, keys in the contract's order.

    Args:
        event: what happened.
        source: address of the event's source, without credentials; the camera's name where None.
        pseudonym: what stands for a text that was taken out of the event; None has no such key.
    """
    record: JsonObject = {
        "schema": SCHEMA,
        "kind": event.kind.value,
        "source": event.camera if source is None else source,
        "camera": event.camera,
        "track_id": event.track_id,
        "text": event.text,
        "raw_text": event.raw_text,
        "confidence": probability(event.confidence),
        "char_scores": [probability(score) for score in event.char_scores],
        "alternatives": [
            {"text": other.text, "probability": probability(other.probability)}
            for other in event.alternatives
        ],
        "region": event.region,
        "readings": event.readings,
        "agreeing": event.agreeing,
        "first_seen": round(event.first_seen, _TIME_DIGITS),
        "time": round(event.time, _TIME_DIGITS),
        "frame_index": event.frame_index,
        "quad": quad_to_json(event.quad),
        "reason": None if event.reason is None else event.reason.value,
    }
    return record if pseudonym is None else {**record, "pseudonym": pseudonym}


def probability(value: float) -> float:
    """Round a probability for the wire, without ever making an unsure one sure.

    Raises:
        ValueError: it is not within 0 to 1.
    """
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"a probability must be within 0 to 1, not {value}")
    rounded = round(value, _PROBABILITY_DIGITS)
    return 0.9999 if rounded == 1.0 and value < 0.99995 else rounded


def quad_to_json(quad: Quad) -> list[list[float]]:
    """Return a quad as four [x, y] pairs, clockwise from the top left, tenths of a pixel."""
    return [[round(float(value), _PIXEL_DIGITS) for value in point] for point in quad.points]


def to_line(record: Mapping[str, Any]) -> str:
    """Return a JSON object as one line without its end: UTF-8 letters as they are.

    Characters that could steer a terminal are written as escapes.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(char)[1:-1] if is_unsafe(char) else char for char in text)


def from_line(line: str | bytes, *, where: str = "event") -> tuple[PlateEvent, str]:
    """Read one line of a JSONL file.

    Args:
        line: the line's text.
        where: file and line number, for the error's message.

    Returns:
        The event and its source.

    Raises:
        SourceError: no JSON, or not an event of this contract.
    """
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: not JSON: {error}") from error
    return event_from_json(record, where=where)


def event_from_json(record: object, *, where: str = "event") -> tuple[PlateEvent, str]:
    """Rebuild an event from its JSON object; unknown keys are ignored, as the contract allows.

    Args:
        record: the parsed object.
        where: file and line number, for the error's message.

    Returns:
        The event and its source.

    Raises:
        SourceError: a key is missing, of the wrong type or out of range, or the schema is newer.
    """
    if not isinstance(record, dict):
        raise SourceError(f"{where}: must be a JSON object")
    if record.get("schema") != SCHEMA:
        raise SourceError(
            f"{where}: schema {record.get('schema')!r} is not supported, {SCHEMA} is; "
            "use the version of lpr that wrote it"
        )
    fields = _Fields(record, where)
    try:
        event = _event(fields)
    except (ValueError, OverflowError) as error:
        raise SourceError(f"{where}: {error}") from error
    return event, fields.text("source")


def _event(fields: _Fields) -> PlateEvent:
    text, scores = fields.text("text"), fields.probabilities("char_scores")
    if len(text) != len(scores):
        raise ValueError(f"char_scores has {len(scores)} entries for {len(text)} characters")
    reason = fields.optional_text("reason")
    return PlateEvent(
        kind=EventKind(fields.text("kind")),
        camera=fields.text("camera"),
        track_id=fields.count("track_id"),
        text=text,
        raw_text=fields.text("raw_text"),
        confidence=fields.probability("confidence"),
        char_scores=scores,
        alternatives=fields.candidates("alternatives"),
        region=fields.optional_text("region"),
        readings=fields.count("readings"),
        agreeing=fields.count("agreeing") if fields.has("agreeing") else 0,
        first_seen=fields.number("first_seen"),
        time=fields.number("time"),
        frame_index=fields.count("frame_index"),
        quad=fields.quad("quad"),
        reason=None if reason is None else UnreadReason(reason),
    )


class _Fields:
    """Typed access to a JSON object; each wrong value is named in the error."""

    def __init__(self, record: dict[str, object], where: str) -> None:
        self._record, self._where = record, where

    def has(self, key: str) -> bool:
        return key in self._record

    def _get(self, key: str) -> object:
        if key not in self._record:
            raise SourceError(f"{self._where}: {key!r} is missing")
        return self._record[key]

    def _wrong(self, key: str, wanted: str) -> SourceError:
        return SourceError(
            f"{self._where}: {key!r} must be {wanted}, not {self._record[key]!r:.60}"
        )

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a string")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self._get(key) is None else self.text(key)

    def count(self, key: str) -> int:
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(key, "a whole number from 0")
        return value

    def number(self, key: str) -> float:
        value = _number(self._get(key))
        if value is None:
            raise self._wrong(key, "a finite number")
        return value

    def probability(self, key: str) -> float:
        value = _number(self._get(key))
        if value is None or not 0 <= value <= 1:
            raise self._wrong(key, "a number from 0 to 1")
        return value

    def _list(self, key: str) -> Sequence[object]:
        value = self._get(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def probabilities(self, key: str) -> tuple[float, ...]:
        values = [_number(value) for value in self._list(key)]
        found = tuple(value for value in values if value is not None and 0 <= value <= 1)
        if len(found) != len(values):
            raise self._wrong(key, "a list of numbers from 0 to 1")
        return found

    def candidates(self, key: str) -> tuple[TextCandidate, ...]:
        found = []
        for item in self._list(key):
            text = item.get("text") if isinstance(item, dict) else None
            share = _number(item.get("probability")) if isinstance(item, dict) else None
            if not isinstance(text, str) or share is None or not 0 <= share <= 1:
                raise self._wrong(key, "a list of {text, probability}")
            found.append(TextCandidate(text, share))
        return tuple(found)

    def quad(self, key: str) -> Quad:
        points = self._list(key)
        pairs = [
            [_number(value) for value in point] if isinstance(point, list) else []
            for point in points
        ]
        corners = [(x, y) for x, y in _pairs(pairs) if x is not None and y is not None]
        if len(points) != 4 or len(corners) != 4:
            raise self._wrong(key, "four [x, y] pairs")
        return Quad.from_points(corners)


def _pairs(points: Sequence[Sequence[float | None]]) -> list[tuple[float | None, float | None]]:
    return [(point[0], point[1]) for point in points if len(point) == 2]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not allowed")
