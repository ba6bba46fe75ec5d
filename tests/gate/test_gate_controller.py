from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lpr.errors import GateError, OutputError
from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Decision, Reason, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.fakes import FakeActuator, MemoryRecord, plain_list, sure_event
from lpr.gate.moment import Moment
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.geometry import Quad
from lpr.settings import check_settings
from lpr.types import Detection, EventKind, PlateEvent, Track, TrackState

START = Moment(1000.0, datetime(2026, 11, 23, 12, tzinfo=UTC))
PLATES = plain_list(["AB123CX", "XY999ZZ"], deny=["NO1"])


def site(**changes: Any) -> GateConfig:
    base: dict[str, Any] = {"armed": True, "gates": [{"name": "main", "cameras": ["north"]}]}
    return check_settings(base | changes, GateConfig, "test")


class Rig:
    """A gate with its fakes; its clock is moved by hand."""

    def __init__(
        self,
        config: GateConfig | None = None,
        plates: PlateList = PLATES,
        history: tuple[DecisionRecord, ...] = (),
    ) -> None:
        self.config = config or site()
        self.record = MemoryRecord()
        self.actuators = {gate.name: FakeActuator() for gate in self.config.gates}
        self.gate = GateController(
            self.config,
            plates,
            actuators=self.actuators,
            record=self.record.write,
            started=START,
            history=history,
        )

    def see(self, event: PlateEvent, after: float = 100.0, age: float = 0.1) -> Decision:
        """Handle an event `after` seconds behind the start."""
        return self.gate.handle(event, age=age, moment=START.later(after))

    @property
    def openings(self) -> int:
        return sum(actuator.openings for actuator in self.actuators.values())


def passage(
    text: str = "AB123CX", track: int = 1, *, kind: EventKind = EventKind.CONFIRMED
) -> PlateEvent:
    return sure_event(text, track_id=track, kind=kind, first_seen=float(track), time=track + 1.0)


def test_a_listed_plate_opens_after_it_was_recorded() -> None:
    rig = Rig()
    decision = rig.see(passage())
    assert decision.action is Action.OPEN
    assert rig.openings == 1
    assert [one.decision for one in rig.record.records] == [decision]
    kept = rig.record.records[0]
    assert (kept.gate, kept.camera, kept.track_id) == ("main", "north", 1)
    assert kept.now == START.now + timedelta(seconds=100)


def test_nothing_opens_in_dry_run() -> None:
    for config in (
        site(armed=False),
        site(gates=[{"name": "main", "cameras": ["north"], "armed": False}]),
        GateConfig.model_validate({"gates": [{"name": "main", "cameras": ["north"]}]}),
    ):
        rig = Rig(config)
        decision = rig.see(passage())
        assert (decision.action, decision.reason) == (Action.IGNORE, Reason.DRY_RUN)
        assert decision.would is Action.OPEN
        assert rig.openings == 0


def test_one_opening_per_passage() -> None:
    rig = Rig()
    rig.see(passage(), 100)
    again = rig.see(passage(kind=EventKind.REVISED), 101)
    assert (again.action, again.reason) == (Action.IGNORE, Reason.ALREADY_OPENED)
    other = rig.see(passage("XY999ZZ", kind=EventKind.REVISED), 200)
    assert other.action is not Action.OPEN
    assert rig.openings == 1


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
    assert rig.see(passage(track=2), 99).reason is Reason.CLOCK_JUMP


