"""Whether a camera works, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CameraState(StrEnum):
    """What can be expected of a camera now."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera's state.

    Attributes:
        state: online, degraded (frames are late or damaged) or offline.
        reason: why, without credentials; empty while online.
    """

    state: CameraState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CameraStats:
    """What happened to a camera's frames since it was opened.

    Attributes:
        frames: frames delivered.
        still: pictures that nobody had to look at, because nothing moved.
        dropped: frames decoded but replaced by a newer one before they were asked for.
        damaged: packets that could not be decoded.
        losses: how often the connection was lost.
        restarts: how often the reading process had to be replaced.
        jumps: how often the camera's timestamps jumped.
    """

    frames: int = 0
    still: int = 0
    dropped: int = 0
    damaged: int = 0
    losses: int = 0
    restarts: int = 0
    jumps: int = 0
