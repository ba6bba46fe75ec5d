"""Which looks are of one vehicle, as the engine's voter says: a broken track is no second plate."""

from __future__ import annotations

from dataclasses import dataclass, field

from lpr.types import FrameResult, Reading
from lpr.vote.explain import Explanation
from lpr.vote.voter import PlateVoter

_LookKey = tuple[int, str, float]


@dataclass(slots=True)
class PassageReadings:
    """Every reading of one vehicle.

    Attributes:
        passage_id: the number that the engine's events about it carry.
        first_seen: media second of its first detection.
        gone: media second at which its departure is told.
        readings: what was read, in order.
        times: media second of each.
        frames: frame of each.
    """

    passage_id: int
    first_seen: float
    gone: float
    readings: list[Reading] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)

    def add(self, reading: Reading, time: float, frame: int) -> None:
        """Take one reading, made at a media second in a frame."""
        self.readings.append(reading)
        self.times.append(time)
        self.frames.append(frame)


@dataclass(frozen=True, slots=True)
class _Look:
    passage: int
    reading: Reading
    time: float
    frame: int

    @property
    def key(self) -> _LookKey:
        return self.frame, self.reading.text, self.reading.confidence


class PassageLog:
    """Follows an engine through one clip.

    Args:
        voter: the engine's.
        grace: seconds after the last sight of a plate at which its departure is told.
    """

    def __init__(self, voter: PlateVoter, grace: float) -> None:
        self._voter, self._grace = voter, grace
        self._looks: list[_Look] = []
        self._seen: dict[int, tuple[float, float]] = {}
        self._told: set[int] = set()
        self._end = 0.0

    def add(self, result: FrameResult) -> None:
        """Take what a frame brought, before the engine goes on."""
        self._end = result.time
        self._told.update(event.track_id for event in result.events)
        for track in result.tracks:
            if track.detection is not None:
                self._see(self._passage(track.id), track.first_seen, result.time)
        for item in result.readings:
            passage = self._passage(item.track_id)
            self._looks.append(_Look(passage, item.reading, result.time, result.index))

    def passages(self) -> tuple[PassageReadings, ...]:
        """The readings of each vehicle that was read, after the engine's end.

        A passage that the voter joined to another later, or kept silent about as a repetition,
        is part of the other one. A look that it moved to the vehicle which took another's place
        is that vehicle's.
        """
        known = {one.track_id: one for one in map(self._voter.explain, self._ids()) if one}
        moved: dict[_LookKey, int] = {
            (look.frame_index, look.text, look.confidence): number
            for number, one in known.items()
            for look in one.readings
            if look.text
        }
        found: dict[int, PassageReadings] = {}
        for look in self._looks:
            number = self._home(moved.get(look.key, look.passage), known)
            passage = found.get(number)
            if passage is None:
                passage = found[number] = PassageReadings(number, look.time, look.time)
            passage.add(look.reading, look.time, look.frame)
        for seen, (first, last) in self._seen.items():
            passage = found.get(self._home(seen, known))
            if passage is not None:
                passage.first_seen = min(passage.first_seen, first)
                passage.gone = max(passage.gone, min(last + self._grace, self._end))
        return tuple(found.values())

    def _passage(self, track_id: int) -> int:
        passage = self._voter.passage_of(track_id)
        return track_id if passage is None else passage

    def _see(self, passage: int, first: float, last: float) -> None:
        before, _ = self._seen.get(passage, (first, last))
        self._seen[passage] = min(first, before), last

    def _ids(self) -> list[int]:
        return sorted(self._seen.keys() | self._told | {look.passage for look in self._looks})

    def _home(self, passage: int, known: dict[int, Explanation]) -> int:
        explanation = self._voter.explain(passage)
        if explanation is None:
            return passage
        if explanation.repeats is None:
            return explanation.track_id
        told = [one.track_id for one in known.values() if one.verdict == explanation.repeats]
        return max(told, default=explanation.track_id)
