"""Fakes of the seams in `lpr.protocols`, for our own tests and for those of integrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from lpr.gate.fakes import FakeActuator as FakeActuator
from lpr.geometry import Quad
from lpr.types import (
    CharCandidates,
    CropQuality,
    Detection,
    Frame,
    Image,
    PlateCrop,
    PlateEvent,
    Reading,
    Track,
)


def blank_frame(
    index: int, time: float, *, width: int = 64, height: int = 36, camera: str = "test"
) -> Frame:
    """A black frame."""
    return Frame(np.zeros((height, width, 3), np.uint8), index, time, camera)


def sure_reading(
    text: str, *, probability: float = 0.99, quality: CropQuality | None = None
) -> Reading:
    """A reading whose every character has this probability."""
    return Reading(
        text=text,
        char_scores=(probability,) * len(text),
        alternatives=tuple(CharCandidates((char,), (probability,)) for char in text),
        confidence=probability ** max(1, len(text)),
        quality=quality,
    )


class ScriptedDetector:
    """Returns the next detections of a script at each call, and nothing behind its end."""

    def __init__(self, script: Sequence[Sequence[Detection]]) -> None:
        self._script = [tuple(step) for step in script]
        self.calls = 0

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the script's next step, whatever the picture shows."""
        step = self._script[self.calls] if self.calls < len(self._script) else ()
        self.calls += 1
        return step


class PlainRectifier:
    """Cuts a black crop of fixed size and gives every look the same quality."""

    def __init__(self, quality: CropQuality | None = None) -> None:
        self._quality = quality or CropQuality(width=120.0, sharpness=0.8)

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Return a black 48x160 crop."""
        return PlateCrop(np.zeros((48, 160, 3), np.uint8), self._quality, quad)


class CountingFuser:
    """From the second look at a vehicle on, the latest look as if it were made of all of them.

    Attributes:
        seen: looks at each vehicle.
        forgotten: vehicles of which no more will come, in order.
    """

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.forgotten: list[int] = []

    def add(self, vehicle: int, crop: PlateCrop) -> PlateCrop | None:
        """Count the look."""
        looks = self.seen[vehicle] = self.seen.get(vehicle, 0) + 1
        return replace(crop, looks=looks) if looks > 1 else None

    def forget(self, vehicle: int) -> None:
        """Note that no more looks will come."""
        self.forgotten.append(vehicle)
        self.seen.pop(vehicle, None)

    def reset(self) -> None:
        """Count from nothing."""
        self.seen.clear()


class ScriptedRecognizer:
    """Returns the next readings of a script, and repeats the last one behind its end."""

    def __init__(self, script: Sequence[Reading]) -> None:
        self._script = list(script)
        self.crops_read = 0

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        """Return one scripted reading per crop."""
        readings = []
        for _ in crops:
            readings.append(self._script[min(self.crops_read, len(self._script) - 1)])
            self.crops_read += 1
        return tuple(readings)


class ListSource:
    """Frames from a list; raises `error` behind the last one if given."""

    def __init__(self, frames: Sequence[Frame], error: Exception | None = None) -> None:
        self._frames = list(frames)
        self._error = error
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed = True

    def __iter__(self) -> Iterator[Frame]:
        yield from self._frames
        if self._error is not None:
            raise self._error


class MemorySink:
    """Keeps events in a list; fails on demand."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events: list[PlateEvent] = []
        self.closed = False
        self._error = error

    def emit(self, event: PlateEvent) -> None:
        """Keep the event, or raise the error given."""
        if self._error is not None:
            raise self._error
        self.events.append(event)

    def close(self) -> None:
        """Remember that the sink was closed."""
        self.closed = True


class TablePrior:
    """A text prior from a table: text -> (region, log prior); everything else is unknown."""

    def __init__(self, table: Mapping[str, tuple[str | None, float]]) -> None:
        self._table = dict(table)

    def __call__(self, text: str) -> tuple[str | None, float]:
        """Look the text up."""
        return self._table.get(text, (None, 0.0))
