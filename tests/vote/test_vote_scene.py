"""Vehicles that stand exactly level and still, as text that is burnt into the video does."""

from __future__ import annotations

import random

import pytest

from tests.vote.test_vote_scenarios import Car, Place, Reader, approach, drive, standing, texts


def sure() -> Reader:
    return Reader(random.Random(1), override=lambda text, _width: (text, 0.97))


def stops(time: float) -> Place | None:
    """A vehicle that comes, stops and is seen until 3 s."""
    return (600 + 150 * max(0.0, 1 - time), 400, 120) if time < 3 else None


@pytest.mark.parametrize("gap", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("fps", [5, 25])
def test_a_vehicle_that_came_while_there_were_no_frames_is_told(fps: float, gap: float) -> None:
    """It is not out of nothing: nobody saw it come. The first one has just passed."""
    cars = [
        Car("AB123CD", approach()),
        Car("XY987ZW", standing(500, 300, 110, since=3.0, until=8 + gap), slant=0.0),
    ]
    camera_lost = (2.9, 2.9 + gap)
    events = drive(cars, fps=fps, seconds=14 + gap, reader=sure(), no_frames=camera_lost)
    assert texts(events) == ["AB123CD", "XY987ZW"]


def test_text_in_the_video_stays_silent_at_any_place_where_no_vehicle_stops() -> None:
    """It is there all the time, or appears beside vehicles that pass or stand elsewhere."""
    for since in (0.0, 2.0, 6.5):
        clock = Car("14B02819", standing(900, 400, 120, since=since), score=0.8, slant=0.0)
        events = drive([Car("AB123CD", stops), clock], fps=12, seconds=9, reader=sure())
        assert texts(events) == ["AB123CD"]
