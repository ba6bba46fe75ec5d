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


class Film:
    """What stands in which frame; a frame comes every `step` seconds."""

    def __init__(self, step: float = 0.1) -> None:
        self.frames: list[tuple[float, tuple[Shown, ...]]] = []
        self._step, self._time = step, 0.0

    def show(self, seconds: float, *plates: Shown, dx: float = 0.0, dy: float = 0.0) -> Film:
        """Show plates for a while; they move by so many pixels a frame."""
        for i in range(round(seconds / self._step)):
            moved = [
                (text, left + i * dx + i % 2, top + i * dy, width, sure)
                for text, left, top, width, sure in plates
            ]
            self.frames.append((self._time, tuple(moved)))
            self._time = round(self._time + self._step, 6)
        return self

    def fail(self, seconds: float) -> Film:
        """No frames for a while."""
        self._time = round(self._time + seconds, 6)
        return self


def told(
    film: Film, options: VoterOptions | None = None, voter: PlateVoter | None = None
) -> list[PlateEvent]:
    tracker, voter = PlateTracker(), voter or PlateVoter(options or VoterOptions())
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


@pytest.mark.parametrize("gap", [3.6, 5.0, 8.0])
def test_a_car_that_waits_through_a_longer_gap_departs_when_it_leaves(gap: float) -> None:
    waiting = ("AB123CD", 300, 300, 120, 0.95)
    events = told(Film().show(3, waiting).fail(gap).show(20, waiting).show(6))
    assert said(events) == ["AB123CD"]
    assert events[-1].time > 20 + gap


@pytest.mark.parametrize("fps", [0.5, 0.66, 0.8])
@pytest.mark.parametrize("missed", [1, 2])
def test_few_frames_a_second_are_no_gaps(fps: float, missed: int) -> None:
    """A detection or two are missed, and the plate is misread once it is found again."""
    step = 1 / fps
    film = Film(step).show(4 * step, ("AB123CD", 300, 300, 120, 0.95)).show(missed * step)
    events = told(film.show(3 * step, ("AB128CD", 300, 300, 120, 0.9)).show(8))
    assert len({event.track_id for event in events}) == 1


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


@pytest.mark.parametrize("sure", [0.95, 0.9, 0.8])
def test_it_is_told_also_when_the_one_that_drove_on_is_just_missed(sure: float) -> None:
    ahead = ("AA111A", 420, 250, 55, 0.95)
    film = Film().show(3, ("AA111A", 300, 500, 130, 0.95)).show(1.0)
    film.show(0.5, ahead, dx=3, dy=-1).show(0.1)
    voter = PlateVoter()
    film.show(4, ("AA111A", 435, 245, 55, 0.95), ("BB222B", 305, 500, 128, sure)).show(6)
    events = told(film, voter=voter)
    assert said(events) == ["AA111A", "BB222B"]
    first, second = (event for event in events if event.kind is EventKind.CONFIRMED)
    assert second.time < 7
    for event, own in ((first, "AA111A"), (second, "BB222B")):
        explanation = voter.explain(event.track_id)
        assert explanation is not None
        assert {reading.text for reading in explanation.readings} == {own}


def test_two_plates_of_a_vehicle_that_are_found_in_turns_stay_one() -> None:
    one, other = ("AB123CD", 300, 500, 120, 0.97), ("AB123CD", 700, 200, 120, 0.97)
    film = Film()
    for _ in range(10):
        film.show(0.1, other).show(0.1, one)
    events = told(film.show(2, one, ("", 700, 200, 120, 0.0)).show(6))
    assert said(events) == ["AB123CD"]
    assert said(events, EventKind.UNREAD) == []


@pytest.mark.parametrize("hidden", [2.6, 3.0])
def test_a_silent_vehicle_that_is_misread_after_its_track_broke_stays_silent(hidden: float) -> None:
    film = Film().show(1, ("AB123CD", 100, 300, 120, 0.95), dx=6).show(4.5)
    film.show(3, ("AB123CD", 300, 300, 120, 0.95)).show(hidden)
    events = told(film.show(1, ("AB128CD", 330, 300, 120, 0.8)).show(6))
    assert said(events) == ["AB123CD"]


def test_a_painted_text_beside_its_plate_tells_no_second_vehicle_when_it_is_misread() -> None:
    plate, painted = ("AB123CD", 300, 500, 120, 0.97), ("AB123CD", 900, 200, 160, 0.95)
    film = Film().show(2, plate, painted).show(0.7, plate)
    events = told(film.show(1.3, plate, ("TEL0555", 900, 200, 160, 0.9)).show(6))
    assert said(events) == ["AB123CD"]


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


@pytest.mark.parametrize("width", [100, 120])
def test_the_next_vehicle_on_a_settled_track_revises_nothing(width: float) -> None:
    """It is much nearer: two looks at it outweigh all that said the first one's text."""
    film = Film().show(3, ("AB123CD", 300, 300, 60, 0.95), dx=2).fail(1.2)
    events = told(film.show(3, ("XY987ZW", 340, 320, width, 0.95), dx=2).show(6))
    assert said(events) == ["AB123CD", "XY987ZW"]
    assert said(events, EventKind.REVISED) == []
    assert said(events, EventKind.DEPARTED) == ["AB123CD", "XY987ZW"]


def test_a_settled_text_that_two_last_looks_outweigh_is_revised_when_the_plate_is_gone() -> None:
    film = Film().show(3, ("AB123CD", 300, 300, 60, 0.95), dx=2).fail(1.2)
    events = told(film.show(0.2, ("XY987ZW", 340, 320, 120, 0.95), dx=2).show(6))
    assert said(events) == ["AB123CD"]
    assert said(events, EventKind.REVISED) == ["XY987ZW"]
