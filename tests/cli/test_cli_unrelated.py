"""When pictures are taken for no frames of one camera."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.cli.unrelated import UnrelatedPictures
from lpr.geometry import Quad
from lpr.types import EventKind, FrameResult, PlateEvent, StageTimings, Track, TrackState

QUAD = Quad.from_box(0, 0, 10, 5)


def told(kind: EventKind) -> PlateEvent:
    return PlateEvent(kind, "c", 1, "AB12", "AB12", 0.9, (), (), None, 5, 5, 0.0, 0.1, 0, QUAD)


def hint(
    looks: tuple[int, ...], *kinds: EventKind, sizes: tuple[int, ...] = (4, 4), late: bool = False
) -> str | None:
    """What is said of pictures of these heights, whose tracks had so many looks."""
    tracks = tuple(
        Track(number, QUAD, TrackState.ACTIVE, 0.0, 0.0, count, None)
        for number, count in enumerate(looks)
    )
    events, watch = tuple(map(told, kinds)), UnrelatedPictures()
    for number, rows in enumerate(sizes):
        shown = () if late else events
        result = FrameResult(number, number / 25, (), tracks, (), shown, StageTimings())
        watch.add(np.zeros((rows, 8, 3), np.uint8), result)
    if late:
        watch.add_events(events)
    return watch.hint("my pictures")


@pytest.mark.parametrize("late", [False, True])
def test_a_verdict_shows_frames_of_one_camera(late: bool) -> None:
    assert hint((1, 1, 5), EventKind.CONFIRMED, late=late) is None
    assert hint((1, 1, 5), EventKind.UNREAD, late=late) is not None


def test_plates_that_stay_are_those_of_one_camera() -> None:
    assert hint((1, 5)) is None
    assert hint((5, 6, 1)) is None
    assert hint(()) is None
    assert "seen in one picture each; `lpr read 'my pictures'`" in str(hint((1, 1, 2)))


def test_sizes_differ_whatever_was_said() -> None:
    assert "differ in size" in str(hint((5,), EventKind.CONFIRMED, sizes=(4, 5)))
    assert "a single picture" in str(hint((1,), sizes=(4,)))
