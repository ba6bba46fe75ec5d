"""What a source says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lpr.protocols import FrameSource


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source's facts, as far as they are known before it is played.

    Attributes:
        name: the camera's name, as in `Frame.camera`.
        address: where the frames come from, without credentials.
        width: frame width after rotation, pixels; 0 where not known yet.
        height: frame height after rotation, pixels; 0 where not known yet.
        fps: mean frames a second, None where not known.
        frames: expected number of frames (an estimate), None where endless or not known.
        duration: expected seconds, None where endless or not known.
        live: True where frames are dropped rather than waited for, and `Frame.time` is Unix time;
            False where every frame is delivered, and `Frame.time` counts from the first.
    """

    name: str
    address: str
    width: int = 0
    height: int = 0
    fps: float | None = None
    frames: int | None = None
    duration: float | None = None
    live: bool = False


class MediaSource(FrameSource, Protocol):
    """A frame source that tells what it is and what went wrong with it."""

    @property
    def info(self) -> SourceInfo:
        """The source's facts."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read so far, one line each; empty for a sound source."""
        ...

    def close(self) -> None:
        """Stop reading and free everything; closing twice is harmless."""
        ...