def test_summer_time_is_no_clock_jump() -> None:
    # 2026-10-25 01:00 UTC: the wall clock of Berlin goes back by an hour.
    rig = Rig()
    before = datetime(2026, 10, 25, 2, 59, tzinfo=ZoneInfo("Europe/Berlin"))
    after = datetime(2026, 10, 25, 2, 1, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    # The step from the start of the gate to this autumn is a jump; it has settled 120 s later.
    rig.gate.handle(passage("QQ1"), age=0.1, moment=Moment(2000.0, before))
    decision = rig.gate.handle(passage(track=3), age=0.1, moment=Moment(2120.0, after))
    assert decision.action is Action.OPEN


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


def test_without_a_record_nothing_opens() -> None:
    rig = Rig()
    rig.record.full = True
    decision = rig.see(passage())
    assert (decision.action, decision.reason) == (Action.DENY, Reason.NOT_RECORDED)
    assert rig.openings == 0
    rig.record.full = False
    assert rig.see(passage(kind=EventKind.REVISED), 101).action is Action.OPEN


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


def test_a_failed_actuator_is_told_and_not_tried_again() -> None:
    rig = Rig()
    rig.actuators["main"].failing = True
    decision = rig.see(passage())
    assert (decision.action, decision.reason) == (Action.DENY, Reason.ACTUATOR_FAILED)
    assert "set to fail" in decision.detail
    assert [one.decision.reason for one in rig.record.records] == [
        Reason.EXACT_MATCH,
        Reason.ACTUATOR_FAILED,
    ]
    rig.actuators["main"].failing = False
    assert rig.see(passage(kind=EventKind.REVISED), 101).reason is Reason.ALREADY_OPENED
    assert rig.openings == 0


class Broken:
    def open(self) -> None:
        raise ZeroDivisionError("secret detail")


def test_foreign_exceptions_of_an_actuator_deny() -> None:
    record = MemoryRecord()
    gate = GateController(
        site(), PLATES, actuators={"main": Broken()}, record=record.write, started=START
    )
    decision = gate.handle(passage(), age=0.1, moment=START.later(100))
    assert (decision.action, decision.detail) == (Action.DENY, "ZeroDivisionError")


class RaisingList(PlateList):
    def match(self, text: str) -> Any:
        raise RuntimeError("bad list")


def test_any_exception_denies_and_is_recorded() -> None:
    rig = Rig(plates=RaisingList([], PLATES.confusables))
    decision = rig.see(passage())
    assert (decision.action, decision.reason) == (Action.DENY, Reason.INTERNAL_ERROR)
    assert "RuntimeError" in decision.detail
    assert rig.record.records[0].decision == decision
    nothing: Any = None
    assert Rig().gate.handle(nothing, age=0.0, moment=START).action is Action.DENY
    assert Rig().gate.handle(passage(), age=nothing, moment=START).action is Action.DENY
    assert Rig().gate.handle(passage(), age=0.0, moment=nothing).action is Action.DENY


def test_fit_predicates_that_raise_deny() -> None:
    def broken(text: str) -> bool:
        raise ValueError(text)

    actuator = FakeActuator()
    gate = GateController(
        site(),
        PLATES,
        actuators={"main": actuator},
        record=MemoryRecord().write,
        started=START,
        fits_format=broken,
    )
    decision = gate.handle(passage(), age=0.1, moment=START.later(100))
    assert decision.reason is Reason.INTERNAL_ERROR
    assert actuator.openings == 0


@pytest.mark.parametrize("text", ["<b>AB123CX</b>", "=1+1", "../AB123CX", "AB/123", "\x1b[2J"])
def test_hostile_texts_are_denied_and_not_repeated(text: str) -> None:
    rig = Rig()
    decision = rig.see(passage(text))
    assert (decision.action, decision.reason) == (Action.DENY, Reason.MALFORMED_EVIDENCE)
    line = rig.record.records[0].to_json()
    assert decision.text == ""
    assert text not in line


def test_unknown_cameras_are_denied() -> None:
    rig = Rig()
    decision = rig.see(replace(passage(), camera="elsewhere"))
    assert (decision.action, decision.reason) == (Action.DENY, Reason.UNKNOWN_CAMERA)


def test_armed_gates_need_their_actuators() -> None:
    with pytest.raises(GateError, match="'main' is armed but has no actuator"):
        GateController(site(), PLATES, actuators={}, record=MemoryRecord().write, started=START)
    with pytest.raises(GateError, match="'mian', which is no gate"):
        GateController(
            site(armed=False),
            PLATES,
            actuators={"mian": FakeActuator()},
            record=MemoryRecord().write,
            started=START,
        )


TWO_GATES: Mapping[str, Any] = {
    "gates": [
        {"name": "in", "cameras": [{"name": "north", "direction": "in"}], "area": "yard"},
        {"name": "out", "cameras": [{"name": "south", "direction": "out"}], "area": "yard"},
    ],
    "areas": [{"name": "yard", "capacity": 1}],
    "travel": [{"between": ["in", "out"], "seconds": 30}],
}


def leaving(text: str, track: int) -> PlateEvent:
    return replace(passage(text, track), camera="south")


def test_an_area_fills_and_empties() -> None:
    rig = Rig(site(**TWO_GATES))
    assert rig.see(passage("AB123CX", 1), 100).action is Action.OPEN
    assert rig.see(passage("XY999ZZ", 2), 200).reason is Reason.AREA_FULL
    assert rig.see(leaving("AB123CX", 1), 300).action is Action.OPEN
    assert rig.see(passage("XY999ZZ", 3), 400).action is Action.OPEN
    assert rig.record.records[-1].direction is Direction.IN


def test_who_is_inside_already_is_asked() -> None:
    rig = Rig(site(**TWO_GATES))
    rig.see(passage(track=1), 100)
    clone = rig.see(passage(track=2), 300)
    assert (clone.action, clone.reason) == (Action.ASK, Reason.SUSPICIOUS)
    assert SuspicionKind.ALREADY_INSIDE in [one.kind for one in clone.suspicions]
    # Who has been inside for a day has left unseen.
    assert rig.see(passage(track=3), 100 + 86401).action is Action.OPEN


def test_inside_is_known_after_a_restart() -> None:
    rig = Rig(site(**TWO_GATES))
    rig.see(passage(track=1), 100)
    old = tuple(replace(one, now=START.now - timedelta(hours=1)) for one in rig.record.records)
    again = Rig(site(**TWO_GATES), history=old)
    assert again.see(passage("XY999ZZ", 2), 100).reason is Reason.AREA_FULL


def test_faster_than_the_way_allows_is_suspicious() -> None:
    rig = Rig(site(**TWO_GATES))
    rig.see(passage(track=1), 100)
    held = rig.see(leaving("AB123CX", 1), 129)
    assert (held.action, held.reason) == (Action.ASK, Reason.SUSPICIOUS)
    assert held.rule == "policy.suspicions.impossible_travel"


def test_an_entirely_different_text_of_one_track_is_asked() -> None:
    rig = Rig()
    rig.see(passage("QQ777QQ", 1), 100)
    held = rig.see(passage("AB123CX", 1, kind=EventKind.REVISED), 101)
    assert (held.action, held.reason) == (Action.ASK, Reason.SUSPICIOUS)
    assert held.suspicions[0].kind is SuspicionKind.TEXT_CHANGED
    corrected = Rig()
    corrected.see(passage("AB128CX", 1), 100)
    assert corrected.see(passage("AB123CX", 1, kind=EventKind.REVISED), 101).action is Action.OPEN


def test_lists_are_replaced() -> None:
    rig = Rig()
    rig.gate.replace_list(plain_list(["QQ1"]))
    assert rig.see(passage(), 100).reason is Reason.NOT_LISTED
    assert rig.see(passage("QQ1", 2), 110).action is Action.OPEN


def line_rig() -> Rig:
    """A gate whose camera tells the direction by a line at y = 500; AB123CX may come in."""
    line = {"name": "north", "line": [[0, 500], [1000, 500]]}
    entry = replace(PLATES.match("AB123CX").exact[0], direction=Direction.IN)
    return Rig(
        site(gates=[{"name": "main", "cameras": [line]}]), PlateList([entry], PLATES.confusables)
    )


def look(rig: Rig, track: int, y: float, after: float, age: float = 0.1) -> tuple[Decision, ...]:
    """Show the camera a plate at some height of the picture."""
    quad = Quad.from_box(460, y - 10, 540, y + 10)
    seen = Track(track, quad, TrackState.ACTIVE, 0, 0, 3, Detection(quad, 0.9))
    # The events of track n are made at media second n + 1, some 100 s behind the start.
    return rig.gate.observe("north", [seen], time=after - 98, age=age, moment=START.later(after))


def test_directions_come_from_the_tracks() -> None:
    rig = line_rig()
    look(rig, 2, 400, 110)
    look(rig, 2, 600, 111)
    assert rig.see(passage(track=2), 112).action is Action.OPEN
    rig.gate.camera_started("north", START.later(200))
    assert rig.see(passage(track=2), 300).reason is Reason.DIRECTION_UNKNOWN


def test_a_verdict_waits_for_its_direction() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    assert rig.see(passage(), 101).reason is Reason.DIRECTION_UNKNOWN
    assert look(rig, 1, 450, 102) == ()
    (decision,) = look(rig, 1, 600, 104)
    assert (decision.action, rig.openings) == (Action.OPEN, 1)
    assert look(rig, 1, 620, 105) == ()


def test_a_verdict_does_not_wait_for_ever_nor_on_old_frames() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    assert look(rig, 1, 600, 111.1) == (), "too late"
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    (decision,) = look(rig, 1, 600, 104, age=2.5)
    assert decision.reason is Reason.STALE_EVIDENCE
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage(), 101)
    rig.see(passage(kind=EventKind.DEPARTED), 102)
    assert look(rig, 1, 600, 104) == (), "it left"
    assert rig.openings == 0


