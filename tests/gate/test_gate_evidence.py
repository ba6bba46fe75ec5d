from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lpr.errors import GateError
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence, by_passage, evidence_from_event
from lpr.gate.fakes import sure_event
from lpr.geometry import Quad
from lpr.types import Detection, EventKind, Track, TrackState, UnreadReason


def test_an_event_gives_what_the_rules_may_see() -> None:
    event = sure_event("AB123CD", track_id=7, first_seen=2.0, time=3.5)
    evidence = evidence_from_event(event, age=0.25, direction=Direction.IN)
    assert evidence == Evidence(
        kind=EventKind.CONFIRMED,
        camera="north",
        track_id=7,
        first_seen=2.0,
        text="AB123CD",
        probability=0.999,
        agreeing=5,
        age=0.25,
        in_view=1.75,
        direction=Direction.IN,
    )
    assert evidence.passage == ("north", 7, 2.0)


def test_unread_carries_its_reason() -> None:
    event = sure_event("", kind=EventKind.UNREAD, reason=UnreadReason.BLURRED)
    assert evidence_from_event(event, age=0).unread_reason == "blurred"


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan, math.inf])
def test_impossible_probabilities_are_refused(confidence: float) -> None:
    with pytest.raises(GateError, match="probability"):
        evidence_from_event(sure_event("AB1", confidence=confidence), age=0)


@pytest.mark.parametrize("age", [-1.001, math.nan, math.inf, -math.inf])
def test_impossible_ages_are_refused(age: float) -> None:
    with pytest.raises(GateError):
        evidence_from_event(sure_event("AB1"), age=age)


def test_a_camera_clock_may_run_a_little_ahead() -> None:
    assert evidence_from_event(sure_event("AB1"), age=-0.9).age == 0.0


@pytest.mark.parametrize("age", [0.1, 0.2, 0.3, 0.7, 1.9])
def test_a_plate_that_is_told_in_its_first_frame_is_possible_on_any_date(age: float) -> None:
    """Live cameras count from 1970: sums of a date and an age are rounded."""
    event = sure_event("AB1", first_seen=1_795_000_000.123, time=1_795_000_000.123)
    assert evidence_from_event(event, age=age).in_view == age


def test_impossible_events_are_refused() -> None:
    with pytest.raises(GateError, match="cannot agree"):
        evidence_from_event(replace(sure_event("AB1"), readings=2, agreeing=3), age=0)
    with pytest.raises(GateError, match="impossible"):
        evidence_from_event(replace(sure_event("AB1"), agreeing=-1), age=0)
    with pytest.raises(GateError, match="before its track"):
        evidence_from_event(sure_event("AB1", first_seen=2, time=1), age=0)
    with pytest.raises(GateError):
        evidence_from_event(sure_event(""), age=0)
    with pytest.raises(GateError):
        evidence_from_event(sure_event("ab 1"), age=0)
    with pytest.raises(GateError):
        evidence_from_event(sure_event("AB1"), age=0, alphabet=frozenset("AB"))


def test_tracks_get_the_numbers_of_their_events() -> None:
    quad = Quad.from_box(0, 0, 40, 10)
    tracks = [
        Track(number, quad, TrackState.ACTIVE, 0, 1, 3, Detection(quad, 0.9))
        for number in (2, 3, 5)
    ]
    passages = {2: 1, 3: 3, 4: 1}
    found = by_passage(tracks, passages.get)
    assert [track.id for track in found] == [1, 3, 5]
    assert found[0] == replace(tracks[0], id=1)
