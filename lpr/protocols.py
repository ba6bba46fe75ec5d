"""The seams between the parts. `lpr.testing` has a fake of each that sees pictures or the world.

Tracker and voter see neither: the real ones (`lpr.track`, `lpr.vote`) are as quick and as certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from lpr.geometry import Quad
from lpr.types import Detection, Frame, Image, PlateCrop, PlateEvent, Reading, Track


class Detector(Protocol):
    """Finds plates in a picture."""

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in an HxWx3 uint8 BGR picture, best first; none is an empty tuple.

        Args:
            image: the picture.
            tracks: what the camera's tracker knew before it, for detectors that look closer
                there; others ignore it.
        """
        ...


@runtime_checkable
class Resettable(Protocol):
    """Remembers a recording, as a detector may that plans its looks from frame to frame."""

    def reset(self) -> None:
        """Forget it: the next frame begins another one."""
        ...


class Rectifier(Protocol):
    """Undoes perspective."""

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Return the plate in `quad` of an HxWx3 uint8 BGR picture, upright, of fixed size."""
        ...


class Recognizer(Protocol):
    """Reads rectified crops. Stateless: one recognizer may serve many cameras."""

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        """Return one reading per HxWx3 uint8 BGR crop, in order."""
        ...


class Fuser(Protocol):
    """Makes one picture of several looks at a plate; remembers those of one camera's vehicles."""

    def add(self, vehicle: int, crop: PlateCrop) -> PlateCrop | None:
        """Take a look at the plate of a vehicle, by its number (`Voter.passage_of`).

        Returns:
            A picture made of this and earlier looks, of the same size; None where none is worth a
            reading now.
        """
        ...

    def forget(self, vehicle: int) -> None:
        """No more looks at this vehicle will come."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...


class Tracker(Protocol):
    """Follows plates of one camera over time."""

    def update(self, detections: Sequence[Detection], *, time: float) -> tuple[Track, ...]:
        """Take one frame's detections at media second `time`.

        Returns:
            Every living track, and once each track that ended now.
        """
        ...

    def reset(self) -> None:
        """Forget everything, as before the first frame, but give no id a second time."""
        ...


class Voter(Protocol):
    """Turns many readings of one track into one verdict."""

    def wants(self, track: Track, *, time: float) -> float:
        """How much a further reading of this track would help now; 0 is not at all."""
        ...

    def add(self, track: Track, reading: Reading, *, frame_index: int, time: float) -> None:
        """Take one reading of `track`; its `looks` tell whether of one look or of several."""
        ...

    def passage_of(self, track_id: int) -> int | None:
        """The number of the vehicle that a living track shows, None where it is not known yet."""
        ...

    def collect(
        self, tracks: Sequence[Track], *, frame_index: int, time: float
    ) -> tuple[PlateEvent, ...]:
        """Return the events due now, given this frame's tracks (ended ones included)."""
        ...

    def flush(self, *, time: float) -> tuple[PlateEvent, ...]:
        """End every track, as at the end of the source, and return the events due."""
        ...


class FrameSource(Protocol):
    """A context manager that yields frames; ends at the end, raises SourceError otherwise."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


@runtime_checkable
class EventSink(Protocol):
    """Where events go."""

    def emit(self, event: PlateEvent) -> None:
        """Take one event.

        Raises:
            OutputError: it could not be stored.
        """
        ...

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        ...


class Actuator(Protocol):
    """Opens a barrier."""

    def open(self) -> None:
        """Give one opening pulse. Idempotent; on any failure the barrier stays shut.

        Raises:
            GateError: the pulse was not given.
        """
        ...
