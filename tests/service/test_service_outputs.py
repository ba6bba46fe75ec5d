from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpr.errors import OutputError, StoreError
from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Action, Reason
from lpr.gate.fakes import FakeActuator, plain_list, sure_event
from lpr.gate.moment import Moment
from lpr.gate.record import DecisionRecord
from lpr.service.hiding import Hider, no_pseudonym
from lpr.service.outputs import Outputs
from lpr.sinks.outbox import OutboxCounts
from lpr.store import StoreSettings, open_store
from lpr.store.picture import MAX_BYTES, Picture
from lpr.store.records import StoredDecision
from lpr.types import PlateEvent

START = Moment(1000.0, datetime(2026, 11, 23, 12, tzinfo=UTC))
CLEAR = Hider(no_pseudonym, listed=lambda text: True)
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 20


@dataclass
class FakeStore:
    dead: bool = False
    runs: list[str] = field(default_factory=list)
    events: list[tuple[str, bool | None, bool]] = field(default_factory=list)
    decisions: list[StoredDecision] = field(default_factory=list)

    def start_run(self, camera: str) -> str:
        self.runs.append(camera)
        return camera

    def add_event(
        self, event: PlateEvent, *, listed: bool | None = None, picture: Picture | None = None
    ) -> str:
        self._check()
        self.events.append((event.text, listed, picture is not None))
        return ""

    def add_decision(self, decision: StoredDecision) -> str:
        self._check()
        self.decisions.append(decision)
        return ""

    def _check(self) -> None:
        if self.dead:
            raise StoreError("events.db: the database is locked")


@dataclass
class FakeReceiver:
    name: str = "office"
    clear_text: bool = False
    away: bool = False
    events: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    board: list[tuple[str, bool]] = field(default_factory=list)

    def emit(self, event: PlateEvent, *, pseudonym: str | None = None) -> None:
        if self.away:
            raise OutputError("office: the outbox is full")
        self.events.append(event.text)

    def decide(self, camera: str, record: str) -> None:
        if self.away:
            raise OSError("anything")
        self.decisions.append(record)

    def set_camera_status(self, camera: str, *, online: bool) -> None:
        self.board.append((camera, online))

    def counts(self) -> OutboxCounts:
        return OutboxCounts(waiting=3, aside=1, bytes=0, delivered=5, dropped=2)

    def close(self) -> None:
        return


class Rig:
    """An armed gate whose decisions go through the outputs."""

    def __init__(self) -> None:
        self.store, self.receiver, self.relay = FakeStore(), FakeReceiver(), FakeActuator()
        self.outputs = Outputs(
            self.store,
            [self.receiver],
            listed=lambda text: text == "AB123CX",
            hider=CLEAR,
        )
        config = GateConfig.model_validate(
            {"armed": True, "gates": [{"name": "main", "cameras": ["north"]}]}
        )
        self.gate = GateController(
            config,
            plain_list(["AB123CX"]),
            actuators={"main": self.relay},
            record=self.outputs.record,
            started=START,
        )


def test_decisions_and_events_reach_every_output() -> None:
    rig = Rig()
    rig.outputs.camera_started("north")
    event = sure_event("AB123CX", first_seen=10.0, time=11.0)
    assert rig.gate.handle(event, age=0.1, moment=START.later(100)).action is Action.OPEN
    rig.outputs.event(event, JPEG)
    rig.outputs.event(sure_event("XX1"), None)
    rig.outputs.pass_on()
    rig.outputs.pass_on()
    assert rig.store.events == [("AB123CX", True, True), ("XX1", False, False)]
    assert [one.reason for one in rig.store.decisions] == ["exact_match"]
    assert rig.receiver.events == ["AB123CX", "XX1"]
    assert len(rig.receiver.decisions) == 1
    figures = {one.name: one for one in rig.outputs.figures()}
    assert (figures["office"].waiting, figures["office"].refused) == (3, 1)
    assert figures["store"].failures == 0


