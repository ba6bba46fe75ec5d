"""What the gate sees of a verdict: little, and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from lpr.errors import GateError
from lpr.gate.direction import Direction
from lpr.gate.plate_text import check_read
from lpr.types import EventKind, PlateEvent, Track

CLOCK_SLACK: Final = 1.0
"""Seconds by which a camera's clock may run ahead of ours before its pictures count as wrong."""

Passage = tuple[str, int, float]
"""What names a passage: camera, track, first sight."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One event as the rules see it.

    Attributes:
        kind: confirmed, revised, departed or unread.
        camera: name of the camera.
        track_id: the passage's number within its camera, as its events carry it.
        first_seen: media seconds of the track's first detection; with `camera` and `track_id` it
            names one passage, also after the camera's engine has begun to count anew.
        text: the voted plate text; empty for unread.
        probability: calibrated probability that the whole text is right, 0 to 1.
        agreeing: readings that say exactly `text`.
        age: seconds since the event's frame was taken.
        in_view: seconds since the track was first seen.
        direction: which way the vehicle goes, None where that is not known.
        unread_reason: why the plate is unread; empty for the other kinds.
    """

    kind: EventKind
    camera: str
    track_id: int
    first_seen: float
    text: str
    probability: float
    agreeing: int
    age: float
    in_view: float
    direction: Direction | None = None
    unread_reason: str = ""

    def __post_init__(self) -> None:
        """Refuse what no honest voter reports.

        Raises:
            GateError: a number is out of its range or not finite, or a verdict has no plate text.
        """
        if not 0.0 <= self.probability <= 1.0:
            raise GateError(f"the probability {self.probability!r} is not between 0 and 1")
        if not all(map(math.isfinite, (self.age, self.in_view, self.first_seen))):
            raise GateError("a time of the event is not finite")
        if self.age < 0 or self.in_view < self.age:
            raise GateError("the event comes from the future or from before its track")
        if self.agreeing < 0:
            raise GateError(f"{self.agreeing} agreeing readings are impossible")
        if self.kind in (EventKind.CONFIRMED, EventKind.REVISED) or self.text:
            check_read(self.text)

    @property
    def passage(self) -> Passage:
        """What names this passage."""
        return (self.camera, self.track_id, self.first_seen)


def evidence_from_event(
    event: PlateEvent,
    *,
    age: float,
    direction: Direction | None = None,
    alphabet: AbstractSet[str] | None = None,
) -> Evidence:
    """Take from an event what the rules may see.

    Args:
        event: a voter's event.
        age: seconds since the event's frame was taken; a little below 0 (`CLOCK_SLACK`), where a
            camera's clock runs ahead, counts as 0.
        direction: which way the vehicle goes, None where that is not known.
        alphabet: the reader's characters; None allows every script that plates use.

    Raises:
        GateError: the event is none that an honest voter makes, or its text is no plate text.
    """
    if event.agreeing > event.readings:
        raise GateError(f"{event.agreeing} of {event.readings} readings cannot agree")
    if event.text:
        check_read(event.text, alphabet)
    if -CLOCK_SLACK <= age < 0:
        age = 0.0
    return Evidence(
        kind=event.kind,
        camera=event.camera,
        track_id=event.track_id,
        first_seen=event.first_seen,
        text=event.text,
        probability=event.confidence,
        agreeing=event.agreeing,
        age=age,
        # The short span first: added to a date, the age loses its last digits.
        in_view=age + (event.time - event.first_seen),
        direction=direction,
        unread_reason=event.reason.value if event.reason is not None else "",
    )


def by_passage(
    tracks: Iterable[Track], passage_of: Callable[[int], int | None]
) -> tuple[Track, ...]:
    """Give tracks the numbers that the events of their vehicles carry.

    A plate that was lost and found again has another track, but the voter goes on with the same
    passage. Two pieces of one vehicle in one frame get the same number.

    Args:
        tracks: the tracks of a frame, after the voter has taken it.
        passage_of: `PlateVoter.passage_of`; where it knows no passage, a track keeps its number.
    """
    found: list[Track] = []
    for track in tracks:
        passage = passage_of(track.id)
        found.append(track if passage is None else replace(track, id=passage))
    return tuple(found)
