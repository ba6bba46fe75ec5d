"""What goes into the event store and comes out of it: frozen records, no database in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from lpr.errors import ConfigError
from lpr.types import EventKind, PlateEvent

_NAMESPACE: Final = UUID("6f1c5d0e-52f3-4c39-9a1f-0d3a6a3f7c11")
_MAX_WHO: Final = 200

MAX_TEXT: Final = 128
"""Characters of a plate text that are kept; a plate has at most 16."""

MAX_NAME: Final = 256
"""Characters of a camera, gate or run that are kept."""


class RetentionClass(StrEnum):
    """How long a passage is kept; the later of two names is the stricter one."""

    UNMATCHED = "unmatched"
    MATCHED = "matched"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Requester:
    """A person (or a job) that looks at or changes what is stored; goes into the audit log.

    Attributes:
        who: the name of the person or job.
        why: the reason, for example a case number.
    """

    who: str
    why: str

    def __post_init__(self) -> None:
        """Check that both are there.

        Raises:
            ConfigError: one is empty, too long or not printable.
        """
        for name in ("who", "why"):
            value: str = getattr(self, name)
            if not value.strip():
                raise ConfigError(f"{name}: is missing; the audit log needs who asks and why")
            if len(value) > _MAX_WHO or not value.isprintable():
                raise ConfigError(
                    f"{name}: needs at most {_MAX_WHO} printable characters on one line"
                )


RETENTION_JOB: Final = Requester("lpr", "retention")
"""Who purges where nobody is named."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """What a gate decided for one vehicle, as the store keeps it.

    Attributes:
        at: wall clock of the decision, aware.
        gate: name of the gate; empty where the camera belongs to none.
        camera: name of the camera.
        track_id: the track's number within its camera.
        event_time: media seconds of the event that was decided on.
        action: `open`, `ask`, `deny` or `ignore`.
        reason: code of the reason.
        rule: the rule or list entry that made it.
        text: the event's plate text; empty where there is none.
        detail: one line for people.
        plate: the listed plate that was matched, None where none was.
        would: what the rules said where something held it back, None otherwise.
        pass_key: the visitor pass used up by one, None where none was.
        direction: `in` or `out`, None where not known.
        probability: calibrated probability that the text is right, 0 to 1.
        agreeing: readings that say exactly the text.
        suspicions: (kind, detail) of each.
        run: the engine's run that the track belongs to; empty takes the camera's present run.
        pseudonym: keyed hash in place of a plate on no list; set by the store.
    """

    at: datetime
    gate: str
    camera: str
    track_id: int
    event_time: float
    action: str
    reason: str
    rule: str
    text: str
    detail: str = ""
    plate: str | None = None
    would: str | None = None
    pass_key: str | None = None
    direction: str | None = None
    probability: float = 0.0
    agreeing: int = 0
    suspicions: tuple[tuple[str, str], ...] = ()
    run: str = ""
    pseudonym: str | None = None

    @property
    def decision_id(self) -> str:
        """UUID that is the same for the same decision: writing it twice stores it once."""
        parts = [self.gate, self.camera, self.run, self.track_id, self.event_time]
        parts += [self.at.isoformat(), self.action, self.reason]
        return str(uuid5(_NAMESPACE, json.dumps(["decision", *parts])))


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as the store keeps it.

    Attributes:
        number: its place in the store, from 1 with gaps.
        event_id: its UUID.
        run: the engine's run that the track belongs to.
        at: wall clock, aware.
        event: what happened; texts are empty where a pseudonym stands for them or they are erased.
        retention: matched, unmatched or denied.
        action: what the gate decided last for the passage, None where nothing was decided; that
            the vehicle left, or that the gate had opened for it already, does not count.
        pseudonym: keyed hash in place of the text, None where the text is kept.
        erased: whether the text was erased on request.
        has_picture: whether a picture is stored.
    """

    number: int
    event_id: str
    run: str
    at: datetime
    event: PlateEvent
    retention: RetentionClass
    action: str | None
    pseudonym: str | None
    erased: bool
    has_picture: bool


@dataclass(frozen=True, slots=True)
class ListedPlate:
    """One entry of a plate list kept in the store; the fields are those of a list file.

    `fields()` is what `lpr.gate` checks an entry from.
    """

    plate: str
    list: str
    owner: str = ""
    note: str = ""
    valid_from: str = ""
    valid_to: str = ""
    schedule: str = ""
    timezone: str = ""
    gates: tuple[str, ...] = ()
    direction: str = ""
    entries: int | None = None

    def fields(self) -> dict[str, object]:
        """Field name -> value, without the empty ones."""
        given: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        given["gates"] = list(self.gates)
        return {name: value for name, value in given.items() if value not in ("", None, [])}


def event_identity(event: PlateEvent, run: str) -> str:
    """UUID of an event: the same for the same camera, run, track, kind and media time.

    Media time rises strictly within a run, so a track cannot say the same kind twice at one time.
    """
    kind = EventKind(event.kind).value
    parts = [event.camera, run, int(event.track_id), kind, float(event.time)]
    return str(uuid5(_NAMESPACE, json.dumps(["event", *parts])))
