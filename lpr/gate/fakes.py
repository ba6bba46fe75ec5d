"""Fakes of what a gate moves and writes, for tests of this package and of integrators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from lpr.errors import GateError, OutputError
from lpr.gate.confusion import default_confusables
from lpr.gate.plate_list import ListKind, PlateEntry, PlateList
from lpr.gate.record import DecisionRecord
from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent, UnreadReason


@dataclass(slots=True)
class FakeActuator:
    """Counts openings instead of making them.

    Attributes:
        failing: whether the next openings fail.
        openings: how often the barrier was opened.
        closed: whether it was closed.
    """

    failing: bool = False
    openings: int = 0
    closed: bool = False

    def open(self) -> None:
        """Count one opening.

        Raises:
            GateError: it is set to fail.
        """
        if self.failing:
            raise GateError("the fake actuator is set to fail")
        self.openings += 1

    def close(self) -> None:
        """Say that it was closed."""
        self.closed = True


@dataclass(slots=True)
class MemoryRecord:
    """Keeps decisions in memory.

    Attributes:
        full: whether it behaves like a full disk.
        records: what was recorded, oldest first.
    """

    full: bool = False
    records: list[DecisionRecord] = field(default_factory=list)

    def write(self, record: DecisionRecord) -> None:
        """Keep one record.

        Raises:
            OutputError: it is full.
        """
        if self.full:
            raise OutputError("no space is left for decisions")
        self.records.append(record)


def plain_list(
    allow: Iterable[str] = (), *, deny: Iterable[str] = (), watch: Iterable[str] = ()
) -> PlateList:
    """A list of normalised plates without any limits."""
    kinds = ((ListKind.ALLOW, allow), (ListKind.DENY, deny), (ListKind.WATCH, watch))
    entries = [
        PlateEntry(plate, kind, ZoneInfo("UTC")) for kind, plates in kinds for plate in plates
    ]
    return PlateList(entries, default_confusables())


def sure_event(
    text: str,
    *,
    camera: str = "north",
    track_id: int = 1,
    kind: EventKind = EventKind.CONFIRMED,
    confidence: float = 0.999,
    agreeing: int = 5,
    first_seen: float = 0.0,
    time: float = 1.0,
    reason: UnreadReason | None = None,
) -> PlateEvent:
    """An event that leaves no doubt about its text, unless told otherwise."""
    return PlateEvent(
        kind=kind,
        camera=camera,
        track_id=track_id,
        text=text,
        raw_text=text,
        confidence=confidence,
        char_scores=(confidence,) * len(text),
        alternatives=(),
        region=None,
        readings=max(agreeing, 0),
        agreeing=agreeing,
        first_seen=first_seen,
        time=time,
        frame_index=0,
        quad=Quad.from_box(100, 100, 200, 125),
        reason=reason,
    )
