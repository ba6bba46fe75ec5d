"""What an annotated video says of a track: the numbers of the events, and no other's verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

import lpr.draw
from lpr.cli.outputs import OutputPaths, Outputs
from lpr.draw import PlateLabel
from lpr.gate.fakes import sure_event
from lpr.geometry import Quad
from lpr.testing import sure_reading
from lpr.types import (
    Frame,
    FrameResult,
    Image,
    PlateEvent,
    Reading,
    StageTimings,
    Track,
    TrackReading,
    TrackState,
)
from lpr.vote.voter import SPLIT_ID

TRACK = Track(1, Quad.from_box(5, 5, 40, 15), TrackState.ACTIVE, 0.0, 1.0, 9, None)
PICTURE = np.zeros((48, 64, 3), np.uint8)

Show = Callable[..., tuple[int, PlateLabel | None]]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterable[Show]:
    """Plays a frame of one track and returns the number and the label that it is drawn with."""
    drawn: list[tuple[int, PlateLabel | None]] = []

    def annotate(image: Image, tracks: Iterable[Track], labels: Mapping[int, PlateLabel]) -> Image:
        drawn.extend((track.id, labels.get(track.id)) for track in tracks)
        return image

    monkeypatch.setattr(lpr.draw, "annotate", annotate)
    with Outputs(OutputPaths(annotate=tmp_path / "out.mp4"), {}) as outputs:
        outputs.begin()
        times = iter(range(100))

        def play(
            *events: PlateEvent, reading: Reading | None = None, vehicle: int = 1
        ) -> tuple[int, PlateLabel | None]:
            time = next(times) / 10
            readings = () if reading is None else (TrackReading(1, reading),)
            result = FrameResult(0, time, (), (TRACK,), readings, events, StageTimings())
            outputs.frame(Frame(PICTURE, 0, time, "gate"), result, {1: vehicle}.get)
            return drawn.pop()

        yield play


def test_the_numbers_are_those_of_the_events(show: Show) -> None:
    first = sure_event("AB12CDE")
    assert show(first) == (1, PlateLabel("AB12CDE", first.confidence))
    second = sure_event("XK7777", track_id=SPLIT_ID)
    assert show(second, vehicle=SPLIT_ID) == (SPLIT_ID, PlateLabel("XK7777", second.confidence))


def test_a_vehicle_without_a_verdict_gets_no_others(show: Show) -> None:
    show(sure_event("AB12CDE"))
    assert show(vehicle=SPLIT_ID) == (SPLIT_ID, None)


def test_good_looks_at_another_plate_put_a_verdict_in_doubt(show: Show) -> None:
    _, verdict = show(sure_event("AB12CDE"))
    assert show(reading=sure_reading("AB12CD")) == (1, verdict)
    _, label = show(reading=sure_reading("XK7777"))
    assert label is not None
    assert (label.text, label.confirmed) == ("XK7777", False)
    assert show(reading=sure_reading("AB12CDE")) == (1, verdict)


def test_a_bad_look_puts_no_verdict_in_doubt(show: Show) -> None:
    _, verdict = show(sure_event("AB12CDE"))
    for text, probability in (("", 1.0), ("XK7777", 0.3)):
        look = sure_reading(text, probability=probability)
        assert show(reading=look) == (1, verdict)
