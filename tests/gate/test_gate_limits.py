from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.fakes import FakeActuator, plain_list
from lpr.gate.moment import Moment
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.gate.rig import PLATES, START, Rig, passage, site
from lpr.gate.schedule import parse_schedule
from lpr.geometry import Quad
from lpr.types import Detection, EventKind, Track, TrackState


def test_the_same_plate_waits_until_it_was_out_of_sight() -> None:
    rig = Rig()
    rig.see(passage(track=1), 100)
    for track, after in ((2, 110), (3, 160), (4, 219)):
        held = rig.see(passage(track=track), after)
        assert (held.action, held.reason) == (Action.ASK, Reason.STILL_PRESENT)
        assert held.would is Action.OPEN
    assert rig.see(passage(track=5), 219 + 60).action is Action.OPEN


def test_a_car_that_stays_counts_from_its_last_sight() -> None:
    rig = Rig()
    rig.see(passage(track=1), 100)
    rig.see(passage(track=1, kind=EventKind.DEPARTED), 400)
    assert rig.see(passage(track=2), 430).reason is Reason.STILL_PRESENT
    other = Rig()
    other.see(passage(track=1), 100)
    quad = Quad.from_box(0, 0, 100, 20)
    track = Track(1, quad, TrackState.ACTIVE, 1.0, 1.0, 9, Detection(quad, 0.9))
    other.gate.observe("north", [track], time=300.0, age=0.1, moment=START.later(400))
    assert other.see(passage(track=2), 430).reason is Reason.STILL_PRESENT


def test_the_gates_cool_down_holds_the_next_car() -> None:
    rig = Rig()
    rig.see(passage(), 100)
    held = rig.see(passage("XY999ZZ", 2), 102.9)
    assert (held.action, held.reason) == (Action.ASK, Reason.COOL_DOWN)
    assert rig.see(passage("XY999ZZ", 3), 103).action is Action.OPEN


def test_rate_limits_deny() -> None:
    plates = plain_list([f"AB{number}" for number in range(100, 140)])
    rig = Rig(site(policy={"max_per_minute": 3, "max_per_hour": 5}), plates)
    reasons = [
        rig.see(passage(f"AB{100 + step}", step), 100 + 4 * step).reason for step in range(5)
    ]
    assert reasons == [Reason.EXACT_MATCH] * 3 + [Reason.RATE_LIMIT] * 2
    later = [
        rig.see(passage(f"AB{110 + step}", 10 + step), 300 + 70 * step).reason for step in range(3)
    ]
    assert later == [Reason.EXACT_MATCH] * 2 + [Reason.RATE_LIMIT]
    assert rig.see(passage("AB130", 30), 100 + 3600 + 60).action is Action.OPEN


def test_one_plate_has_its_own_limit() -> None:
    rig = Rig(site(policy={"max_plate_per_hour": 2}))
    reasons = [rig.see(passage(track=step), 100 + 100 * step).reason for step in range(3)]
    assert reasons == [Reason.EXACT_MATCH] * 2 + [Reason.RATE_LIMIT]
    assert rig.see(passage("XY999ZZ", 9), 400).action is Action.OPEN


@pytest.mark.parametrize("jump", [-3600.0, -2.5, 2.5, 86400.0])
def test_a_clock_jump_keeps_the_gate_shut_for_a_while(jump: float) -> None:
    rig = Rig()
    rig.see(passage("QQ1"), 100)

    def jumped(after: float) -> Moment:
        moment = START.later(after)
        return replace(moment, now=moment.now + timedelta(seconds=jump))

    held = rig.gate.handle(passage(track=2), age=0.1, moment=jumped(101))
    assert (held.action, held.reason) == (Action.DENY, Reason.CLOCK_JUMP)
    held = rig.gate.handle(passage(track=3), age=0.1, moment=jumped(130.9))
    assert held.reason is Reason.CLOCK_JUMP
    assert rig.gate.handle(passage(track=4), age=0.1, moment=jumped(131)).action is Action.OPEN


