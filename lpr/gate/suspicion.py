"""What looks wrong about a passage. Suspicions may stop an opening, never cause one."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from lpr.formats.confusables import Confusables
from lpr.formats.folding import plate_identity
from lpr.gate.decision import Suspicion, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence, Passage
from lpr.gate.near_miss import NearMissIndex, edit_distance
from lpr.gate.plate_list import ListKind, ListMatch, PlateList
from lpr.gate.policy import GatePolicy
from lpr.types import EventKind

# A later, larger look corrects a character or two; more than that is another plate.
_REVISED_EDITS: Final = 2.0
_MAX_PASSAGES: Final = 4096


@dataclass(slots=True)
class _Said:
    """What a passage's plate said last, and what it said before where that was another plate."""

    text: str
    other: str = ""


class SuspicionMonitor:
    """Remembers passages and sightings, and says what is suspicious about the next.

    Args:
        plates: the lists.
        travel: (from gate, to gate) -> seconds that a vehicle needs at least.
        fits_format: whether a text is a possible plate; None where no formats are known.
    """

    def __init__(
        self,
        plates: PlateList,
        *,
        travel: Mapping[tuple[str, str], float] | None = None,
        fits_format: Callable[[str], bool] | None = None,
    ) -> None:
        self._travel = dict(travel or {})
        self._fits_format = fits_format
        # Listed plate, folded as the lists do -> gate -> second at which it was last seen there
        # for sure.
        self._sightings: dict[str, dict[str, float]] = {}
        self._texts: OrderedDict[Passage, _Said] = OrderedDict()
        self._misses: dict[str, deque[float]] = {}
        self.replace_list(plates)

    def replace_list(self, plates: PlateList) -> None:
        """Use other lists from now on; what was seen stays known."""
        allowed = {entry.plate for entry in plates.entries if entry.kind is ListKind.ALLOW}
        self._plates = plates
        self._near = NearMissIndex(allowed, plates.confusables)
        self._sightings = {
            plate: seen for plate, seen in self._sightings.items() if plates.match(plate).exact
        }

    def examine(
        self,
        evidence: Evidence,
        *,
        gate: str,
        policy: GatePolicy,
        time: float,
        inside: AbstractSet[str] | None = None,
    ) -> tuple[Suspicion, ...]:
        """Return what is suspicious about an event at second `time`, and remember the event."""
        if evidence.kind is EventKind.DEPARTED:
            self._texts.pop(evidence.passage, None)
            return ()
        if not evidence.text:
            return ()
        match = self._plates.match(evidence.text)
        found = [
            self._changed(evidence),
            self._registered(evidence, match),
            self._watched(match),
            self._format(evidence.text),
            self._clone(evidence, match, inside),
        ]
        if _sure(evidence, policy):
            found.append(self._travelled(evidence, match, gate, time))
            found.append(self._near_miss(evidence, match, policy, time))
        return tuple(suspicion for suspicion in found if suspicion is not None)

    def camera_started(self, camera: str) -> None:
        """Forget the tracks of a camera that begins to count them anew."""
        for passage in [one for one in self._texts if one[0] == camera]:
            del self._texts[passage]

    def remember(self, plate: str, gate: str, *, time: float) -> None:
        """Take a sighting from earlier, as after a restart."""
        self._sightings.setdefault(plate_identity(plate), {})[gate] = time

    def _changed(self, evidence: Evidence) -> Suspicion | None:
        said = self._texts.setdefault(evidence.passage, _Said(evidence.text))
        if _other_plate(said.text, evidence.text, self._plates.confusables):
            # It stays with the passage: saying the new text twice does not make it trustworthy.
            said.other = said.text
        said.text = evidence.text
        if len(self._texts) > _MAX_PASSAGES:
            self._texts.popitem(last=False)
        if not said.other:
            return None
        detail = f"the same track said {said.other} before {evidence.text}"
        return Suspicion(SuspicionKind.TEXT_CHANGED, detail)

    def _registered(self, evidence: Evidence, match: ListMatch) -> Suspicion | None:
        if match.exact or match.alike:
            return None
        return Suspicion(SuspicionKind.NOT_REGISTERED, f"{evidence.text} is on no list")

    def _watched(self, match: ListMatch) -> Suspicion | None:
        for entry in (*match.exact, *match.alike):
            if entry.kind is ListKind.WATCH:
                rule = entry.source or entry.plate
                return Suspicion(SuspicionKind.WATCH_LISTED, f"{entry.plate} is watched ({rule})")
        return None

    def _format(self, text: str) -> Suspicion | None:
        if self._fits_format is None or self._fits_format(text):
            return None
        return Suspicion(SuspicionKind.UNKNOWN_FORMAT, f"{text} fits no known plate format")

    def _clone(
        self, evidence: Evidence, match: ListMatch, inside: AbstractSet[str] | None
    ) -> Suspicion | None:
        if evidence.direction is not Direction.IN or not inside:
            return None
        # As for permission, what is like the text counts only where nothing is equal to it.
        for entry in match.exact or match.alike:
            if plate_identity(entry.plate) in inside:
                detail = f"{entry.plate} is inside already: a copied plate or a missed exit"
                return Suspicion(SuspicionKind.ALREADY_INSIDE, detail)
        return None

    def _travelled(
        self, evidence: Evidence, match: ListMatch, gate: str, time: float
    ) -> Suspicion | None:
        plates = (evidence.text,) if match.exact else match.alike_plates
        # What can be one of several plates never opens, and says nothing of any.
        if len({plate_identity(plate) for plate in plates}) != 1:
            return None
        seen = self._sightings.setdefault(plate_identity(plates[0]), {})
        # Every other gate counts, so that trying again at this one does not help.
        ago = {other: time - when for other, when in seen.items() if other != gate}
        seen[gate] = time
        for other, took in sorted(ago.items(), key=lambda pair: pair[1]):
            needed = self._travel.get((other, gate))
            if needed is not None and took < needed:
                detail = f"{plates[0]} was at {other} {took:.0f} s ago; the way takes {needed:g} s"
                return Suspicion(SuspicionKind.IMPOSSIBLE_TRAVEL, detail)
        return None

    def _near_miss(
        self, evidence: Evidence, match: ListMatch, policy: GatePolicy, time: float
    ) -> Suspicion | None:
        if match.exact:
            return None
        near = self._near.near(evidence.text)
        if not near:
            return None
        plate = near[0].plate
        times = self._misses.setdefault(plate, deque(maxlen=policy.near_miss_count))
        times.append(time)
        span = time - times[0]
        if len(times) < policy.near_miss_count or span > policy.near_miss_window:
            return None
        detail = f"{len(times)} texts close to {plate} within {span / 60:.0f} minutes"
        return Suspicion(SuspicionKind.REPEATED_NEAR_MISS, detail)


def _sure(evidence: Evidence, policy: GatePolicy) -> bool:
    return (
        evidence.probability >= policy.min_probability and evidence.agreeing >= policy.min_agreeing
    )


def _other_plate(before: str, after: str, confusables: Confusables) -> bool:
    return edit_distance(before, after, confusables) > _REVISED_EDITS
