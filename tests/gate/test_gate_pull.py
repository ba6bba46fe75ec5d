"""Barriers that hang: their gate stays shut, others go on, and nothing is pulled twice."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

import pytest

from lpr.errors import GateError
from lpr.gate import pull
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.fakes import FakeActuator, MemoryRecord
from lpr.gate.moment import Moment
from lpr.gate.rig import PLATES, START, passage, site
from lpr.types import EventKind

PATIENCE = 30.0
GATES = [{"name": "main", "cameras": ["north"]}, {"name": "back", "cameras": ["south"]}]


@dataclass
class HangingActuator:
    """Hangs in each pull until it is let go."""

    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    fails: bool = False
    openings: int = 0

    def open(self) -> None:
        self.reached.set()
        assert self.let_go.wait(PATIENCE)
        if self.fails:
            raise GateError("no answer")
        self.openings += 1


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = START.later(100)

    def __call__(self) -> Moment:
        return self.moment


class Yard:
    """Two gates, of which `main` hangs."""

    def __init__(self, *, background: bool, fails: bool = False) -> None:
        self.clock = Clock()
        self.hanging, self.other = HangingActuator(fails=fails), FakeActuator()
        self.record = MemoryRecord()
        self.gate = GateController(
            site(gates=GATES),
            PLATES,
            actuators={"main": self.hanging, "back": self.other},
            record=self.record.write,
            started=START,
            clock=self.clock,
            background=background,
        )

    def see(self, text: str, track: int, *, camera: str = "north", after: float = 0) -> Decision:
        event = replace(passage(text, track), camera=camera)
        return self.gate.handle(event, age=0.1, moment=self.clock.moment.later(after))

    def reasons(self) -> list[Reason]:
        return [one.decision.reason for one in self.record.records]


def test_a_gate_that_hangs_holds_no_other_and_opens_for_nobody_else() -> None:
    yard = Yard(background=False)
    decisions: list[Decision] = []
    thread = threading.Thread(target=lambda: decisions.append(yard.see("AB123CX", 1)))
    thread.start()
    assert yard.hanging.reached.wait(PATIENCE)
    assert yard.see("XY999ZZ", 2, camera="south").action is Action.OPEN
    assert yard.other.openings == 1
    held = yard.see("XY999ZZ", 3, after=50)
    assert (held.action, held.reason) == (Action.ASK, Reason.COOL_DOWN)
    yard.hanging.let_go.set()
    thread.join(PATIENCE)
    assert [one.action for one in decisions] == [Action.OPEN]
    assert yard.hanging.openings == 1


def test_a_pull_in_the_background_returns_at_once_and_tells_its_failure_later() -> None:
    yard = Yard(background=True, fails=True)
    assert yard.see("AB123CX", 1).action is Action.OPEN
    assert yard.hanging.reached.wait(PATIENCE)
    assert yard.gate.finished() == ()
    assert yard.see("XY999ZZ", 2, camera="south").action is Action.OPEN
    again = replace(passage(kind=EventKind.REVISED), camera="north")
    repeated = yard.gate.handle(again, age=0.1, moment=yard.clock.moment)
    assert repeated.reason is Reason.ALREADY_OPENED
    yard.clock.moment = yard.clock.moment.later(20)
    yard.hanging.let_go.set()
    yard.gate.close()
    failures = yard.gate.finished()
    assert [(one.camera, one.decision.reason) for one in failures] == [
        ("north", Reason.ACTUATOR_FAILED)
    ]
    assert failures[0].decision.detail == "no answer"
    assert failures[0].taken == pytest.approx(START.time + 99.9)
    assert yard.reasons().count(Reason.ACTUATOR_FAILED) == 1
    # The cool-down counts from the end of the pull, for nobody knows when the barrier moved.
    assert yard.see("XY999ZZ", 4, after=2.9).reason is Reason.COOL_DOWN
    yard.hanging.fails = False
    assert yard.see("XY999ZZ", 5, after=3.1).action is Action.OPEN


def test_closing_waits_for_a_pull_and_records_its_failure() -> None:
    closed: list[bool] = []
    yard = Yard(background=True, fails=True)
    yard.gate = GateController(
        site(gates=GATES),
        PLATES,
        actuators={"main": yard.hanging, "back": yard.other},
        record=yard.record.write,
        started=START,
        background=True,
        on_close=lambda: closed.append(True),
    )
    yard.see("AB123CX", 1)
    yard.hanging.let_go.set()
    yard.gate.close()
    yard.gate.close()
    assert closed == [True]
    assert yard.reasons() == [Reason.EXACT_MATCH, Reason.ACTUATOR_FAILED]


def test_closing_waits_for_a_pulse_that_is_longer_than_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A relay that is closed when the process ends would leave the barrier open."""
    monkeypatch.setattr(pull, "_CLOSE_WAIT", 0.0)
    ended: list[bool] = []

    class Pulse:
        def open(self) -> None:
            time.sleep(0.5)
            ended.append(True)

    relay = {"type": "http", "url": "http://127.0.0.1:9/", "pulse": 10}
    gate = GateController(
        site(gates=[{**GATES[0], "actuator": relay}]),
        PLATES,
        actuators={"main": Pulse()},
        record=MemoryRecord().write,
        started=START,
        background=True,
        on_close=lambda: ended.append(False),
    )
    gate.handle(passage(), age=0.1, moment=START.later(100))
    gate.close()
    assert ended == [True, False], "the device is given back when the pulse is over"


def test_what_a_foreign_error_says_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    told = f"{passage().text} and a password"

    class Broken:
        def open(self) -> None:
            raise KeyError(told)

    gate = GateController(
        site(),
        PLATES,
        actuators={"main": Broken()},
        record=MemoryRecord().write,
        started=START,
    )
    decision = gate.handle(passage(), age=0.1, moment=START.later(100))
    assert decision.reason is Reason.ACTUATOR_FAILED
    assert "gate main: the actuator failed: KeyError" in caplog.text
    assert "in open" in caplog.text, "where it came from"
    assert "AB123CX" not in caplog.text


def test_an_error_of_ours_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    yard = Yard(background=False, fails=True)
    yard.hanging.let_go.set()
    assert yard.see("AB123CX", 1).reason is Reason.ACTUATOR_FAILED
    assert [one.getMessage() for one in caplog.records] == [
        "gate main: the actuator failed: no answer"
    ]
    assert caplog.records[0].exc_info is None


def test_a_pull_that_begins_too_late_is_none() -> None:
    yard = Yard(background=True)
    yard.hanging.let_go.set()
    yard.see("AB123CX", 1, after=-10)
    yard.gate.close()
    assert [one.decision.reason for one in yard.gate.finished()] == [Reason.STALE_EVIDENCE]
    assert yard.hanging.openings == 0


def test_without_a_thread_nothing_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    yard = Yard(background=True)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    yard.see("AB123CX", 1)
    assert [one.decision.reason for one in yard.gate.finished()] == [Reason.ACTUATOR_FAILED]
    assert yard.hanging.openings == 0