def test_a_forward_clock_that_runs_back_keeps_the_gate_shut() -> None:
    rig = Rig()
    rig.see(passage("QQ1"), 100)
    assert rig.see(passage(track=2), 97).reason is Reason.CLOCK_JUMP


def test_threads_whose_moments_come_in_another_order_are_no_clock_jump() -> None:
    rig = Rig()
    rig.see(passage("QQ1"), 100)
    rig.see(passage("QQ2", 2), 99.9)
    assert rig.see(passage(track=3), 100.1).action is Action.OPEN


def test_each_gate_judges_a_clock_jump_by_its_own_policy() -> None:
    patient = {"max_clock_jump": 60, "clock_settle": 0}
    rig = Rig(
        site(
            gates=[
                {"name": "yard", "cameras": ["yard"], "policy": patient},
                {"name": "main", "cameras": ["north"]},
            ]
        )
    )

    def jumped(after: float) -> Moment:
        moment = START.later(after)
        return replace(moment, now=moment.now + timedelta(seconds=10))

    rig.see(passage("QQ1"), 100)
    yard = replace(passage(track=2), camera="yard")
    assert rig.gate.handle(yard, age=0.1, moment=jumped(101)).action is Action.OPEN
    strict = rig.gate.handle(passage("XY999ZZ", 3), age=0.1, moment=jumped(102))
    assert strict.reason is Reason.CLOCK_JUMP
    later = rig.gate.handle(passage("XY999ZZ", 4), age=0.1, moment=jumped(131))
    assert later.action is Action.OPEN