def test_a_dead_store_keeps_the_gate_shut_and_says_so() -> None:
    rig = Rig()
    rig.store.dead = True
    event = sure_event("AB123CX", first_seen=10.0, time=11.0)
    decision = rig.gate.handle(event, age=0.1, moment=START.later(100))
    rig.outputs.event(event, None)
    assert (decision.action, decision.reason) == (Action.DENY, Reason.NOT_RECORDED)
    assert rig.relay.openings == 0
    assert rig.receiver.events == ["AB123CX"], "others are told all the same"
    store = rig.outputs.figures()[0]
    assert "locked" in store.problem
    assert store.failures == 3, "the opening, the denial in its place, the event"

    rig.store.dead = False
    later = sure_event("AB123CX", track_id=2, first_seen=210.0, time=211.0)
    assert rig.gate.handle(later, age=0.1, moment=START.later(300)).action is Action.OPEN
    assert not rig.outputs.figures()[0].problem


def test_a_receiver_that_fails_stops_nothing() -> None:
    rig = Rig()
    rig.receiver.away = True
    event = sure_event("AB123CX", first_seen=10.0, time=11.0)
    assert rig.gate.handle(event, age=0.1, moment=START.later(100)).action is Action.OPEN
    rig.outputs.event(event, None)
    rig.outputs.pass_on()
    office = rig.outputs.figures()[1]
    assert office.failures == 2
    assert office.problem


def test_receivers_that_are_away_are_closed_at_once() -> None:
    """Each may take its close_timeout; one after the other they would outlast a stop."""
    together = threading.Barrier(3)

    class Slow(FakeReceiver):
        def close(self) -> None:
            together.wait(60)
            if self.away:
                raise OutputError("its file is gone")

    slow = [Slow("one"), Slow("two", away=True), Slow("three")]
    outputs = Outputs(None, slow, listed=lambda text: True, hider=CLEAR)
    outputs.close()
    assert not together.broken
    assert [one.failures for one in outputs.figures()] == [0, 1, 0]


@pytest.mark.parametrize(
    ("picture", "why"),
    [(b"junk", "must be PNG, JPEG or WebP"), (JPEG + bytes(MAX_BYTES), "is too large")],
    ids=["no picture", "too large"],
)
def test_an_event_is_kept_without_a_bad_picture(
    picture: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig()
    rig.outputs.event(sure_event("AB123CX"), picture)
    assert rig.store.events == [("AB123CX", True, False)]
    assert rig.receiver.events == ["AB123CX"]
    assert "camera north: an event is kept without its picture: a picture" in caplog.text
    assert why in caplog.text


def test_camera_status_is_told_when_it_changes() -> None:
    rig = Rig()
    for online in (True, True, False, False, True):
        rig.outputs.camera_status("north", online=online)
    assert rig.receiver.board == [("north", True), ("north", False), ("north", True)]


def test_a_real_store_takes_what_the_gate_decides(tmp_path: Path) -> None:
    records: list[DecisionRecord] = []
    with open_store(StoreSettings(database=tmp_path / "events.db")) as store:
        outputs = Outputs(store, [], listed=lambda text: True, hider=CLEAR)
        outputs.camera_started("north")

        def record(one: DecisionRecord) -> None:
            records.append(one)
            outputs.record(one)

        gate = GateController(
            GateConfig.model_validate({"gates": [{"name": "main", "cameras": ["north"]}]}),
            plain_list(["AB123CX"]),
            actuators={},
            record=record,
            started=START,
        )
        event = sure_event("AB123CX", first_seen=10.0, time=11.0)
        gate.handle(event, age=0.1, moment=START.later(100))
        outputs.event(event, JPEG)
        outputs.event(event, JPEG)
        held = sum(one.rows for one in store.summary().holdings if one.what.startswith("events"))
    assert [one.decision.reason for one in records] == [Reason.DRY_RUN]
    assert held == 1