def test_the_next_car_opens_when_the_cool_down_ends() -> None:
    rig = Rig()
    rig.see(passage(), 100)
    assert rig.see(passage("XY999ZZ", 2), 101).reason is Reason.COOL_DOWN
    assert look(rig, 2, 400, 103) == ()
    (decision,) = look(rig, 2, 400, 104)
    assert (decision.action, decision.text, rig.openings) == (Action.OPEN, "XY999ZZ", 2)
    assert look(rig, 2, 400, 110) == ()
    assert rig.gate.observe("nowhere", [], time=1, age=0, moment=START.later(120)) == ()


def test_a_changed_text_stays_suspicious() -> None:
    rig = line_rig()
    look(rig, 1, 400, 100)
    rig.see(passage("QQ777QQ"), 101)
    rig.see(passage(kind=EventKind.REVISED), 102)
    (decision,) = look(rig, 1, 600, 103)
    assert (decision.action, decision.rule) == (Action.ASK, "policy.suspicions.text_changed")
    again = rig.see(passage(kind=EventKind.REVISED), 104)
    assert again.reason is Reason.SUSPICIOUS


def test_threads_do_not_open_twice() -> None:
    rig = Rig()
    moment = START.later(100)
    threads = [
        threading.Thread(
            target=rig.gate.handle,
            args=(passage(track=1),),
            kwargs={"age": 0.1, "moment": moment},
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rig.openings == 1


def test_records_that_raise_anything_deny() -> None:
    def raising(record: DecisionRecord) -> None:
        raise KeyError("x")

    actuator = FakeActuator()
    gate = GateController(
        site(), PLATES, actuators={"main": actuator}, record=raising, started=START
    )
    decision = gate.handle(passage(), age=0.1, moment=START.later(100))
    assert decision.reason is Reason.NOT_RECORDED
    assert actuator.openings == 0
    with pytest.raises(OutputError):
        MemoryRecord(full=True).write(DecisionRecord(decision, "", "", 1, 0, START.now, None, 0, 0))
