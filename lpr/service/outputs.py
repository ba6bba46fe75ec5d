"""Where events and decisions go: the event store, which must take them, and receivers."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from lpr.errors import LprError
from lpr.gate.decision import Action
from lpr.gate.record import DecisionRecord
from lpr.service.figures import OutputFigures
from lpr.service.hiding import Hider, ToldEvent
from lpr.sinks.outbox import OutboxCounts
from lpr.store.picture import Picture
from lpr.store.records import StoredDecision
from lpr.types import EventKind, PlateEvent

_LOG = logging.getLogger(__name__)
_STORE = "store"


class Store(Protocol):
    """What the service needs of `lpr.store.EventStore`."""

    def start_run(self, camera: str) -> str:
        """Begin a run of a camera: its track numbers begin again."""
        ...

    def add_event(
        self, event: PlateEvent, *, listed: bool | None = None, picture: Picture | None = None
    ) -> str:
        """Store an event; raises StoreError where it is not stored."""
        ...

    def add_decision(self, decision: StoredDecision) -> str:
        """Store a decision; raises StoreError where it is not stored."""
        ...


class Receiver(Protocol):
    """What the service needs of `lpr.sinks.delivery_sink.DeliverySink`."""

    name: str
    clear_text: bool

    def emit(self, event: PlateEvent, *, pseudonym: str | None = None) -> None:
        """Take one event; raises OutputError where it was not taken."""
        ...

    def decide(self, camera: str, record: str) -> None:
        """Take one decision; raises OutputError where it was not taken."""
        ...

    def counts(self) -> OutboxCounts:
        """Count what waits and what was refused."""
        ...

    def close(self) -> None:
        """Deliver what can be delivered at once, then stop."""
        ...


@runtime_checkable
class StatusBoard(Protocol):
    """A receiver that also shows whether cameras work."""

    name: str

    def set_camera_status(self, camera: str, *, online: bool) -> None:
        """Show whether a camera works; never waits."""
        ...


class Outputs:
    """Gives events and decisions to every output; the failure of one never keeps it from others.

    Args:
        store: the event store, None without one.
        receivers: who is told.
        listed: whether a plate is on a list of the site.
        hider: takes plates on no list out of what those outside are told.
    """

    def __init__(
        self,
        store: Store | None,
        receivers: Sequence[Receiver],
        *,
        listed: Callable[[str], bool],
        hider: Hider,
    ) -> None:
        self._store, self._receivers, self._listed = store, tuple(receivers), listed
        self._hider = hider
        self._pending: list[DecisionRecord] = []
        self._failures: Counter[str] = Counter()
        self._problems: dict[str, str] = {}
        self._online: dict[str, bool] = {}

    def record(self, record: DecisionRecord) -> None:
        """Take a decision before the gate moves.

        Raises:
            StoreError: the event store could not take it; the gate must stay shut.
        """
        if self._store is not None:
            try:
                self._store.add_decision(stored_decision(self._hider.record(record)))
            except LprError as error:
                self._failed(_STORE, error)
                if record.decision.action is not Action.OPEN:
                    self._pending.append(record)  # receivers are told all the same
                raise
            self._problems.pop(_STORE, None)
        self._pending.append(record)

    def camera_started(self, camera: str) -> None:
        """A camera's track numbers begin again."""
        if self._store is not None:
            self._store.start_run(camera)

    def event(self, event: PlateEvent, picture: bytes | None) -> None:
        """Take one event, with a JPEG of the plate where there is one.

        A picture that the store refuses is logged, and the event is kept without it.
        """
        if self._store is not None:
            store = self._store
            shown = None if picture is None else _usable(picture, event.camera)
            listed = event.kind is not EventKind.UNREAD and self._listed(event.text)
            # What is on no list the store hides itself: it keeps a hash of the folded text, too.
            kept = self._hider.trimmed(event) if listed else event
            self._try(_STORE, partial(store.add_event, kept, listed=listed, picture=shown))
        hidden = self._hider.event(event)
        for receiver in self._receivers:
            told = ToldEvent(event) if receiver.clear_text else hidden
            work = partial(receiver.emit, told.event, pseudonym=told.pseudonym)
            self._try(receiver.name, work)

    def camera_status(self, camera: str, *, online: bool) -> None:
        """Show whether a camera works, where that has changed."""
        if self._online.get(camera) is online:
            return
        self._online[camera] = online
        for receiver in self._receivers:
            if isinstance(receiver, StatusBoard):
                self._try(
                    receiver.name,
                    partial(receiver.set_camera_status, camera, online=online),
                )

    def pass_on(self) -> None:
        """Tell the receivers of the decisions since the last time."""
        pending, self._pending = self._pending, []
        for record in pending:
            hidden = self._hider.record(record)
            for receiver in self._receivers:
                told = record if receiver.clear_text else hidden
                self._try(receiver.name, partial(receiver.decide, told.camera, told.to_json()))

    def figures(self) -> tuple[OutputFigures, ...]:
        """Return what is known of each output."""
        found: list[OutputFigures] = []
        if self._store is not None:
            found.append(
                OutputFigures(_STORE, self._failures[_STORE], problem=self._problem(_STORE))
            )
        for receiver in self._receivers:
            name = receiver.name
            try:
                counts = receiver.counts()
            except LprError as error:
                found.append(OutputFigures(name, self._failures[name], problem=str(error)))
                continue
            found.append(
                OutputFigures(
                    name,
                    self._failures[name],
                    waiting=counts.waiting,
                    refused=counts.aside,
                    dropped=counts.dropped,
                    problem=self._problem(name),
                )
            )
        return tuple(found)

    def close(self) -> None:
        """Pass on what is left and close the receivers; the store stays open."""
        self.pass_on()
        # All at once: each one that is away takes its `close_timeout`.
        closing = [
            threading.Thread(target=self._try, args=(receiver.name, receiver.close))
            for receiver in self._receivers
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _problem(self, name: str) -> str:
        return self._problems.get(name, "")

    def _try(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        # Whatever an output raises, gates and the other outputs go on.
        except Exception as error:  # noqa: BLE001
            self._failed(name, error)
            return
        self._problems.pop(name, None)

    def _failed(self, name: str, error: Exception) -> None:
        text = str(error) if isinstance(error, LprError) else type(error).__name__
        self._failures[name] += 1
        if self._problems.get(name) != text:
            _LOG.error("%s: %s", name, text)
        self._problems[name] = text


def _usable(picture: bytes, camera: str) -> Picture | None:
    """The picture as the store takes it; None where it takes no such thing."""
    try:
        return Picture(picture)
    except LprError as error:
        _LOG.error("camera %s: an event is kept without its picture: %s", camera, error)
        return None


def stored_decision(record: DecisionRecord) -> StoredDecision:
    """Return a decision as the event store keeps it."""
    decision = record.decision
    return StoredDecision(
        at=record.now,
        gate=record.gate,
        camera=record.camera,
        track_id=record.track_id,
        event_time=record.event_time,
        action=decision.action.value,
        reason=decision.reason.value,
        rule=decision.rule,
        text=decision.text,
        detail=decision.detail,
        plate=decision.plate,
        would=None if decision.would is None else decision.would.value,
        pass_key=decision.pass_key,
        direction=None if record.direction is None else record.direction.value,
        probability=record.probability,
        agreeing=record.agreeing,
        suspicions=tuple((one.kind.value, one.detail) for one in decision.suspicions),
        pseudonym=record.pseudonym,
    )
