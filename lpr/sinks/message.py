"""A message on its way to a receiver, and the envelope in which it travels."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lpr.sinks.wire import SCHEMA, event_to_json, to_line
from lpr.types import PlateEvent

EVENT: Final = "event"
DECISION: Final = "decision"

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TIME_DIGITS: Final = 3


def _new_key() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message, already serialised: what is sent does not change between two tries.

    Attributes:
        kind: what the body is: `event`, `decision`, or another lower case word.
        camera: the camera that it comes from; messages of one camera keep their order. Lone
            surrogates, as in the name of a file that is not UTF-8, are written out.
        body: one JSON object on one line.
        created: Unix seconds at which it was made.
        key: its idempotency key, unique and the same for every try.
    """

    kind: str
    camera: str
    body: str
    created: float = field(default_factory=time.time)
    key: str = field(default_factory=_new_key)

    def __post_init__(self) -> None:
        """Check what a receiver relies on.

        Raises:
            ValueError: kind, key or body is not of its form.
        """
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"a message's kind is a lower case word, not {self.kind!r:.60}")
        if str(uuid.UUID(self.key)) != self.key:
            raise ValueError(f"a message's key is a UUID, not {self.key!r:.60}")
        if "\n" in self.body or not isinstance(json.loads(self.body), dict):
            raise ValueError("a message's body is one JSON object on one line")
        self.body.encode("utf-8")
        writable = self.camera.encode("utf-8", "backslashreplace").decode("utf-8")
        object.__setattr__(self, "camera", writable)


def event_message(
    event: PlateEvent, *, source: str | None = None, pseudonym: str | None = None
) -> OutboxMessage:
    """Return an event as a message.

    Args:
        event: what happened.
        source: address of the event's source, without credentials; the camera's name where None.
        pseudonym: what stands for a text that was taken out of the event.

    Raises:
        ValueError: a number in it is not finite or out of range.
    """
    record = event_to_json(event, source=source, pseudonym=pseudonym)
    return OutboxMessage(EVENT, event.camera, to_line(record))


def decision_message(camera: str, record: Mapping[str, Any]) -> OutboxMessage:
    """Return a gate's decision as a message.

    Args:
        camera: the camera whose event was decided on.
        record: the decision as a JSON object.

    Raises:
        ValueError: a number in it is not finite.
        TypeError: it holds what JSON cannot.
    """
    return OutboxMessage(DECISION, camera, to_line(record))


def envelope(message: OutboxMessage) -> bytes:
    """Return what goes over the wire: who, what, when and the key around the body, UTF-8.

    It is made of what is stored alone, so every try sends the same bytes.
    """
    head = to_line(
        {
            "schema": SCHEMA,
            "id": message.key,
            "type": message.kind,
            "camera": message.camera,
            "created": round(message.created, _TIME_DIGITS),
        }
    )
    return f'{head[:-1]},"data":{message.body}}}'.encode()
