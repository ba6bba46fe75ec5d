from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Reason, SuspicionKind
from lpr.gate.direction import Direction
from lpr.gate.fakes import FakeActuator, plain_list
from lpr.gate.moment import Moment
from lpr.gate.record import DecisionRecord
from lpr.gate.rig import START, Rig, passage, site
from lpr.types import EventKind, PlateEvent

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


def test_who_came_in_with_dots_goes_out_without() -> None:
    """The list was put right in between."""
    config = site(**TWO_GATES, policy={"anti_passback": True})
    rig = Rig(config, plates=plain_list(["FÜAB10"]))
    assert rig.see(passage("FÜAB10", 1), 100).action is Action.OPEN
    rig.gate.replace_list(plain_list(["FUAB10"]))
    assert rig.see(leaving("FUAB10", 2), 300).action is Action.OPEN


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


def test_trying_again_does_not_make_the_way_shorter() -> None:
    rig = Rig(site(**TWO_GATES))
    rig.see(passage(track=1), 100)
    assert rig.see(leaving("AB123CX", 1), 110).reason is Reason.SUSPICIOUS
    for track, time in ((1, 112), (2, 125)):
        again = replace(leaving("AB123CX", track), kind=EventKind.REVISED)
        assert rig.see(again, time).reason is Reason.SUSPICIOUS
    assert rig.see(leaving("AB123CX", 3), 130).action is Action.OPEN


def test_the_way_is_too_short_after_a_restart_too() -> None:
    rig = Rig(site(**TWO_GATES))
    rig.see(passage(track=1), 100)
    rig.see(leaving("AB123CX", 1), 110)
    old = tuple(replace(one, now=START.now - timedelta(seconds=5)) for one in rig.record.records)
    again = Rig(site(**TWO_GATES), history=old)
    assert again.see(leaving("AB123CX", 2), 15).reason is Reason.SUSPICIOUS


def test_an_entirely_different_text_of_one_track_is_asked() -> None:
    rig = Rig()
    rig.see(passage("QQ777QQ", 1), 100)
    held = rig.see(passage("AB123CX", 1, kind=EventKind.REVISED), 101)
    assert (held.action, held.reason) == (Action.ASK, Reason.SUSPICIOUS)
    assert held.suspicions[0].kind is SuspicionKind.TEXT_CHANGED
    corrected = Rig()
    corrected.see(passage("AB128CX", 1), 100)
    assert corrected.see(passage("AB123CX", 1, kind=EventKind.REVISED), 101).action is Action.OPEN


def test_who_was_parked_for_days_gets_out_again() -> None:
    """It counts as gone after a day, but nobody saw it go."""
    config = site(**TWO_GATES, policy={"anti_passback": True})
    rig = Rig(config)
    assert rig.see(passage(track=1), 100).action is Action.OPEN
    assert rig.see(leaving("AB123CX", 2), 100 + 62 * 3600).action is Action.OPEN
    assert rig.see(leaving("AB123CX", 3), 100 + 63 * 3600).reason is Reason.NOT_INSIDE


def test_who_was_not_let_in_by_a_relay_that_failed_may_try_again_and_may_leave() -> None:
    rig = Rig(site(**TWO_GATES, policy={"anti_passback": True}))
    way_in = rig.actuators[rig.config.gates[0].name]
    way_in.failing = True
    assert rig.see(passage(track=1), 100).reason is Reason.ACTUATOR_FAILED
    assert rig.see(leaving("AB123CX", 2), 300).action is Action.OPEN
    assert rig.see(passage(track=3), 400).reason is Reason.ACTUATOR_FAILED
    records = tuple(rig.record.records)
    way_in.failing = False
    assert rig.see(passage(track=4), 600).action is Action.OPEN
    again = Rig(rig.config, history=records)
    assert again.see(passage(track=5), 600).action is Action.OPEN


def test_who_was_not_let_in_because_the_disk_was_slow_may_try_again_after_a_restart() -> None:
    """The opening is on record, and so is that the barrier did not move for it."""
    config = site(**TWO_GATES, policy={"anti_passback": True})
    records: list[DecisionRecord] = []
    slow = GateController(
        config,
        plain_list(["AB123CX"]),
        actuators={gate.name: FakeActuator() for gate in config.gates},
        record=records.append,
        started=START,
        clock=lambda: START.later(105),
    )
    late = slow.handle(passage(track=1), age=0.1, moment=START.later(100))
    assert (late.reason, late.would) == (Reason.STALE_EVIDENCE, Action.OPEN)
    again = Rig(config, history=tuple(records))
    assert again.see(passage(track=2), 300).action is Action.OPEN
    other = Rig(config, history=tuple(records))
    assert other.see(passage("XY999ZZ", 2), 300).action is Action.OPEN, "it takes no room"


def test_another_plate_that_is_like_the_text_is_not_this_one() -> None:
    rig = Rig(site(**{**TWO_GATES, "areas": [{"name": "yard"}]}), plain_list(["AB0123", "ABO123"]))
    assert rig.see(passage("AB0123", 1), 100).action is Action.OPEN
    assert rig.see(passage("ABO123", 2), 300).action is Action.OPEN


def test_a_board_that_begins_in_the_past_keeps_its_limits_where_they_were() -> None:
    """Its clock is put right a moment later: openings of former days are none of this hour."""

    def history(days: int) -> tuple[DecisionRecord, ...]:
        rig = Rig(site())
        rig.see(passage(), 100)
        (record,) = rig.record.records
        return tuple(
            replace(record, now=START.now + timedelta(days=day))
            for day in range(days - 199, days + 1)
        )

    late = Rig(site(), history=history(300))
    right = START.now + timedelta(days=301)
    late.gate.observe("north", (), time=40.0, age=0.1, moment=Moment(START.time + 40, right))
    event = replace(passage(track=7), time=3700.0, first_seen=3699.0)
    moment = Moment(START.time + 200, right + timedelta(seconds=160))
    assert late.gate.handle(event, age=0.1, moment=moment).action is Action.OPEN
