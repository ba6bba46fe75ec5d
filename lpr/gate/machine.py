"""What holds an opening back although the rules allow it: time, repetition, and not being armed.

Everything is measured in seconds of a clock that only runs forward; the wall clock is only asked
whether it is right. The memory is bounded and starts empty, so that a restart never opens by
itself.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from lpr.formats.folding import plate_identity
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.evidence import Evidence, Passage
from lpr.gate.moment import Moment
from lpr.gate.policy import GatePolicy
from lpr.gate.wall_clock import WallClock
from lpr.vote.alignment import edit_distance

_HOUR: Final = 3600.0
_MAX_PASSAGES: Final = 4096
_MAX_HELD: Final = 65536
_NEAR: Final = 2
"""Characters by which two readings of one plate may differ."""


@dataclass(slots=True)
class _Gate:
    openings: deque[tuple[float, str]] = field(default_factory=deque)

    def since(self, time: float, seconds: float, plate: str | None = None) -> int:
        """Openings in the last `seconds`, of one plate or of all."""
        return sum(
            1
            for when, who in self.openings
            if time - when < seconds and (plate is None or who == plate)
        )


@dataclass(slots=True)
class _Opened:
    gate: str
    plate: str


class GateMachine:
    """Holds openings back. One for all gates of a site; not thread-safe, the controller locks.

    Args:
        started: when it began; vehicles already in view then do not open.
        dry: names of the gates that only say what they would do.
    """

    def __init__(self, started: Moment, dry: AbstractSet[str] = frozenset()) -> None:
        self._dry = dry
        self._clock = WallClock(started)
        self._watching_since: dict[str, float] = {}
        self._started = started.time
        self._gates: dict[str, _Gate] = {}
        self._opened: OrderedDict[Passage, _Opened] = OrderedDict()
        # Every passage of a plate that is held in sight: those that opened, and torn or second
        # tracks of the same vehicle.
        self._present: OrderedDict[Passage, _Opened] = OrderedDict()
        self._in_sight: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._pass_uses: dict[str, int] = {}
        # And what it were, had the dry gates opened.
        self._dry_uses: dict[str, int] = {}
        self._pulling: set[str] = set()
        self._pulled: dict[str, float] = {}

    @property
    def clock(self) -> WallClock:
        """The wall clock: it is shown the records at first, and then each moment."""
        return self._clock

    def pass_uses(self, gate: str) -> Mapping[str, int]:
        """Visitor pass -> openings that it was used for; those of dry gates count for dry ones."""
        return self._dry_uses if gate in self._dry else self._pass_uses

    def camera_started(self, camera: str, moment: Moment) -> None:
        """Treat a camera as new: vehicles that are in its view now do not open."""
        self._watching_since[camera] = moment.time
        for passage in [one for one in self._opened if one[0] == camera]:
            del self._opened[passage]
        for passage in [one for one in self._present if one[0] == camera]:
            present = self._present.pop(passage)
            self._see(present.gate, present.plate, moment.time)

    def in_view(self, camera: str, track_ids: frozenset[int], time: float) -> None:
        """Take the passages that a camera sees at second `time`: whoever opened is still there."""
        for passage, present in self._present.items():
            if passage[0] == camera and passage[1] in track_ids:
                self._see(present.gate, present.plate, time)

    def hold_back(
        self, decision: Decision, evidence: Evidence, gate: str, policy: GatePolicy, moment: Moment
    ) -> Decision:
        """Return an opening unchanged, or what it becomes because something holds it back.

        Whatever else the rules decided passes through.
        """
        self._follow(evidence, moment.time)
        plate = _plate(decision)
        seen_ago = self._stays(gate, plate, evidence, policy, moment.time)
        if decision.action is not Action.OPEN:
            return decision
        held = (
            self._held_by_passage(evidence, plate)
            or self._held_by_clock(policy, moment)
            or self._held_by_start(evidence, policy, moment.time)
            or self._held_by_sight(gate, decision.plate or decision.text, seen_ago)
            or self._held_by_rate(gate, plate, policy, moment.time)
        )
        if held is None:
            return decision
        action, reason, rule, detail = held
        return replace(
            decision, action=action, reason=reason, rule=rule, detail=detail, would=Action.OPEN
        )

    def too_often(self, decision: Decision, gate: str, policy: GatePolicy, time: float) -> bool:
        """Whether an opening at second `time` is held back by a cool-down or a limit."""
        return self._held_by_rate(gate, _plate(decision), policy, time) is not None

    def opened(self, decision: Decision, evidence: Evidence, gate: str, time: float) -> None:
        """Take an opening, before the actuator is pulled: a failure must not open twice."""
        plate = _plate(decision)
        self._opened[evidence.passage] = _Opened(gate, plate)
        if len(self._opened) > _MAX_PASSAGES:
            self._opened.popitem(last=False)
        self._watch(evidence.passage, gate, plate)
        self.restore(gate, plate, decision.pass_key, time, dry=gate in self._dry)

    def restore(
        self, gate: str, plate: str, pass_key: str | None, time: float, *, dry: bool
    ) -> None:
        """Take an opening from the records: limits and passes go on where they were.

        Args:
            gate: name of the gate.
            plate: the plate that it opened for.
            pass_key: the visitor pass that it used, None for none.
            time: when, on the clock that only runs forward.
            dry: whether the gate only said that it would open.
        """
        plate = plate_identity(plate)
        openings = self._gates.setdefault(gate, _Gate()).openings
        openings.append((time, plate))
        while openings and time - openings[0][0] > _HOUR:
            openings.popleft()
        self._see(gate, plate, time)
        if pass_key is not None:
            for uses in (self._dry_uses,) if dry else (self._pass_uses, self._dry_uses):
                uses[pass_key] = uses.get(pass_key, 0) + 1

    def pulling(self, gate: str) -> None:
        """A barrier is being moved: until it is done, its gate opens for nobody else."""
        self._pulling.add(gate)

    def pulled(self, gate: str, time: float) -> None:
        """The barrier moved or failed at second `time`: the cool-down counts from here, too."""
        self._pulling.discard(gate)
        self._pulled[gate] = time

    def _follow(self, evidence: Evidence, time: float) -> None:
        """A passage of a plate that is held in sight keeps it there until its last event.

        Unless it says by now that it is quite another one.
        """
        present = self._present.get(evidence.passage)
        if present is None:
            return
        self._see(present.gate, present.plate, time)
        if evidence.text and edit_distance(plate_identity(evidence.text), present.plate) > _NEAR:
            del self._present[evidence.passage]

    def _stays(
        self, gate: str, plate: str, evidence: Evidence, policy: GatePolicy, time: float
    ) -> float | None:
        """Seconds since the plate was last in sight; None where it counts as gone.

        Whoever stays in view stays held, also under another track: only absence counts.
        """
        seen = self._in_sight.get((gate, plate))
        if seen is None or time - seen >= policy.plate_cool_down:
            return None
        self._see(gate, plate, time)
        self._watch(evidence.passage, gate, plate)
        return time - seen

    def _watch(self, passage: Passage, gate: str, plate: str) -> None:
        self._present[passage] = _Opened(gate, plate)
        self._present.move_to_end(passage)
        if len(self._present) > _MAX_PASSAGES:
            self._present.popitem(last=False)

    def _see(self, gate: str, plate: str, time: float) -> None:
        self._in_sight[gate, plate] = time
        self._in_sight.move_to_end((gate, plate))
        if len(self._in_sight) > _MAX_HELD:
            self._in_sight.popitem(last=False)

    def _held_by_passage(self, evidence: Evidence, plate: str) -> _Held | None:
        opened = self._opened.get(evidence.passage)
        if opened is None:
            return None
        action, detail = Action.IGNORE, f"the gate {self._has(opened.gate)} opened for this passage"
        if opened.plate != plate:  # misread then or now, or another vehicle behind the first
            action, detail = Action.ASK, f"{detail}, as {opened.plate}"
        return action, Reason.ALREADY_OPENED, "one opening per passage", detail

    def _held_by_clock(self, policy: GatePolicy, moment: Moment) -> _Held | None:
        objection = self._clock.objection(policy, moment)
        return None if objection is None else (Action.DENY, Reason.CLOCK_JUMP, *objection)

    def _held_by_start(self, evidence: Evidence, policy: GatePolicy, time: float) -> _Held | None:
        since = self._watching_since.get(evidence.camera, self._started)
        if time - evidence.in_view >= since + policy.start_hold:
            return None
        detail = "the vehicle was there when the gate or its camera started"
        return Action.ASK, Reason.STARTING, "policy.start_hold", detail

    def _held_by_sight(self, gate: str, plate: str, seen_ago: float | None) -> _Held | None:
        if seen_ago is None:
            return None
        ago = f"{seen_ago:.0f} s ago"
        detail = f"the gate {self._has(gate)} opened for {plate}, which was in view {ago}"
        return Action.ASK, Reason.STILL_PRESENT, "policy.plate_cool_down", detail

    def _has(self, gate: str) -> str:
        return "would have" if gate in self._dry else "has"

    def _held_by_rate(self, gate: str, plate: str, policy: GatePolicy, time: float) -> _Held | None:
        if gate in self._pulling:
            detail = "the gate is being opened just now"
            return Action.ASK, Reason.COOL_DOWN, "policy.cool_down", detail
        known = self._gates.get(gate)
        if known is None:
            return None
        since_pull = time - self._pulled.get(gate, -math.inf)
        if known.since(time, policy.cool_down) or since_pull < policy.cool_down:
            detail = f"the gate {self._has(gate)} opened less than {policy.cool_down:g} s ago"
            return Action.ASK, Reason.COOL_DOWN, "policy.cool_down", detail
        for rule, limit, seconds, who in (
            ("max_per_minute", policy.max_per_minute, 60.0, None),
            ("max_per_hour", policy.max_per_hour, _HOUR, None),
            ("max_plate_per_hour", policy.max_plate_per_hour, _HOUR, plate),
        ):
            if known.since(time, seconds, who) >= limit:
                detail = f"{limit} openings in {seconds:g} s are the limit"
                return Action.DENY, Reason.RATE_LIMIT, f"policy.{rule}", detail
        return None


def _plate(decision: Decision) -> str:
    """The plate that a decision is about, with or without its dots one and the same as in lists."""
    return plate_identity(decision.plate or decision.text)


_Held = tuple[Action, Reason, str, str]
