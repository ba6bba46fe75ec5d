from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lpr import looks as looks_module
from lpr.gate.fakes import sure_event
from lpr.geometry import Quad
from lpr.looks import Looks
from lpr.testing import sure_reading
from lpr.types import (
    Detection,
    EventKind,
    Frame,
    FrameResult,
    Image,
    Reading,
    StageTimings,
    Track,
    TrackReading,
    TrackState,
)

QUAD = Quad.from_box(20, 10, 60, 20)
OTHER = Quad.from_box(20, 30, 60, 40)
RED, BLUE = (0, 0, 255), (255, 0, 0)


def picture() -> Image:
    """Red where the one plate is, blue where the other is."""
    image = np.zeros((60, 80, 3), np.uint8)
    cv2.rectangle(image, (0, 0), (79, 24), RED, -1)
    cv2.rectangle(image, (0, 25), (79, 59), BLUE, -1)
    return image


def look(looks: Looks, index: int, says: Reading | None = None, **places: Quad) -> None:
    """Read each track (`t1`) where it is, in one frame."""
    quads = {int(name[1:]): quad for name, quad in places.items()}
    tracks = tuple(
        Track(number, quad, TrackState.ACTIVE, 0, index, 3, Detection(quad, 0.9))
        for number, quad in quads.items()
    )
    readings = tuple(TrackReading(number, says or sure_reading("AB1")) for number in quads)
    result = FrameResult(index, float(index), (), tracks, readings, (), StageTimings())
    looks.add(Frame(picture(), index, float(index)), result)


def test_a_verdict_finds_its_look_also_under_a_later_track_of_its_vehicle() -> None:
    looks = Looks()
    look(looks, 1, t1=OTHER)
    look(looks, 7, t2=QUAD, t3=OTHER)
    event = replace(sure_event("AB1", track_id=1), frame_index=7, quad=QUAD)
    image = looks.of(event)
    assert image is not None
    assert (image == RED).all(), "it is the look at that place of that frame"
    assert list(looks.pictures((event,))) == [1]
    assert looks.of(replace(event, frame_index=8)) is None
    assert looks.of(replace(event, kind=EventKind.DEPARTED)) is None
    looks.forget()
    assert looks.of(event) is None


def test_what_is_kept_is_bounded() -> None:
    looks = Looks()
    for index in range(50):
        look(looks, index, t1=QUAD)
    event = replace(sure_event("AB1", track_id=1), quad=QUAD)
    assert looks.of(replace(event, frame_index=9)) is None
    assert looks.of(replace(event, frame_index=10)) is not None
    for number in range(2, 66):
        look(looks, 50, None, **{f"t{number}": OTHER})
    assert looks.of(replace(event, frame_index=49)) is None, "64 later tracks"


def test_the_looks_that_a_verdict_may_rest_on_are_kept() -> None:
    """The surest and largest ones, and the best of every text, however many came later."""
    looks, small = Looks(), Quad.from_box(20, 10, 40, 15)
    look(looks, 0, sure_reading("AB1", probability=0.9), t1=QUAD)
    look(looks, 1, sure_reading("XY2", probability=0.3), t1=small)
    for index in range(2, 90):
        look(looks, index, sure_reading("AB1", probability=0.5), t1=small)
    event = sure_event("AB1", track_id=1)
    assert looks.of(replace(event, frame_index=0, quad=QUAD)) is not None
    assert looks.of(replace(event, frame_index=1, quad=small)) is not None
    assert looks.of(replace(event, frame_index=2, quad=small)) is None


def test_large_looks_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The track that was not read for longest goes; that of the latest look stays."""
    monkeypatch.setattr(looks_module, "_MOST_BYTES", 20_000)
    looks = Looks()
    for index in range(4):
        look(looks, index, t1=QUAD)
    for index in range(4, 8):
        look(looks, index, t2=OTHER)
    event = sure_event("AB1", track_id=1)
    assert looks.of(replace(event, quad=QUAD, frame_index=3)) is None
    assert looks.of(replace(event, quad=OTHER, frame_index=7)) is not None
    assert (
        sum(one.image.nbytes for kept in looks._looks.values() for one in kept.values()) <= 20_000
    )
