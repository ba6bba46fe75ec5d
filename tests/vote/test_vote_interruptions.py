"""Vehicles that follow one another where frames fail, tracks slip or a text was told before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lpr.geometry import Quad
from lpr.track import PlateTracker
from lpr.types import Detection, EventKind, PlateEvent
from lpr.vote import PlateVoter, VoterOptions
from tests.vote.test_vote_scenarios import assert_one_chain_each, certain

Shown = tuple[str, float, float, float, float]
"""Text, left, top and width of a plate, pixels, and the probability of its readings."""
STEP = 0.1


class Film:
    """What stands in which frame, ten a second."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, tuple[Shown, ...]]] = []
        self._time = 0.0

    def show(self, seconds: float, *plates: Shown, dx: float = 0.0, dy: float = 0.0) -> Film:
        """Show plates for a while; they move by so many pixels a frame."""
        for i in range(round(seconds / STEP)):
            moved = [
                (text, left + i * dx + i % 2, top + i * dy, width, sure)
                for text, left, top, width, sure in plates
            ]
            self.frames.append((self._time, tuple(moved)))
            self._time = round(self._time + STEP, 6)
        return self

    def fail(self, seconds: float) -> Film:
        """No frames for a while."""
        self._time = round(self._time + seconds, 6)
        return self


def told(film: Film, options: VoterOptions | None = None) -> list[PlateEvent]:
    tracker, voter = PlateTracker(), PlateVoter(options or VoterOptions())
    events: list[PlateEvent] = []
    for index, (time, plates) in enumerate(film.frames):
        shown = {
            Quad(
                (left, top),
                (left + width, top + 0.05 * width),
                (left + width, top + 0.27 * width),
                (left, top + 0.22 * width),
            ): (text, sure)
            for text, left, top, width, sure in plates
        }
        tracks = tracker.update([Detection(quad, 0.9) for quad in shown], time=time)
        for track in tracks:
            if voter.wants(track, time=time) > 0 and track.detection is not None:
                text, sure = shown[track.detection.quad]
                reading = certain(text, sure, width=track.detection.quad.width)
                voter.add(track, reading, frame_index=index, time=time)
        events += voter.collect(tracks, frame_index=index, time=time)
    events += voter.flush(time=film.frames[-1][0])
    assert_one_chain_each(events)
    return events


def said(events: Sequence[PlateEvent], kind: EventKind = EventKind.CONFIRMED) -> list[str]:
    return [event.text for event in events if event.kind is kind]


@pytest.mark.parametrize("gap", [12.0, 60.0, 3600.0])
@pytest.mark.parametrize("following", ["AB123CD", "AB124CD", "XY777Z"])
def test_what_stands_there_after_a_gap_without_frames_is_another_visit(
    gap: float, following: str
) -> None:
    film = Film().show(2, ("AB123CD", 300, 300, 120, 0.95)).fail(gap)
    events = told(film.show(2, (following, 300, 300, 120, 0.95)))
    assert said(events) == ["AB123CD", following]
    assert said(events, EventKind.REVISED) == []
    first, second = (event for event in events if event.kind is EventKind.CONFIRMED)
    assert second.first_seen >= gap > first.time
    assert first.track_id != second.track_id


def test_a_plate_that_was_not_read_before_a_gap_without_frames_stays_unread() -> None:
    film = Film().show(2, ("", 300, 300, 120, 0.0), dx=1).fail(3600)
    events = told(film.show(2, ("XY777Z", 330, 300, 120, 0.95)))
    assert [event.kind for event in events] == [
        EventKind.UNREAD,
        EventKind.CONFIRMED,
        EventKind.DEPARTED,
    ]


def test_a_short_gap_without_frames_breaks_no_passage() -> None:
    film = Film().show(2, ("AB123CD", 300, 300, 120, 0.95)).fail(1.5)
    events = told(film.show(2, ("AB123CD", 300, 300, 120, 0.95)))
    assert said(events) == ["AB123CD"]


