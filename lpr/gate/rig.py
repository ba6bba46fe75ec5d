"""A gate on the bench, for tests: its clock is moved by hand, and nothing behind it is real."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lpr.gate.config import GateConfig
from lpr.gate.controller import GateController
from lpr.gate.decision import Decision
from lpr.gate.fakes import FakeActuator, MemoryRecord, plain_list, sure_event
from lpr.gate.moment import Moment
from lpr.gate.plate_list import PlateList
from lpr.gate.record import DecisionRecord
from lpr.settings import check_settings
from lpr.types import EventKind, PlateEvent

START = Moment(1000.0, datetime(2026, 11, 23, 12, tzinfo=UTC))
PLATES = plain_list(["AB123CX", "XY999ZZ"], deny=["NO1"])


def site(**changes: Any) -> GateConfig:
    """An armed site with one gate and one camera, and what a test changes of it."""
    base: dict[str, Any] = {"armed": True, "gates": [{"name": "main", "cameras": ["north"]}]}
    return check_settings(base | changes, GateConfig, "test")


class Rig:
    """A gate with its fakes.

    Args:
        config: the site; `site()` by default.
        plates: its lists.
        history: decisions from before a restart.
    """

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
        """How often anything was opened."""
        return sum(actuator.openings for actuator in self.actuators.values())


def passage(
    text: str = "AB123CX", track: int = 1, *, kind: EventKind = EventKind.CONFIRMED
) -> PlateEvent:
    """A sure verdict about a plate; each track is first seen at another second."""
    return sure_event(text, track_id=track, kind=kind, first_seen=float(track), time=track + 1.0)
