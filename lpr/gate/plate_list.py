"""Plate lists: who may pass, who may not, whom to watch; and which entry a read text means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from lpr.formats.confusables import Confusables, collisions, folded
from lpr.formats.folding import plate_identity
from lpr.gate.direction import Direction
from lpr.gate.schedule import Schedule, local_time


class ListKind(StrEnum):
    """What an entry means for its plate."""

    ALLOW = "allow"
    DENY = "deny"
    WATCH = "watch"


class EntryState(StrEnum):
    """Whether an entry speaks now, here and in this direction; and if not, why."""

    IN_FORCE = "in_force"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    OUT_OF_SCHEDULE = "out_of_schedule"
    WRONG_GATE = "wrong_gate"
    WRONG_DIRECTION = "wrong_direction"
    DIRECTION_UNKNOWN = "direction_unknown"


@dataclass(frozen=True, slots=True)
class PlateEntry:
    """One line of a plate list.

    Attributes:
        plate: the normalised plate text.
        kind: allow, deny or watch.
        owner: whose it is, for people.
        note: anything, for people.
        valid_from: first day on which it holds, None without limit.
        valid_to: last day on which it holds (that day included), None without limit.
        schedule: the weekly hours in which it holds, None for always.
        zone: time zone of dates and schedule.
        gates: names of the gates where it holds, empty for all.
        direction: the direction in which it holds, None for both.
        entries: openings that a visitor pass is good for, None without limit.
        source: where it was written, for example `plates.csv:3`.
        own_zone: whether `zone` is the entry's own; the site's otherwise, and no file names it.
    """

    plate: str
    kind: ListKind
    zone: ZoneInfo
    owner: str = ""
    note: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    schedule: Schedule | None = None
    gates: tuple[str, ...] = ()
    direction: Direction | None = None
    entries: int | None = None
    source: str = field(default="", compare=False)
    own_zone: bool = field(default=True, compare=False)

    @property
    def pass_key(self) -> str:
        """What the uses of a visitor pass are counted under; new dates or gates make a new pass."""
        dates = f"{self.valid_from or ''}/{self.valid_to or ''}"
        gates = "".join(f"/{gate}" for gate in sorted(self.gates))
        return f"{plate_identity(self.plate)}/{dates}{gates}"

    def state(self, *, now: datetime, gate: str, direction: Direction | None) -> EntryState:
        """Whether the entry speaks at the aware moment `now` for a vehicle at `gate`.

        Raises:
            GateError: `now` has no time zone.
        """
        today = local_time(now, self.zone).date()
        if self.valid_from is not None and today < self.valid_from:
            return EntryState.NOT_YET_VALID
        if self.valid_to is not None and today > self.valid_to:
            return EntryState.EXPIRED
        if self.gates and gate not in self.gates:
            return EntryState.WRONG_GATE
        if self.direction is not None and direction is not self.direction:
            return EntryState.DIRECTION_UNKNOWN if direction is None else EntryState.WRONG_DIRECTION
        if self.schedule is not None and not self.schedule.covers(now, self.zone):
            return EntryState.OUT_OF_SCHEDULE
        return EntryState.IN_FORCE


@dataclass(frozen=True, slots=True)
class ListMatch:
    """What a list says of a text.

    Attributes:
        exact: entries of exactly this plate, umlauts with or without their dots.
        alike: entries of other plates that differ in confusable characters only.
    """

    exact: tuple[PlateEntry, ...]
    alike: tuple[PlateEntry, ...]

    @property
    def alike_plates(self) -> tuple[str, ...]:
        """The different plates among `alike`, sorted."""
        return tuple(sorted({entry.plate for entry in self.alike}))


class PlateList:
    """Every entry that a gate knows, indexed by plate and by folded plate. Immutable.

    Args:
        entries: the entries; several may name the same plate.
        confusables: the characters that the reader does not tell apart.
    """

    def __init__(self, entries: Iterable[PlateEntry], confusables: Confusables) -> None:
        self._entries = tuple(entries)
        self._confusables = confusables
        self._by_plate: dict[str, list[PlateEntry]] = {}
        self._by_fold: dict[str, list[PlateEntry]] = {}
        for entry in self._entries:
            plate = plate_identity(entry.plate)
            self._by_plate.setdefault(plate, []).append(entry)
            self._by_fold.setdefault(folded(plate, confusables), []).append(entry)

    @property
    def entries(self) -> tuple[PlateEntry, ...]:
        """All entries in their order."""
        return self._entries

    @property
    def confusables(self) -> Confusables:
        """The characters that the reader does not tell apart."""
        return self._confusables

    @property
    def plates(self) -> tuple[str, ...]:
        """The different plates, sorted."""
        return tuple(sorted({entry.plate for entry in self._entries}))

    @property
    def collisions(self) -> tuple[tuple[str, ...], ...]:
        """Groups of listed plates that cannot be told apart.

        Only the exact text counts there, and none opens beside one that is denied.
        """
        return collisions(self._by_plate, self._confusables)

    def match(self, text: str) -> ListMatch:
        """Return the entries that a read plate text may mean; edit distance plays no part."""
        plate = plate_identity(text)
        same = self._fold(text)
        alike = [
            entry
            for entry in self._by_fold.get(folded(text, self._confusables), ())
            if plate_identity(entry.plate) != plate
            # Dots that make another plate are no likeness to open by, but one to stay shut for.
            and (entry.kind is ListKind.DENY or self._fold(entry.plate) == same)
        ]
        return ListMatch(tuple(self._by_plate.get(plate, ())), tuple(alike))

    def _fold(self, plate: str) -> str:
        return self._confusables.fold(plate_identity(plate))

    def __len__(self) -> int:
        return len(self._entries)
