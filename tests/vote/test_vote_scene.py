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


@pytest.mark.parametrize("gap", [0.8, 1.6, 2.3, 3.0, 4.0])
@pytest.mark.parametrize("fps", [5, 12, 25])
def test_the_next_vehicle_that_stands_level_where_the_last_one_stood_is_told(
    fps: float, gap: float
) -> None:
    cars = [
        Car("AB123CD", stops),
        Car("XY987ZW", standing(610, 400, 118, since=3 + gap, until=10), slant=0.0),
    ]
    assert texts(drive(cars, fps=fps, seconds=15, reader=sure())) == ["AB123CD", "XY987ZW"]


@pytest.mark.parametrize("gap", [0.8, 1.6, 2.3])
@pytest.mark.parametrize("fps", [12, 25])
def test_a_vehicle_that_stands_level_and_took_a_hidden_ones_track_is_told(
    fps: float, gap: float
) -> None:
    """Elsewhere, where no vehicle has stopped; the first one went on in hiding."""
    cars = [
        Car("AB123CD", lambda time: (300 + 60 * time, 400, 100 + 5 * time) if time < 3 else None),
        Car("XY987ZW", standing(580, 400, 118, since=3 + gap, until=10), slant=0.0),
    ]
    assert texts(drive(cars, fps=fps, seconds=15, reader=sure())) == ["AB123CD", "XY987ZW"]


def test_one_that_took_up_the_old_place_of_a_vehicle_that_drove_on_is_told() -> None:
    """While the first one is still seen moving ahead."""

    def ahead(time: float) -> Place | None:
        if time < 3:
            return stops(time)
        return (720 + 30 * (time - 4), 250, 55) if 4 <= time < 9 else None

    cars = [
        Car("AB123CD", ahead),
        Car("XY987ZW", standing(605, 400, 118, since=4.6, until=9), slant=0.0),
    ]
    assert texts(drive(cars, fps=12, seconds=15, reader=sure())) == ["AB123CD", "XY987ZW"]


def test_text_in_the_video_stays_silent_at_any_place_where_no_vehicle_stops() -> None:
    """It is there all the time, or appears beside vehicles that pass or stand elsewhere."""
    for since in (0.0, 2.0, 6.5):
        clock = Car("14B02819", standing(900, 400, 120, since=since), score=0.8, slant=0.0)
        events = drive([Car("AB123CD", stops), clock], fps=12, seconds=9, reader=sure())
        assert texts(events) == ["AB123CD"]
