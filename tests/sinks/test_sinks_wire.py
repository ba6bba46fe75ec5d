from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import SourceError
from lpr.geometry import Quad
from lpr.sinks import (
    PicturePlate,
    PictureResult,
    event_from_json,
    event_to_json,
    from_line,
    picture_to_json,
    to_line,
)
from lpr.sinks.safe import is_unsafe
from lpr.types import EventKind, PlateEvent, TextCandidate, UnreadReason

KEYS = [
    "schema",
    "kind",
    "source",
    "camera",
    "track_id",
    "text",
    "raw_text",
    "confidence",
    "char_scores",
    "alternatives",
    "region",
    "readings",
    "agreeing",
    "first_seen",
    "time",
    "frame_index",
    "quad",
    "reason",
]


def test_the_contract(event: PlateEvent) -> None:
    line = to_line(event_to_json(event, source="video.mp4"))
    assert line == (
        '{"schema":1,"kind":"confirmed","source":"video.mp4","camera":"gate","track_id":3,'
        '"text":"AB123CD","raw_text":"A8123CD","confidence":0.98,'
        '"char_scores":[0.99,0.97,1.0,1.0,0.98,0.96,0.95],'
        '"alternatives":[{"text":"AB123CD","probability":0.98},'
        '{"text":"A8123CD","probability":0.01}],'
        '"region":"DE","readings":7,"agreeing":5,"first_seen":1.2,"time":2.04,"frame_index":51,'
        '"quad":[[10.0,20.0],[110.5,21.0],[110.0,41.3],[10.2,40.0]],"reason":null}'
    )
    assert list(json.loads(line)) == KEYS
    assert from_line(line) == (event, "video.mp4")


def test_unread(event: PlateEvent) -> None:
    unread = replace(
        event,
        kind=EventKind.UNREAD,
        text="",
        char_scores=(),
        alternatives=(),
        region=None,
        reason=UnreadReason.TOO_SMALL,
    )
    record = event_to_json(unread)
    assert (record["kind"], record["text"], record["reason"]) == ("unread", "", "too_small")
    assert record["source"] == "gate"
    assert event_from_json(record) == (unread, "gate")


shares = st.floats(0, 1)
pixels = st.floats(-5000, 20_000)
texts = st.text("AB01京粤가", max_size=8)


@st.composite
def events(draw: st.DrawFn) -> PlateEvent:
    text = draw(texts)
    return PlateEvent(
        kind=draw(st.sampled_from(EventKind)),
        camera=draw(st.text(max_size=10)),
        track_id=draw(st.integers(1, 10**9)),
        text=text,
        raw_text=draw(texts),
        confidence=draw(shares),
        char_scores=tuple(draw(shares) for _ in text),
        alternatives=tuple(draw(st.lists(st.builds(TextCandidate, texts, shares), max_size=3))),
        region=draw(st.sampled_from([None, "DE", "CN"])),
        readings=draw(st.integers(0, 1000)),
        agreeing=draw(st.integers(0, 1000)),
        first_seen=draw(st.floats(0, 2e9)),
        time=draw(st.floats(0, 2e9)),
        frame_index=draw(st.integers(0, 10**9)),
        quad=Quad(*((draw(pixels), draw(pixels)) for _ in range(4))),
        reason=draw(st.sampled_from([None, *UnreadReason])),
    )


@settings(max_examples=60, deadline=None)
@given(events())
def test_every_event_makes_the_trip(event: PlateEvent) -> None:
    """What is read back writes the same line, and is the event within the contract's rounding."""
    line = to_line(event_to_json(event))
    assert "\n" not in line
    again, _ = from_line(line)
    assert to_line(event_to_json(again)) == line
    assert again.confidence == pytest.approx(event.confidence, abs=1.1e-4)
    assert again.time == pytest.approx(event.time, abs=6e-4)
    assert again.text == event.text
    assert (again.confidence == 1.0) <= (event.confidence > 0.9999)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_a_line_is_safe_on_a_terminal(text: str) -> None:
    line = to_line({"text": text})
    assert json.loads(line) == {"text": text}
    assert not any(is_unsafe(char) for char in line)
    line.encode()


