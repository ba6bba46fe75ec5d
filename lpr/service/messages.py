"""What a camera's worker tells the service, as records and as messages."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np

from lpr.errors import SourceError
from lpr.geometry import Quad
from lpr.sinks.wire import event_from_json, event_to_json
from lpr.sources.status import CameraState, CameraStats, CameraStatus
from lpr.sources.transport import Body, Value
from lpr.types import Detection, PlateEvent, Track, TrackState

_FARTHEST = 1e6
"""Pixels; what lies farther off is no place in a picture, and geometry fails with it."""


class MessageError(Exception):
    """A worker broke the protocol."""


@dataclass(frozen=True, slots=True)
class Started:
    """The camera's engine begins anew: track numbers begin again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame brought.

    Attributes:
        time: media time of the frame, Unix seconds.
        taken: when it was taken, seconds of `time.monotonic()`, which is the same in every process.
        tracks: the tracks of the frame, numbered as the events are.
        events: the events made with it.
        pictures: track number -> JPEG of the plate, for events that have one.
    """

    time: float
    taken: float
    tracks: tuple[Track, ...] = ()
    events: tuple[PlateEvent, ...] = ()
    pictures: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flushed:
    """What was due when the engine ended; too late to open anything."""

    events: tuple[PlateEvent, ...]


@dataclass(frozen=True, slots=True)
class Pulse:
    """A sign of life, about once a second.

    Attributes:
        status: whether the camera works.
        stats: its counters since the worker started.
        fps: pictures that came a second, lately.
        looked: frames that went through the engine since the worker started.
        frame_age: seconds since the last picture came; None before the first.
    """

    status: CameraStatus
    stats: CameraStats
    fps: float
    looked: int
    frame_age: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker cannot go on; another one is started after a pause.

    Attributes:
        reason: why, without credentials.
    """

    reason: str


Report: TypeAlias = Started | Seen | Flushed | Pulse | Failed


def encode(report: Report) -> tuple[dict[str, Value], Body]:
    """Return the head and body of a report's message."""
    kind = type(report).__name__.lower()
    content: dict[str, Any] = {}
    pictures: list[bytes] = []
    if isinstance(report, Seen):
        content = {
            "time": report.time,
            "taken": report.taken,
            "tracks": [_track_to_json(track) for track in report.tracks],
            "events": [event_to_json(event) for event in report.events],
            "pictures": [[track, len(data)] for track, data in report.pictures.items()],
        }
        pictures = list(report.pictures.values())
    elif isinstance(report, Flushed):
        content = {"events": [event_to_json(event) for event in report.events]}
    elif isinstance(report, Failed):
        content = {"reason": report.reason}
    elif isinstance(report, Pulse):
        content = {
            "state": report.status.state.value,
            "reason": report.status.reason,
            "stats": asdict(report.stats),
            "fps": report.fps,
            "looked": report.looked,
            "frame_age": report.frame_age,
        }
    text = json.dumps(content, allow_nan=False).encode()
    body = np.frombuffer(b"".join([text, *pictures]), np.uint8)
    return {"kind": kind, "json": len(text)}, body


def decode(head: Mapping[str, Value], body: Body) -> Report:
    """Read a message back.

    Raises:
        MessageError: it is none.
    """
    try:
        size = head["json"]
        if not isinstance(size, int) or not 0 <= size <= body.size:
            raise MessageError("a worker sent a malformed message")
        data = json.loads(body[:size].tobytes())
        match head["kind"]:
            case "started":
                return Started()
            case "seen":
                return _seen(data, body[size:].tobytes())
            case "flushed":
                return Flushed(_events(data["events"]))
            case "pulse":
                return _pulse(data)
            case "failed":
                return Failed(str(data["reason"]))
    except (ValueError, KeyError, TypeError, SourceError) as error:
        raise MessageError(f"a worker sent a malformed message: {error!r}") from error
    raise MessageError(f"a worker sent a message of kind {head['kind']!r}")


def _seen(data: dict[str, Any], rest: bytes) -> Seen:
    pictures: dict[int, bytes] = {}
    place = 0
    for track, size in data["pictures"]:
        pictures[int(track)] = rest[place : place + int(size)]
        place += int(size)
    return Seen(
        time=_finite(data["time"]),
        taken=_finite(data["taken"]),
        tracks=tuple(_track_from_json(one) for one in data["tracks"]),
        events=_events(data["events"]),
        pictures=pictures,
    )


def _pulse(data: dict[str, Any]) -> Pulse:
    names = {one.name for one in fields(CameraStats)}
    return Pulse(
        status=CameraStatus(CameraState(data["state"]), str(data["reason"])),
        stats=CameraStats(**{name: int(data["stats"][name]) for name in names}),
        fps=_finite(data["fps"]),
        looked=int(data["looked"]),
        frame_age=None if data["frame_age"] is None else _finite(data["frame_age"]),
    )


def _events(items: list[Any]) -> tuple[PlateEvent, ...]:
    return tuple(event_from_json(item)[0] for item in items)


def _track_to_json(track: Track) -> dict[str, Any]:
    detection = track.detection
    return {
        "id": track.id,
        "quad": track.quad.points,
        "state": track.state.value,
        "first_seen": track.first_seen,
        "last_seen": track.last_seen,
        "hits": track.hits,
        "detection": None
        if detection is None
        else [detection.quad.points, detection.score, detection.lines],
    }


def _track_from_json(data: dict[str, Any]) -> Track:
    found = data["detection"]
    return Track(
        id=int(data["id"]),
        quad=_quad(data["quad"]),
        state=TrackState(data["state"]),
        first_seen=_finite(data["first_seen"]),
        last_seen=_finite(data["last_seen"]),
        hits=int(data["hits"]),
        detection=None
        if found is None
        else Detection(_quad(found[0]), _finite(found[1]), int(found[2])),
    )


def _quad(points: Any) -> Quad:
    quad = Quad.from_points(points)
    if any(abs(_finite(value)) > _FARTHEST for point in quad.points for value in point):
        raise ValueError("a plate is far outside of any picture")
    return quad


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number
