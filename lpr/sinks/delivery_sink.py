"""Events and decisions to a receiver that may be away: through an outbox."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lpr.errors import OutputError
from lpr.sinks.delivery import Transport
from lpr.sinks.message import OutboxMessage, decision_message, event_message
from lpr.sinks.outbox import AsideMessage, Outbox, OutboxCounts
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.sender import OutboxSender
from lpr.types import EventKind, PlateEvent


class DeliverySink:
    """Stores each event or decision on the disk, then delivers it from a thread of its own.

    Args:
        path: the outbox file.
        transport: what delivers; the sink closes it.
        settings: the outbox's limits and how it retries.
        name: the receiver's name in logs and errors, without secrets.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.
        kinds: the events that are sent.
        decisions: whether decisions are sent.
        clear_text: whether it is told plates on no list although the site keeps pseudonyms of them;
            whoever feeds it looks at this.

    Raises:
        OutputError: the outbox cannot be used; the transport is closed then.
    """

    def __init__(
        self,
        path: Path,
        transport: Transport,
        *,
        settings: OutboxSettings,
        name: str,
        sources: Mapping[str, str] | None = None,
        kinds: Collection[EventKind] = tuple(EventKind),
        decisions: bool = True,
        clear_text: bool = False,
    ) -> None:
        self.name = name
        self.clear_text = clear_text
        self._sources, self._kinds = dict(sources or {}), frozenset(kinds)
        self._decisions = decisions
        try:
            self._outbox = Outbox(path, limits=settings)
        except OutputError:
            transport.close()
            raise
        self._sender = OutboxSender(self._outbox, transport, retry=settings, name=name)

    def emit(self, event: PlateEvent, *, pseudonym: str | None = None) -> None:
        """Take one event; it is on the disk when this returns.

        Args:
            event: what happened.
            pseudonym: what stands for a text that was taken out of the event.

        Raises:
            OutputError: it was not taken.
        """
        if event.kind not in self._kinds:
            return
        try:
            source = self._sources.get(event.camera)
            message = event_message(event, source=source, pseudonym=pseudonym)
        except (ValueError, TypeError) as error:
            raise OutputError(f"{self.name}: event not taken: {error}") from error
        self.deliver(message)

    def decide(self, camera: str, record: Mapping[str, Any] | str) -> None:
        """Take one decision; it is on the disk when this returns.

        Args:
            camera: the camera whose event was decided on.
            record: the decision as a JSON object, or as its text.

        Raises:
            OutputError: it was not taken.
        """
        if not self._decisions:
            return
        try:
            message = decision_message(
                camera, json.loads(record) if isinstance(record, str) else record
            )
        except (ValueError, TypeError) as error:
            raise OutputError(f"{self.name}: decision not taken: {error}") from error
        self.deliver(message)

    def deliver(self, message: OutboxMessage) -> None:
        """Take a message of any kind; it is on the disk when this returns.

        Raises:
            OutputError: it was not taken.
        """
        self._outbox.append(message)
        self._sender.wake()

    def counts(self) -> OutboxCounts:
        """Count what waits, what was refused, delivered and given up."""
        return self._outbox.counts()

    def aside(self, limit: int = 100) -> tuple[AsideMessage, ...]:
        """Return the oldest messages that the receiver refused, with the reasons.

        Raises:
            OutputError: the outbox cannot be read.
        """
        return self._outbox.aside(limit)

    def retry_aside(self) -> int:
        """Deliver again what was put aside, for example after a wrong secret was put right.

        Returns:
            How many messages there were.

        Raises:
            OutputError: the outbox cannot be written.
        """
        count = self._outbox.retry_aside()
        self._sender.wake()
        return count

    def close(self) -> None:
        """Deliver what can be delivered at once, then stop; closing twice is harmless."""
        self._sender.close()