@pytest.mark.parametrize(
    "char", ["\x1b", "\x9b", "\xad", "\U000e0041", "\u202e", "\u2028", "\x07", "\ud800"]
)
def test_no_control_character_reaches_the_line(char: str) -> None:
    assert char not in to_line({"source": f"a{char}b"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1])
def test_impossible_numbers_are_not_written(event: PlateEvent, value: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        event_to_json(replace(event, confidence=value))
    if value != value or value > 2:
        with pytest.raises(ValueError, match="JSON"):
            to_line(event_to_json(replace(event, time=value)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "schema 2 is not supported"),
        ({"schema": None}, "schema None is not supported"),
        ({"kind": "gone"}, "'gone' is not a valid EventKind"),
        ({"track_id": "3"}, "'track_id' must be a whole number"),
        ({"track_id": True}, "'track_id' must be a whole number"),
        ({"confidence": 1.2}, "'confidence' must be a number from 0 to 1"),
        ({"confidence": None}, "'confidence' must be a number from 0 to 1"),
        ({"char_scores": [0.5]}, "char_scores has 1 entries for 7 characters"),
        ({"char_scores": [0.5] * 6 + ["x"]}, "'char_scores' must be a list of numbers"),
        ({"alternatives": ["AB"]}, "'alternatives' must be a list of"),
        ({"quad": [[1, 2], [3, 4]]}, "'quad' must be four"),
        ({"quad": [[1, 2], [3, 4], [5, 6], [7]]}, "'quad' must be four"),
        ({"quad": "no"}, "'quad' must be a list"),
        ({"time": "soon"}, "'time' must be a finite number"),
        ({"region": 49}, "'region' must be a string"),
        ({"reason": "bored"}, "'bored' is not a valid UnreadReason"),
    ],
)
def test_wrong_events_are_named(event: PlateEvent, change: dict[str, Any], words: str) -> None:
    record = {**event_to_json(event), **change}
    with pytest.raises(SourceError, match=words) as caught:
        event_from_json(record, where="events.jsonl:12")
    assert str(caught.value).startswith("events.jsonl:12: ")


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("schema", "agreeing")])
def test_a_missing_key_is_named(event: PlateEvent, key: str) -> None:
    record = event_to_json(event)
    del record[key]
    with pytest.raises(SourceError, match=f"'{key}' is missing"):
        event_from_json(record)


def test_unknown_keys_and_a_missing_late_key_are_fine(event: PlateEvent) -> None:
    record = {**event_to_json(event), "colour": "red"}
    del record["agreeing"]
    assert event_from_json(record)[0] == replace(event, agreeing=0)


@pytest.mark.parametrize("line", ["", "{", "[]", "3", "[" * 100_000, '{"schema": NaN}', b"\xff"])
def test_what_is_no_event(line: str | bytes) -> None:
    with pytest.raises(SourceError, match=r"^a:1: "):
        from_line(line, where="a:1")


def test_the_picture_contract() -> None:
    plate = PicturePlate(
        Quad.from_box(1, 2, 33.33, 44),
        0.91239,
        1,
        "AB12",
        0.5,
        (0.9, 0.8, 0.7, 1.0),
        None,
        "A812",
        (TextCandidate("A812", 0.25),),
    )
    assert to_line(picture_to_json(PictureResult("a.jpg", (plate,), 6.94))) == (
        '{"schema":1,"source":"a.jpg","plates":[{"quad":[[1.0,2.0],[33.3,2.0],[33.3,44.0],'
        '[1.0,44.0]],"score":0.9124,"lines":1,"text":"AB12","confidence":0.5,'
        '"char_scores":[0.9,0.8,0.7,1.0],"region":null,"raw_text":"A812",'
        '"alternatives":[{"text":"A812","probability":0.25}]}],"ms":6.9,"error":null}'
    )
    assert to_line(picture_to_json(PictureResult("b.jpg", error="b.jpg: the file is empty"))) == (
        '{"schema":1,"source":"b.jpg","plates":[],"ms":0.0,"error":"b.jpg: the file is empty"}'
    )
