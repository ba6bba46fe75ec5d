from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lpr.errors import GateError, OutputError
from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Reason
from lpr.gate.fakes import FakeActuator, MemoryRecord, plain_list
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.gate.rig import PLATES, START, Rig, passage, site
from lpr.types import EventKind


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


def test_without_a_record_nothing_opens() -> None:
    rig = Rig()
    rig.record.full = True
    decision = rig.see(passage())
    assert (decision.action, decision.reason) == (Action.DENY, Reason.NOT_RECORDED)
    assert rig.openings == 0
    assert decision.detail.endswith(": no space is left for decisions")
    rig.record.full = False
    assert rig.see(passage(kind=EventKind.REVISED), 101).action is Action.OPEN


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


def test_lists_are_replaced() -> None:
    rig = Rig()
    rig.gate.replace_list(plain_list(["QQ1"]))
    assert rig.see(passage(), 100).reason is Reason.NOT_LISTED
    assert rig.see(passage("QQ1", 2), 110).action is Action.OPEN


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


def test_who_took_an_opening_that_another_could_not_gets_the_denial_too() -> None:
    taken: list[Action] = []
    broken = [True]

    def two_places(record: DecisionRecord) -> None:
        taken.append(record.decision.action)
        if broken.pop() if broken else False:
            raise OutputError("the second place is full")

    gate = GateController(
        site(), PLATES, actuators={"main": FakeActuator()}, record=two_places, started=START
    )
    assert gate.handle(passage(), age=0.1, moment=START.later(100)).action is Action.DENY
    assert taken == [Action.OPEN, Action.DENY]


def test_records_that_raise_anything_deny() -> None:
    def raising(record: DecisionRecord) -> None:
        raise KeyError("x")

    actuator = FakeActuator()
    gate = GateController(
        site(), PLATES, actuators={"main": actuator}, record=raising, started=START
    )
    decision = gate.handle(passage(), age=0.1, moment=START.later(100))
    assert decision.reason is Reason.NOT_RECORDED
    assert decision.detail == "the decision could not be recorded: KeyError"
    assert actuator.openings == 0
    with pytest.raises(OutputError):
        MemoryRecord(full=True).write(DecisionRecord(decision, "", "", 1, 0, START.now, None, 0, 0))


def test_a_passage_that_opened_the_gate_for_another_plate_is_asked_about() -> None:
    """Misread then or now, or another vehicle close behind the first."""
    rig = Rig(plates=plain_list(["AB120CX", "AB121CX"]))
    assert rig.see(passage("AB120CX"), 100).action is Action.OPEN
    held = rig.see(passage("AB121CX", kind=EventKind.REVISED), 101)
    assert (held.action, held.reason) == (Action.ASK, Reason.ALREADY_OPENED)
    assert "as AB120CX" in held.detail
    assert rig.openings == 1
