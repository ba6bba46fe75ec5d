from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lpr.errors import GateError
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.direction import Direction
from lpr.gate.evidence import Evidence
from lpr.gate.machine import GateMachine
from lpr.gate.moment import Moment, system_moment
from lpr.gate.occupancy import Occupancy
from lpr.gate.policy import GatePolicy
from lpr.types import EventKind

START = Moment(0.0, datetime(2026, 11, 23, 12, tzinfo=UTC))
OPEN = Decision(Action.OPEN, Reason.EXACT_MATCH, "plates.csv:2", "AB1", "", "AB1")
SEEN = Evidence(EventKind.CONFIRMED, "north", 1, 0.0, "AB1", 0.99, 5, 0.1, 1.0)
POLICY = GatePolicy()


def hold(machine: GateMachine, time: float, track: int = 1, gate: str = "main") -> Decision:
    evidence = replace(SEEN, track_id=track)
    return machine.hold_back(OPEN, evidence, gate, POLICY, START.later(time))


def test_nothing_is_held_back_at_a_quiet_gate() -> None:
    assert hold(GateMachine(START), 100) is OPEN


def test_other_decisions_pass_through() -> None:
    machine = GateMachine(START)
    asked = replace(OPEN, action=Action.ASK, reason=Reason.NOT_LISTED)
    assert machine.hold_back(asked, SEEN, "main", POLICY, START) is asked


def test_gates_have_their_own_cool_downs() -> None:
    machine = GateMachine(START)
    machine.opened(OPEN, SEEN, "main", 100)
    assert hold(machine, 100, 2).reason is Reason.STILL_PRESENT
    assert hold(machine, 100, 2, "back") is OPEN


def test_a_cool_down_of_zero_is_none() -> None:
    machine = GateMachine(START)
    machine.opened(OPEN, SEEN, "main", 100)
    policy = GatePolicy(cool_down=0, plate_cool_down=0)
    again = machine.hold_back(OPEN, replace(SEEN, track_id=2), "main", policy, START.later(100))
    assert again is OPEN


def test_the_memory_is_bounded() -> None:
    machine = GateMachine(START)
    for track in range(5000):
        plate = f"P{track}"
        decision = replace(OPEN, text=plate, plate=plate)
        machine.opened(decision, replace(SEEN, track_id=track), "main", 10.0 * track)
    assert len(machine._opened) == 4096
    assert len(machine._gates["main"].openings) <= 361
    # The latest are the ones that are kept.
    assert hold(machine, 50_000, 4999).reason is Reason.ALREADY_OPENED


def test_moments_are_checked_and_kept_in_utc() -> None:
    with pytest.raises(GateError, match="not finite"):
        Moment(float("nan"), START.now)
    with pytest.raises(GateError, match="no time zone"):
        Moment(0.0, datetime(2026, 1, 1))
    berlin = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    moment = Moment(5.0, berlin)
    assert moment.now == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert moment.later(3600) == Moment(3605.0, moment.now + timedelta(hours=1))
    assert system_moment().now.tzinfo is UTC


def test_areas_forget_who_never_came_out() -> None:
    occupancy = Occupancy(forget_after=100)
    occupancy.passed("yard", "AB1", None, time=0)
    assert occupancy.inside("yard", time=0) == frozenset()
    occupancy.passed("yard", "AB1", Direction.IN, time=0)
    assert occupancy.inside("yard", time=100) == {"AB1"}
    assert occupancy.inside("yard", time=101) == frozenset()
    occupancy.passed("yard", "AB1", Direction.OUT, time=102)
    assert occupancy.inside("yard", time=102) == frozenset()


def test_a_dry_run_does_not_say_that_the_gate_has_opened() -> None:
    details = []
    for dry in (frozenset[str](), frozenset({"main"})):
        machine = GateMachine(START, dry)
        machine.opened(OPEN, SEEN, "main", 100)
        details += [hold(machine, 101).detail, hold(machine, 101, 2).detail]
        other = replace(OPEN, text="CD2", plate="CD2")
        seen = replace(SEEN, track_id=3)
        details.append(machine.hold_back(other, seen, "main", POLICY, START.later(101)).detail)
    assert details == [
        "the gate has opened for this passage",
        "the gate has opened for AB1, which was in view 0 s ago",
        f"the gate has opened less than {POLICY.cool_down:g} s ago",
        "the gate would have opened for this passage",
        "the gate would have opened for AB1, which was in view 0 s ago",
        f"the gate would have opened less than {POLICY.cool_down:g} s ago",
    ]