def test_summer_time_is_no_clock_jump() -> None:
    # 2026-10-25 01:00 UTC: the wall clock of Berlin goes back by an hour.
    rig = Rig()
    before = datetime(2026, 10, 25, 2, 59, tzinfo=ZoneInfo("Europe/Berlin"))
    after = datetime(2026, 10, 25, 2, 1, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    # The step from the start of the gate to this autumn is a jump; it has settled 120 s later.
    rig.gate.handle(passage("QQ1"), age=0.1, moment=Moment(2000.0, before))
    decision = rig.gate.handle(passage(track=3), age=0.1, moment=Moment(2120.0, after))
    assert decision.action is Action.OPEN


@pytest.mark.parametrize("agreeing", [5, 1])
def test_a_car_that_stays_is_held_under_another_track_too(agreeing: int) -> None:
    rig = Rig()
    rig.see(passage(track=1), 100)
    # Its track was torn; the new one is sure at once, or not yet.
    torn = replace(passage(track=2), agreeing=agreeing)
    assert rig.see(torn, 110).action is Action.ASK
    quad = Quad.from_box(0, 0, 100, 20)
    track = Track(2, quad, TrackState.ACTIVE, 1.0, 1.0, 9, Detection(quad, 0.9))
    for after in (150, 300):
        rig.gate.observe("north", [track], time=after, age=0.1, moment=START.later(after))
    assert rig.see(passage(track=3), 302).reason is Reason.STILL_PRESENT
    assert rig.see(passage(track=4), 302 + 60).action is Action.OPEN


def test_a_car_that_stays_is_held_with_and_without_its_dots() -> None:
    rig = Rig(plates=plain_list(["FÜAB10"]))
    assert rig.see(passage("FÜAB10", 1), 100).action is Action.OPEN
    # Under another track, not sure yet, and without the dots: it is still there.
    for after in (150, 200):
        assert rig.see(replace(passage("FUAB10", 2), agreeing=1), after).action is Action.ASK
    assert rig.see(passage("FÜAB10", 3), 250).reason is Reason.STILL_PRESENT


def test_a_restart_does_not_open_for_who_is_there_already() -> None:
    rig = Rig()
    # First seen 1.1 s before the event, that is 3 s after the start.
    held = rig.see(passage(track=1), 4.1)
    assert (held.action, held.reason) == (Action.ASK, Reason.STARTING)
    assert rig.see(passage(track=2), 6.2).action is Action.OPEN


def test_a_restarted_camera_does_not_open_for_who_is_there_already() -> None:
    rig = Rig()
    assert rig.see(passage(track=1), 100).action is Action.OPEN
    rig.gate.camera_started("north", START.later(200))
    assert rig.see(passage("XY999ZZ", 1), 204).reason is Reason.STARTING
    assert rig.see(passage("XY999ZZ", 2), 207).action is Action.OPEN
    assert rig.see(passage(track=3), 230).reason is Reason.STILL_PRESENT


def test_limits_go_on_after_a_restart() -> None:
    before = Rig()
    before.see(passage(), 100)
    again = Rig(history=tuple(before.record.records))
    # The restart is at 12:00:00 on the wall; the opening is dated later: it counts as just now.
    held = again.see(passage(), 30)
    assert held.reason is Reason.STILL_PRESENT
    dated = tuple(
        replace(one, now=START.now - timedelta(seconds=120)) for one in before.record.records
    )
    assert Rig(history=dated).see(passage(), 10).action is Action.OPEN


def test_visitor_passes_go_on_after_a_restart() -> None:
    visitor = PLATES.match("AB123CX").exact[0]
    plates = PlateList([replace(visitor, entries=1)], PLATES.confusables)
    rig = Rig(plates=plates)
    assert rig.see(passage(), 100).action is Action.OPEN
    assert rig.see(passage(track=2), 300).reason is Reason.PASS_USED_UP
    old = tuple(replace(one, now=START.now - timedelta(days=3)) for one in rig.record.records)
    assert Rig(plates=plates, history=old).see(passage(), 100).reason is Reason.PASS_USED_UP


@pytest.mark.parametrize("name", ["front", "main"])
def test_a_pass_stays_used_up_when_its_gate_gets_another_name(name: str) -> None:
    visitor = replace(PLATES.match("AB123CX").exact[0], entries=1)
    plates = PlateList([visitor], PLATES.confusables)
    rig = Rig(plates=plates)
    assert rig.see(passage(), 100).action is Action.OPEN
    old = tuple(replace(one, now=START.now - timedelta(days=3)) for one in rig.record.records)
    renamed = site(gates=[{"name": name, "cameras": ["north"]}])
    again = Rig(renamed, plates, history=old).see(passage(), 100)
    assert again.reason is Reason.PASS_USED_UP


def test_openings_at_a_gate_that_is_gone_hold_no_other_back() -> None:
    limit = {"max_per_minute": 1, "max_per_hour": 1, "max_plate_per_hour": 1}
    rig = Rig(site(policy=limit))
    assert rig.see(passage(), 100).action is Action.OPEN
    assert rig.see(passage(track=2), 300).reason is Reason.RATE_LIMIT
    old = tuple(rig.record.records)
    renamed = site(gates=[{"name": "front", "cameras": ["north"]}], policy=limit)
    assert Rig(renamed, history=old).see(passage(track=3), 100).action is Action.OPEN


def test_a_pass_for_one_is_used_at_one_of_two_gates() -> None:
    visitor = replace(PLATES.match("AB123CX").exact[0], entries=1)
    gates = [{"name": name, "cameras": [f"c{name}"]} for name in ("a", "b")]
    for _ in range(10):
        rig = Rig(site(gates=gates), PlateList([visitor], PLATES.confusables))
        together = threading.Barrier(2)
        decisions: list[Decision] = []

        def come(
            name: str,
            rig: Rig = rig,
            together: threading.Barrier = together,
            decisions: list[Decision] = decisions,
        ) -> None:
            together.wait()
            decisions.append(rig.see(replace(passage(), camera=f"c{name}")))

        threads = [threading.Thread(target=come, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(one.reason for one in decisions) == [Reason.EXACT_MATCH, Reason.PASS_USED_UP]
        assert rig.openings == 1


def test_a_clock_set_back_an_hour_keeps_shut_and_then_goes_by_the_new_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    entry = replace(
        PLATES.match("AB123CX").exact[0],
        schedule=parse_schedule("daily 12:30-14:00"),
        zone=berlin,
    )
    rig = Rig(plates=PlateList([entry], PLATES.confusables))

    def see(track: int, after: float, clock: timedelta) -> Decision:
        moment = START.later(after)
        shown = replace(moment, now=moment.now + clock)
        return rig.gate.handle(passage(track=track), age=0.1, moment=shown)

    # 13:00 and some seconds in Berlin.
    assert see(1, 100, timedelta()).action is Action.OPEN
    back = timedelta(hours=-1)
    jumped = see(2, 200, back)
    assert (jumped.action, jumped.reason) == (Action.ASK, Reason.OUT_OF_SCHEDULE)
    assert see(3, 220, timedelta(minutes=-29)).reason is Reason.CLOCK_JUMP, "12:31, just set"
    assert see(4, 260, timedelta(minutes=-29)).action is Action.OPEN, "it counts again"


def test_a_clock_far_behind_the_records_keeps_shut_until_it_is_right() -> None:
    """A board without a clock of its own begins in the past after a power cut."""
    first = Rig()
    first.see(passage("NOBODY1"))
    (asked,) = first.record.records
    later = replace(asked, now=START.now + timedelta(days=5))
    rig = Rig(history=(later,))
    assert rig.see(passage(track=1), 100).reason is Reason.CLOCK_JUMP
    right = replace(START.later(200), now=later.now + timedelta(minutes=1))
    assert rig.gate.handle(passage(track=2), age=0.1, moment=right).reason is Reason.CLOCK_JUMP
    right = replace(START.later(300), now=right.now + timedelta(seconds=100))
    assert rig.gate.handle(passage(track=3), age=0.1, moment=right).action is Action.OPEN


@pytest.mark.parametrize(
    ("days", "action"), [((-5000,), Action.DENY), ((-5000, 4, 2), Action.OPEN)]
)
def test_records_of_a_clock_that_was_far_ahead_keep_nothing_shut_for_good(
    days: tuple[int, ...], action: Action
) -> None:
    first = Rig()
    first.see(passage("NOBODY1"))
    (asked,) = first.record.records
    history = tuple(replace(asked, now=START.now - timedelta(days=ago)) for ago in days)
    assert Rig(history=history).see(passage(track=1), 100).action is action


def test_a_car_that_took_over_a_passage_keeps_no_other_present() -> None:
    """The passage that opened is another car's by now, which parks in view."""
    rig = Rig()
    assert rig.see(passage(track=1), 100).action is Action.OPEN
    other = replace(passage("ZZ88ZZ", 1, kind=EventKind.REVISED), time=5.0)
    rig.see(other, 103)
    quad = other.quad
    for after in range(104, 400, 2):
        track = Track(1, quad, TrackState.ACTIVE, 1.0, float(after), 9, Detection(quad, 0.9))
        moment = START.later(after)
        rig.gate.observe("north", [track], time=float(after), age=0.1, moment=moment)
    again = replace(passage(track=50), first_seen=400.0, time=401.0)
    assert rig.see(again, 404).action is Action.OPEN


def test_a_slow_record_does_not_open_on_old_evidence() -> None:
    now = {"time": START.later(100)}
    records: list[DecisionRecord] = []

    def slow(record: DecisionRecord) -> None:
        records.append(record)
        now["time"] = now["time"].later(5)

    actuator = FakeActuator()
    gate = GateController(
        site(),
        PLATES,
        actuators={"main": actuator},
        record=slow,
        started=START,
        clock=lambda: now["time"],
    )
    decision = gate.handle(passage(), age=0.1, moment=now["time"])
    assert (decision.action, decision.reason) == (Action.DENY, Reason.STALE_EVIDENCE)
    assert actuator.openings == 0
    assert [one.decision.action for one in records] == [Action.OPEN, Action.DENY]