@pytest.mark.parametrize("sure", [0.95, 0.0])
def test_the_next_vehicle_at_the_old_place_of_one_that_drove_on_is_told(sure: float) -> None:
    """Its plate is taken up by the track that had lost the first one's."""
    ahead = "AA111A" if sure else ""
    film = Film().show(3, ("AA111A", 300, 500, 130, 0.95)).show(1.0)
    film.show(0.5, ("AA111A", 420, 250, 55, 0.95), dx=3, dy=-1)
    both = ((ahead, 435, 245, 55, sure), ("BB222B", 305, 500, 128, 0.95))
    events = told(film.show(4, *both).show(6))
    assert said(events) == ["AA111A", "BB222B"]
    second = next(event for event in events if event.text == "BB222B")
    assert second.first_seen == pytest.approx(4.5)
    assert said(events, EventKind.DEPARTED) == ["AA111A", "BB222B"]


@pytest.mark.parametrize("sure", [0.95, 0.9])
@pytest.mark.parametrize("hidden", [0.6, 1.0])
def test_a_track_that_slips_from_a_vehicle_told_before_tells_the_next(
    hidden: float, sure: float
) -> None:
    """The first one came back within the retrigger time: its second passage is silent."""
    film = Film().show(1, ("AA111A", 100, 300, 120, 0.95), dx=6).show(4.5)
    film.show(3, ("AA111A", 300, 300, 120, 0.95)).show(hidden)
    events = told(film.show(6, ("BB222B", 300, 300, 118, sure)).show(6))
    assert said(events) == ["AA111A", "BB222B"]


def test_a_vehicle_that_stays_silently_is_not_told_again_when_its_track_breaks() -> None:
    film = Film().show(1, ("AB123CD", 100, 300, 120, 0.95), dx=6).show(4.5)
    film.show(35, ("AB123CD", 300, 300, 120, 0.95)).show(0.4)
    events = told(film.show(5, ("AB123CD", 1300, 300, 120, 0.95)))
    assert said(events) == ["AB123CD"]


def test_a_second_plate_stays_silent_beside_a_silent_one_whose_first_is_long_gone() -> None:
    """A lorry's painted number stays in view when its plate has left it."""
    painted = ("AB123CD", 900, 200, 160, 0.95)
    film = Film().show(2, ("AB123CD", 300, 500, 120, 0.97), painted).show(15, painted)
    events = told(film.show(5, ("AB123CD", 300, 520, 120, 0.95), painted))
    assert said(events) == ["AB123CD"]


@pytest.mark.parametrize("gap", [2.8, 3.2, 3.6])
def test_the_next_of_a_fleet_is_told_behind_a_silent_echo(gap: float) -> None:
    film = Film().show(1, ("AB1234", 100, 300, 120, 0.95), dx=6).show(4.5)
    film.show(1, ("AB1234", 300, 300, 120, 0.95)).show(gap)
    events = told(film.show(3, ("AB1235", 620, 300, 120, 0.95)))
    assert said(events) == ["AB1234", "AB1235"]


def test_a_plate_that_was_not_read_is_not_the_beginning_of_one_at_the_other_end() -> None:
    film = Film().show(2, ("", 100, 300, 110, 0.0), dx=2).show(2.8)
    events = told(film.show(2, ("XY777Z", 1500, 800, 150, 0.95), dx=6).show(6))
    assert said(events, EventKind.UNREAD) == [""]
    assert next(event for event in events if event.text == "XY777Z").first_seen > 4


@pytest.mark.parametrize("together", [True, False])
def test_a_second_plate_of_one_text_may_become_legible_after_the_first_has_left(
    together: bool,
) -> None:
    beside = ("", 900, 300, 120, 0.0)
    film = Film().show(2, ("AB123CD", 300, 300, 120, 0.95), beside).show(6, beside, dx=1)
    film.show(3, ("AB123CD", 960, 300, 120, 0.95), dx=1)
    events = told(film, VoterOptions(one_vehicle_per_text=together))
    assert said(events) == ["AB123CD"] * (1 if together else 2)
