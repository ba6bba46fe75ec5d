"""One chain of events per vehicle: tracker and voter together, with a simulated reader."""

from __future__ import annotations

import math
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from lpr.geometry import Quad
from lpr.sinks.wire import event_from_json, event_to_json
from lpr.track import PlateTracker
from lpr.types import (
    CharCandidates,
    CropQuality,
    Detection,
    EventKind,
    PlateEvent,
    Reading,
    Track,
    TrackState,
    UnreadReason,
)
from lpr.vote import PlateVoter, VoterOptions, summarize, tabulate
from lpr.vote.voter import SPLIT_ID

CONFUSIONS = {
    "0": "ODQ",
    "O": "0DQ",
    "1": "I7",
    "I": "1",
    "8": "B3",
    "B": "8R",
    "5": "S6",
    "S": "5",
    "2": "Z7",
    "Z": "2",
    "6": "G5",
    "G": "6C",
    "D": "0O",
    "Q": "0O",
    "7": "1",
}
EVERY = string.ascii_uppercase + string.digits
RATES = [5, 12, 25, 60]
Place = tuple[float, float, float]
"""Centre x, centre y and width of a plate, pixels."""


@dataclass
class Car:
    """One plate: its text and its place (centre x, centre y, width) over time."""

    text: str
    place: Callable[[float], Place | None]
    score: float = 0.9
    slant: float = 0.06
    sharpness: float = 0.8
    edge: float = 1.0


@dataclass
class Reader:
    """Reads with errors that grow as plates get small; knows only roughly when it is wrong."""

    rng: random.Random
    difficulty: float = 1.0
    override: Callable[[str, float], tuple[str, float] | None] = lambda _text, _width: None
    made: list[tuple[str, Reading]] = field(default_factory=list)

    def read(self, car: Car, width: float) -> Reading:
        forced = self.override(car.text, width)
        if forced is None:
            reading = self._noisy(car, width)
        else:
            reading = certain(*forced, width=width, edge=car.edge)
        self.made.append((car.text, reading))
        return reading

    def _noisy(self, car: Car, width: float) -> Reading:
        rng = self.rng
        error = min(0.6, self.difficulty * 0.25 * math.exp((30 - width) / 25) + 0.004)
        places = [self._character(char, error) for char in car.text]
        if rng.random() < 0.3 * error and len(places) > 3:
            del places[rng.randrange(len(places))]
        if car.edge < 0.15 and rng.random() < 0.7:
            del places[-rng.choice((1, 2)) :]
        scores = tuple(place.probs[0] for place in places)
        text = "".join(place.chars[0] for place in places)
        quality = CropQuality(width, car.sharpness, angle=0.1, contrast=0.8, edge=car.edge)
        return Reading(text, scores, tuple(places), math.prod(scores), quality)

    def _character(self, char: str, error: float) -> CharCandidates:
        rng = self.rng
        wrong = rng.random() < error
        pool = CONFUSIONS.get(char, "") if rng.random() < 0.8 else EVERY
        rival = rng.choice((pool or EVERY).replace(char, "") or "X")
        doubt = error * (0.3 + 1.4 * rng.random()) + (0.25 * rng.random() if wrong else 0)
        score = min(0.999, max(0.34, 1 - doubt))
        own, other = (rival, char) if wrong else (char, rival)
        if wrong and rng.random() < 0.3:
            other = next(one for one in "WYK" if one != own)
        return CharCandidates((own, other), (score, 0.8 * (1 - score)))


def certain(text: str, confidence: float, *, width: float = 100.0, edge: float = 1.0) -> Reading:
    score = confidence ** (1 / max(1, len(text)))
    places = tuple(CharCandidates((char,), (score,)) for char in text)
    quality = CropQuality(width, 0.8, edge=edge)
    return Reading(text, (score,) * len(text), places, confidence, quality)


def drive(
    cars: Sequence[Car],
    *,
    fps: float,
    seconds: float,
    seed: int = 1,
    reader: Reader | None = None,
    voter: PlateVoter | None = None,
    miss: float = 0.0,
    max_reads: int = 3,
    no_frames: tuple[float, float] = (0.0, 0.0),
) -> list[PlateEvent]:
    """Run cars past a camera, which is lost for a while, and return the events, flushed."""
    rng = random.Random(seed)
    tracker = PlateTracker()
    voter = voter or PlateVoter(camera="gate")
    reader = reader or Reader(random.Random(seed + 1000))
    events: list[PlateEvent] = []
    for i in range(round(seconds * fps)):
        time = i / fps
        if no_frames[0] <= time < no_frames[1]:
            continue
        shown: dict[int, Car] = {}
        detections = []
        for car in cars:
            place = car.place(time)
            if place is None or (time > 0.3 and rng.random() < miss):
                continue
            detection = Detection(jittered(rng, *place, car.slant), car.score)
            shown[id(detection)] = car
            detections.append(detection)
        tracks = tracker.update(detections, time=time)
        wanted = sorted(
            ((voter.wants(track, time=time), track.id, track) for track in tracks),
            key=lambda entry: (-entry[0], entry[1]),
        )
        for value, _, track in wanted[:max_reads]:
            if value > 0 and track.detection is not None:
                reading = reader.read(shown[id(track.detection)], track.detection.quad.width)
                voter.add(track, reading, frame_index=i, time=time)
        events.extend(voter.collect(tracks, frame_index=i, time=time))
    events.extend(voter.flush(time=seconds))
    assert_one_chain_each(events)
    return events


def jittered(rng: random.Random, x: float, y: float, width: float, slant: float) -> Quad:
    half, high, noise = width / 2, width / 8.6, 0.012 * width
    corners = ((-half, -high), (half, -high), (half, high), (-half, high))
    return Quad.from_points(
        [
            (x + dx + rng.gauss(0, noise), y + dy + slant * dx + rng.gauss(0, noise))
            for dx, dy in corners
        ]
    )


def assert_one_chain_each(events: Sequence[PlateEvent]) -> None:
    """confirmed, revised..., departed; or unread alone; in time order, one text after another."""
    chains: dict[int, list[PlateEvent]] = {}
    for event in events:
        chains.setdefault(event.track_id, []).append(event)
    assert [event.time for event in events] == sorted(event.time for event in events)
    for chain in chains.values():
        kinds = [event.kind for event in chain]
        if kinds[0] is EventKind.UNREAD:
            assert kinds == [EventKind.UNREAD]
            assert chain[0].reason is not None
            continue
        revisions = len(kinds) - 2
        assert kinds == [
            EventKind.CONFIRMED,
            *[EventKind.REVISED] * revisions,
            EventKind.DEPARTED,
        ]
        for before, after in pairwise(chain[:-1]):
            assert before.text != after.text
        assert chain[-1].text == chain[-2].text


def verdicts(events: Sequence[PlateEvent]) -> dict[int, PlateEvent]:
    said = (EventKind.CONFIRMED, EventKind.REVISED)
    return {event.track_id: event for event in events if event.kind in said}


def texts(events: Sequence[PlateEvent]) -> list[str]:
    return sorted(event.text for event in verdicts(events).values())


def approach(
    *,
    start: float = 0.0,
    far: float = 18.0,
    near: float = 4.0,
    speed: float = 5.0,
    lane: float = 0.0,
) -> Callable[[float], Place | None]:
    def place(time: float) -> Place | None:
        depth = far - speed * (time - start)
        if time < start or depth < near:
            return None
        return 640 + (300 + 1500 * lane) / depth, 150 + 1600 / depth, 600 / depth

    return place


def standing(
    x: float = 600, y: float = 400, width: float = 110, *, since: float = 0.0, until: float = 1e9
) -> Callable[[float], Place | None]:
    return lambda time: (x, y, width) if since <= time < until else None


def taken_over(when: float, place: Callable[[float], Place | None]) -> Car:
    """A car whose track goes on with another one's plate, XY987ZW, from a moment on."""
    car = Car("AB123CD", place)

    def either(time: float) -> Place | None:
        car.text = "AB123CD" if time < when else "XY987ZW"
        return place(time)

    car.place = either
    return car


def behind_an_obstacle(time: float) -> Place | None:
    """Where two vehicles are, one after the other: the second comes forth from 3 s on."""
    if 2.0 <= time < 3.0:
        return None
    return (600, 400, 120) if time < 2.5 else (610, 380, 95 + 3 * time)


@pytest.mark.parametrize("fps", RATES)
def test_an_approaching_car_gives_one_right_event(fps: float) -> None:
    events = drive([Car("AB123CD", approach())], fps=fps, seconds=8, miss=0.1)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    event = events[0]
    assert (event.text, event.camera, event.region) == ("AB123CD", "gate", None)
    assert event.confidence >= 0.85
    assert event.agreeing >= 2
    assert len(event.char_scores) == 7
    assert event.alternatives[0].text == "AB123CD"
    assert event.first_seen <= event.frame_index / fps <= event.time
    # Departed follows the end of the track (2.5 s without the plate) and the grace (1 s).
    assert 2.8 + 3.4 < events[1].time < 2.8 + 4.2


@pytest.mark.parametrize("fps", RATES)
def test_a_verdict_comes_within_the_delay(fps: float) -> None:
    reader = Reader(random.Random(1), difficulty=0.3)
    events = drive([Car("AB123CD", approach(far=12))], fps=fps, seconds=6, reader=reader)
    assert events[0].time - events[0].first_seen <= 1.0 + 1 / fps


@pytest.mark.parametrize(("fps", "seconds"), [(2, 500), (25, 40)])
def test_a_parked_car_gives_one_event_and_few_readings(fps: float, seconds: float) -> None:
    reader = Reader(random.Random(2))
    events = drive([Car("AB123CD", standing())], fps=fps, seconds=seconds, reader=reader)
    assert texts(events) == ["AB123CD"]
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert len(reader.made) < 80


def test_an_hour_of_copies_of_a_doubtful_look_is_no_certainty() -> None:
    reader = Reader(random.Random(2), override=lambda _text, _width: ("AB123CD", 0.5))
    events = drive([Car("AB123CD", standing())], fps=0.5, seconds=3600, reader=reader)
    assert all(event.confidence < 0.9 for event in events)
    assert verdicts(events) == {}


@pytest.mark.parametrize(("due", "by"), [(0.7, 1.0), (0.8, 8.0)])
def test_a_doubtful_verdict_waits_for_the_plates_end(due: float, by: float) -> None:
    """While a plate may be looked at again, more is asked of a verdict than when it is gone."""
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.6))
    voter = PlateVoter(VoterOptions(due_probability=due))
    events = drive([Car("AB123CD", standing())], fps=12, seconds=8, reader=reader, voter=voter)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert events[0].time == pytest.approx(by, abs=0.2)
    assert 0.7 <= events[0].confidence < 0.8


def test_a_car_that_stops_at_the_gate_and_drives_on_gives_one_event() -> None:
    def place(time: float) -> Place | None:
        depth = 14 - 4 * min(time, 2.0) - 4 * max(0.0, time - 40)
        return (640 + 300 / depth, 150 + 1600 / depth, 600 / depth) if depth > 3.5 else None

    events = drive([Car("AB123CD", place)], fps=12, seconds=46, miss=0.1)
    assert texts(events) == ["AB123CD"]
    assert len(events) == 2


@pytest.mark.parametrize("fps", [5, 25])
def test_a_queue_gives_one_event_each(fps: float) -> None:
    cars = [
        Car(text, approach(start=2.5 * i, speed=4.0))
        for i, text in enumerate(("AB123CD", "XY987ZW", "KL456MN", "PR321ST"))
    ]
    events = drive(cars, fps=fps, seconds=16, miss=0.05)
    assert texts(events) == sorted(car.text for car in cars)


def test_hidden_by_a_pedestrian_for_two_seconds() -> None:
    def place(time: float) -> Place | None:
        return None if 1.0 <= time < 3.0 else (400 + 40 * time, 300 + 30 * time, 80 + 8 * time)

    events = drive([Car("AB123CD", place)], fps=25, seconds=5)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]


@pytest.mark.parametrize("gap", [3.0, 6.0, 9.0])
def test_a_torn_track_is_still_one_vehicle(gap: float) -> None:
    def place(time: float) -> Place | None:
        return None if 2.0 <= time < 2.0 + gap else (500, 300 + 4 * time, 100 + time)

    events = drive([Car("AB123CD", place)], fps=12, seconds=4 + gap)
    assert texts(events) == ["AB123CD"]
    assert sum(event.kind is EventKind.CONFIRMED for event in events) == 1
    assert sum(event.kind is EventKind.DEPARTED for event in events) == 1


def test_a_torn_track_can_still_be_revised() -> None:
    def place(time: float) -> Place | None:
        if 1.5 <= time < 4.4:
            return None
        return (500 + 10 * time, 300, 40) if time < 4 else (520 + 10 * time, 320, 60 + 14 * time)

    def misread(_text: str, width: float) -> tuple[str, float]:
        return ("AB128CD", 0.93) if width < 60 else ("AB123CD", 0.97)

    reader = Reader(random.Random(1), override=misread)
    events = drive([Car("AB123CD", place)], fps=25, seconds=8, reader=reader)
    assert [(event.kind, event.text) for event in events] == [
        (EventKind.CONFIRMED, "AB128CD"),
        (EventKind.REVISED, "AB123CD"),
        (EventKind.DEPARTED, "AB123CD"),
    ]


def test_the_same_car_coming_back_gives_a_new_event() -> None:
    def place(time: float) -> Place | None:
        return approach()(time if time < 20 else time - 25)

    events = drive([Car("AB123CD", place)], fps=12, seconds=35)
    kinds = [event.kind for event in events]
    assert kinds == [EventKind.CONFIRMED, EventKind.DEPARTED] * 2
    assert {event.text for event in events} == {"AB123CD"}
    assert events[0].track_id != events[2].track_id


def test_the_retrigger_time_can_be_set() -> None:
    def place(time: float) -> Place | None:
        return approach()(time if time < 20 else time - 25)

    quiet = PlateVoter(VoterOptions(retrigger_seconds=60.0))
    events = drive([Car("AB123CD", place)], fps=12, seconds=35, voter=quiet)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]


@pytest.mark.parametrize("together", [True, False])
def test_one_text_at_two_places_at_once(together: bool) -> None:
    """A lorry's painted registration is silent, unless the options take it for a vehicle."""
    cars = [Car("AB123CD", approach()), Car("AB123CD", approach(lane=0.6))]
    voter = PlateVoter(VoterOptions(one_vehicle_per_text=together))
    events = drive(cars, fps=25, seconds=7, voter=voter)
    assert texts(events) == ["AB123CD"] * (1 if together else 2)


def test_neighbours_with_consecutive_numbers_are_two_vehicles() -> None:
    cars = [Car("AB123CD", approach()), Car("AB124CD", approach(start=0.4, lane=0.6))]
    events = drive(cars, fps=25, seconds=7)
    assert texts(events) == ["AB123CD", "AB124CD"]


@pytest.mark.parametrize("fps", RATES)
def test_a_far_misreading_is_revised_by_nearer_looks(fps: float) -> None:
    def misread(_text: str, width: float) -> tuple[str, float]:
        return ("AB128CD", 0.97) if width < 48 else ("AB123CD", 0.97)

    reader = Reader(random.Random(1), override=misread)
    car = Car("AB123CD", approach(far=20, speed=2.5))
    events = drive([car], fps=fps, seconds=10, reader=reader)
    assert [(event.kind, event.text) for event in events] == [
        (EventKind.CONFIRMED, "AB128CD"),
        (EventKind.REVISED, "AB123CD"),
        (EventKind.DEPARTED, "AB123CD"),
    ]
    # The evidence shows what the event says.
    assert events[1].quad.width >= 48


def test_a_vehicle_that_leaves_after_two_nearer_looks_is_revised() -> None:
    """What stands is less likely than what is told, though a first verdict would wait for more."""

    def misread(_text: str, width: float) -> tuple[str, float]:
        return ("AB128CD", 0.9) if width < 60 else ("AB123CD", 0.6)

    reader = Reader(random.Random(1), override=misread)
    car = Car("AB123CD", approach(far=20, near=8.65, speed=2.5))
    events = drive([car], fps=12, seconds=10, reader=reader)
    assert [event.text for event in events] == ["AB128CD", "AB123CD", "AB123CD"]
    assert 0.65 <= events[-1].confidence < 0.8


def test_a_plate_that_the_picture_cuts_all_the_time_has_no_verdict() -> None:
    """What is seen of it is read surely, and is not what it says."""
    reader = Reader(random.Random(1), override=lambda text, _width: (text[:-2], 0.95))
    events = drive([Car("AB123CD", approach(), edge=0.02)], fps=12, seconds=7, reader=reader)
    assert [event.kind for event in events] == [EventKind.UNREAD]


def test_a_plate_that_leaves_the_picture_is_not_cut_down() -> None:
    """The last looks miss the end of the plate; the verdict stays whole."""

    def cut(text: str, width: float) -> tuple[str, float]:
        return (text[:-2], 0.9) if width > 125 else (text, 0.93)

    reader = Reader(random.Random(1), override=cut)
    events = drive([Car("AB123CD", approach())], fps=25, seconds=7, reader=reader)
    assert {event.text for event in events} == {"AB123CD"}


def test_a_track_that_slips_to_another_vehicle_is_two_vehicles() -> None:
    events = drive([taken_over(2.5, behind_an_obstacle)], fps=12, seconds=7)
    assert texts(events) == ["AB123CD", "XY987ZW"]


@pytest.mark.parametrize(
    "first",
    [(0.0, 0.0, 0.0), (0.15, 0.15, 0.15), (0.95, 0.95, 0.4), (0.95, 0.4, 0.95), (0.4,) * 4],
)
@pytest.mark.parametrize("fps", [12, 25])
def test_a_vehicle_that_comes_forth_half_covered_is_told(
    fps: float, first: tuple[float, ...]
) -> None:
    """Its first looks, of these confidences, say nothing or little: they use up no doubt."""
    looks = iter(first)

    def look(text: str, _width: float) -> tuple[str, float]:
        confidence = 0.9 if text == "AB123CD" else next(looks, 0.95)
        return (text if confidence > 0.3 else "X" * bool(confidence), confidence)

    reader = Reader(random.Random(1), override=look)
    events = drive([taken_over(2.5, behind_an_obstacle)], fps=fps, seconds=12, reader=reader)
    assert texts(events) == ["AB123CD", "XY987ZW"]
    assert EventKind.REVISED not in {event.kind for event in events}


@pytest.mark.parametrize("gap", [0.4, 0.6, 1.0])
def test_a_parked_settled_plate_is_not_read_at_any_pace(gap: float) -> None:
    """A picture every second or so hides nothing; a plate that is looked for in vain is hidden."""
    tracker, voter, rng = PlateTracker(), PlateVoter(), random.Random(2)
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    car, time, late = Car("AB123CD", standing()), 0.0, 0
    for index in range(150):
        place = (600 + 100 * max(0.0, 2 - time), 400, 120)
        found = Detection(jittered(rng, *place, 0.06), 0.9)
        (track,) = tracker.update([found], time=time)
        if voter.wants(track, time=time) > 0:
            voter.add(track, reader.read(car, found.quad.width), frame_index=index, time=time)
            late += time > 10
        voter.collect([track], frame_index=index, time=time)
        time += 0.2 if time < 8 else gap
    assert time > 40
    assert late == 0


def test_a_settled_track_that_slips_to_a_smaller_plate_is_two_vehicles() -> None:
    """No gap tells it, and far looks alone contest nothing: what they surely say does."""

    def place(time: float) -> Place | None:
        return (600, 400 + 20 * time, 120) if time < 2.0 else (600 + 30 * time, 440, 75)

    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    events = drive([taken_over(2.0, place)], fps=12, seconds=5, reader=reader)
    assert texts(events) == ["AB123CD", "XY987ZW"]


def through(start: float, stop: float = math.inf) -> Callable[[float], Place | None]:
    """Down through the picture from a moment on, to its end or to where it waits."""

    def place(time: float) -> Place | None:
        y = min(120 + 110 * (time - start), stop)
        return None if time < start or y > 650 else (600, y, 90 + 0.12 * y)

    return place


@pytest.mark.parametrize("gap", [0.5, 1.0, 1.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("then", ["AB987CX", "AB177CX", "XY34ZUV"])
def test_the_next_vehicle_is_told_though_its_plate_begins_and_ends_alike(
    then: str, gap: float
) -> None:
    """It comes into the picture just behind the first one, in whose place the tracker takes it."""
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    left = 1.0 + 530 / 110
    cars = [Car("AB120CX", through(1.0)), Car(then, through(left + gap, stop=500))]
    events = drive(cars, fps=10, seconds=25, reader=reader)
    assert texts(events) == ["AB120CX", then]
    assert EventKind.REVISED not in {event.kind for event in events}


@pytest.mark.parametrize("gap", [2.5, 3.0, 3.4])
def test_the_next_of_a_fleet_at_the_other_end_of_the_picture_is_another_vehicle(gap: float) -> None:
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    left = 1.0 + 530 / 110
    cars = [Car("AB120CX", through(1.0)), Car("AB121CX", through(left + gap, stop=500))]
    assert texts(drive(cars, fps=10, seconds=25, reader=reader)) == ["AB120CX", "AB121CX"]


@pytest.mark.parametrize("hidden", [0.0, 2.6, 3.0, 3.4])
def test_what_was_too_far_to_be_read_keeps_its_number(hidden: float) -> None:
    """The gate knows which way it went by that number."""

    def place(time: float) -> Place | None:
        if time < 3:
            return 600, 200 + 60 * time, 70 + 10 * time
        near = time - 3 - hidden
        return None if near < 0 else (600 + 2 * near, 385 + 20 * near, 100 + 10 * near)

    looks = Reader(random.Random(1), override=lambda text, width: (text, 0.97 * (width > 99.9)))
    events = drive([Car("AB123CD", place)], fps=10, seconds=8, reader=looks)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert events[0].track_id == 1
    assert events[0].first_seen < 0.5


def test_a_piece_found_later_does_not_change_when_a_told_passage_began() -> None:
    """The gate knows the passage by it: the verdict is revised after it has opened."""

    def place(time: float) -> Place | None:
        if time < 0.6:
            return 300 + 70 * time, 200 + 30 * time, 60 + 10 * time
        near = min(time - 1.2, 10)
        return None if near < 0 else (800 + 8 * near, 500 + 4 * near, 100 + 10 * near)

    looks = iter([("AB123CX", 0.44)] * 6 + [("AB123CX", 0.9)] * 8 + [("AB123CX", 0.5)] * 20)
    reader = Reader(random.Random(1), override=lambda _text, _width: next(looks, ("AB128CX", 0.97)))
    events = drive([Car("AB128CX", place)], fps=10, seconds=20, reader=reader)
    assert len({event.track_id for event in events}) == len({e.first_seen for e in events})


@pytest.mark.parametrize("alike", [True, False])
def test_many_doubtful_looks_that_are_alike_tell_another_vehicle(alike: bool) -> None:
    """The first one departs when the other came; looks that all differ are misreadings."""
    misread = random.Random(5)

    def look(text: str, _width: float) -> tuple[str, float]:
        if text == "AB123CD":
            return text, 0.97
        letters = "".join(misread.choice("FGHJKLMNPRSTUV") for _ in range(7))
        return (text if alike else letters, 0.3)

    reader = Reader(random.Random(1), override=look)
    events = drive([taken_over(2.5, behind_an_obstacle)], fps=12, seconds=12, reader=reader)
    first = next(event for event in events if event.kind is EventKind.DEPARTED)
    assert first.text == "AB123CD"
    assert (first.time < 8) == alike


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gap", [0.8, 1.6, 2.2])
def test_vehicles_that_change_places_while_nothing_is_seen_are_told_once(
    seed: int, gap: float
) -> None:
    """Each track goes on with the other one's plate: nothing is revised, nothing said again."""

    def at(first: float, then: float) -> Callable[[float], Place | None]:
        def place(time: float) -> Place | None:
            if 1.0 <= time < 1.0 + gap:
                return None
            return (first if time < 1.0 else then) + 4 * time, 400 + 2 * time, 70 + 20 * time

        return place

    reader = Reader(random.Random(seed), override=lambda text, width: (text, min(0.97, width / 99)))
    cars = [Car("AB123CD", at(400, 640)), Car("XY987ZW", at(640, 400))]
    events = drive(cars, fps=20, seconds=6, seed=seed, reader=reader)
    assert sorted(texts(events)) == ["AB123CD", "XY987ZW"]
    assert EventKind.REVISED not in {event.kind for event in events}


def test_far_looks_that_err_alike_and_doubt_it_do_not_outvote_the_near_ones() -> None:
    def look(text: str, width: float) -> tuple[str, float]:
        return (text, 0.9) if width > 58 else ("DZR2987", 0.3)

    reader = Reader(random.Random(1), override=look)
    slow = approach(far=20, near=9, speed=2)
    events = drive([Car("DZR2317", slow)], fps=25, seconds=8, reader=reader)
    assert [event.text for event in events if event.kind is not EventKind.DEPARTED] == ["DZR2317"]


def test_a_track_that_slipped_explains_both_of_its_vehicles() -> None:
    """Each when it departs: the first one while the second is still there."""
    told: list[tuple[int, str]] = []

    class Telling(PlateVoter):
        def collect(
            self, tracks: Sequence[Track], *, frame_index: int, time: float
        ) -> tuple[PlateEvent, ...]:
            return self._tell(super().collect(tracks, frame_index=frame_index, time=time))

        def flush(self, *, time: float) -> tuple[PlateEvent, ...]:
            return self._tell(super().flush(time=time))

        def _tell(self, events: tuple[PlateEvent, ...]) -> tuple[PlateEvent, ...]:
            for event in events:
                if event.kind is EventKind.DEPARTED:
                    found = self.explain(event.track_id)
                    assert found is not None
                    told.append((found.track_id, found.text))
            return events

    car = taken_over(2.5, behind_an_obstacle)
    drive([car], fps=12, seconds=7, voter=Telling(camera="gate"))
    (first, _), _ = told
    assert told == [(first, "AB123CD"), (SPLIT_ID, "XY987ZW")]
    assert first != SPLIT_ID


@pytest.mark.parametrize("seed", range(6))
def test_the_second_vehicle_of_a_track_begins_where_it_came(seed: int) -> None:
    """The first one is read on after its verdict; those readings stay its own."""

    def place(time: float) -> Place | None:
        if 4.0 <= time < 5.0:
            return None
        return (600 + 10 * time, 400, 70 + 17 * time) if time < 4.5 else (640, 410, 126)

    voter = PlateVoter(camera="gate")
    reader = Reader(random.Random(seed), difficulty=3)
    car = taken_over(4.5, place)
    events = drive([car], fps=12, seconds=8, seed=seed, reader=reader, voter=voter)
    assert texts(events) == ["AB123CD", "XY987ZW"]
    (second,) = [one for one in events if one.text == "XY987ZW" and one.kind == "confirmed"]
    assert second.first_seen >= 4.9
    explained = voter.explain(second.track_id)
    assert explained is not None
    assert min(reading.time for reading in explained.readings) >= 4.9


@pytest.mark.parametrize("slant", [0.0, 0.06])
@pytest.mark.parametrize("gap", [2.4, 2.7, 3.0, 3.4])
def test_a_car_hidden_until_its_track_ended_is_one_vehicle(gap: float, slant: float) -> None:
    """A passer-by covers it for longer than the tracker waits; a level plate waits to be told."""

    def place(time: float) -> Place | None:
        hidden = 6 <= time < 6 + gap or time >= 30
        return None if hidden else (600 + 150 * max(0.0, 2 - time), 400, 120)

    voter = PlateVoter()
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.93))
    cars = [Car("AB123CD", place, slant=slant)]
    events = drive(cars, fps=12, seconds=40, reader=reader, voter=voter)
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert events[1].time > 30


def test_the_next_number_of_a_fleet_is_told_though_it_first_looked_like_the_last() -> None:
    def look(text: str, width: float) -> tuple[str, float]:
        far = text == "AB124CD" and width < 55
        return ("AB123CD", 0.9) if far else (text, 0.97)

    cars = [
        Car("AB123CD", approach(speed=3, far=20, near=4)),
        Car("AB124CD", approach(start=11, speed=3, far=20, near=3)),
    ]
    events = drive(cars, fps=12, seconds=26, reader=Reader(random.Random(1), override=look))
    assert texts(events) == ["AB123CD", "AB124CD"]


def test_a_misread_echo_of_a_plate_in_view_stays_silent() -> None:
    """A lorry's number painted on its side, read wrongly by one character at times."""
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    side = Car("AB123CD", lambda time: (300 + 20 * time, 200, 120) if time > 0.5 else None)

    def place(time: float) -> Place | None:
        side.text = "AB123CD" if time < 1.5 else "AB128CD"
        return (900 + 20 * time, 500, 150) if time < 6 else None

    events = drive([Car("AB123CD", place), side], fps=12, seconds=5, reader=reader)
    assert texts(events) == ["AB123CD"]


def test_flicker_says_nothing() -> None:
    cars = [Car("AB123CD", standing(since=1, until=1.05), score=0.6)]
    assert drive(cars, fps=25, seconds=6) == []


def test_text_burnt_into_the_video_says_nothing() -> None:
    clock = Car("14B02819", standing(1100, 20, 160), score=0.8, slant=0.0)
    events = drive([Car("AB123CD", approach(speed=8)), clock], fps=25, seconds=8)
    assert texts(events) == ["AB123CD"]
    assert {event.text for event in events} == {"AB123CD"}


def test_text_that_appears_out_of_nothing_while_others_move_says_nothing() -> None:
    echo = Car("14B02819", standing(1100, 20, 160, since=2.0), score=0.8, slant=0.0)
    events = drive([Car("AB123CD", approach()), echo], fps=25, seconds=8)
    assert {event.text for event in events} == {"AB123CD"}


@pytest.mark.parametrize("slant", [0.0, 0.02, 0.06])
def test_a_car_that_stood_there_before_it_was_seen_is_told(slant: float) -> None:
    """Others had moved, but not lately: it came out of the dark, not out of nothing."""
    cars = [
        Car("AB123CD", approach()),
        Car("XY987ZW", standing(since=25.0, until=40.0), slant=slant),
    ]
    assert texts(drive(cars, fps=12, seconds=45)) == ["AB123CD", "XY987ZW"]


def test_a_track_whose_end_nobody_told_ends_all_the_same() -> None:
    """The frame that ended it failed before the voter was told."""
    voter, tracker = PlateVoter(camera="gate"), PlateTracker()
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    car = Car("AB123CD", approach())
    events: list[PlateEvent] = []
    for index in range(130 * 5):
        time = index / 5
        moment = time if time < 100 else time - 100
        place = car.place(moment) if moment < 6 else None
        found = [] if place is None else [Detection(_quad_at(*place), 0.9)]
        tracks = tracker.update(found, time=time)
        if any(track.state is TrackState.ENDED for track in tracks) and time < 100:
            continue
        for track in tracks:
            if voter.wants(track, time=time) > 0:
                voter.add(track, reader.read(car, 90.0), frame_index=index, time=time)
        events += voter.collect(tracks, frame_index=index, time=time)
    kinds = [event.kind for event in events]
    assert kinds.count(EventKind.CONFIRMED) == kinds.count(EventKind.DEPARTED) == 2


def _quad_at(x: float, y: float, width: float) -> Quad:
    return Quad.from_box(x - width / 2, y - width / 9, x + width / 2, y + width / 9)


def test_a_plate_that_was_never_read_names_the_frame_in_which_it_was_seen() -> None:
    """Larger plates, none of them legible, take all the readings."""

    def abreast(lane: int) -> Callable[[float], tuple[float, float, float]]:
        return lambda time: (150 + 250 * lane + 120 * time, 500, 200)

    illegible = [Car(f"B{lane}ILL", abreast(lane), sharpness=0.1) for lane in range(6)]
    small = Car("AB123CD", lambda time: (300 + 60 * time, 200, 29) if time < 0.5 else None)
    reader = Reader(random.Random(1), override=lambda _text, _width: ("", 0.0))
    events = drive([*illegible, small], fps=25, seconds=1.5, reader=reader)
    (event,) = [one for one in events if one.quad.width < 50]
    assert (event.kind, event.reason) == (EventKind.UNREAD, UnreadReason.TOO_SMALL)
    assert event.frame_index == 12, "the last frame before 0.5 s"
    assert event_from_json(event_to_json(event))[0].frame_index == 12


def test_a_short_word_says_nothing() -> None:
    reader = Reader(random.Random(1), override=lambda _text, _width: ("GB", 0.95))
    assert drive([Car("GB", approach())], fps=25, seconds=7, reader=reader) == []


def test_a_word_without_a_digit_on_a_sign_says_nothing_though_each_look_is_sure() -> None:
    """One sure look is enough for a plate that is gone, unless more looks were had and say less."""
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    for seen in (0.13, 4.0):
        sign = Car("PARKING", standing(width=70, until=seen))
        assert verdicts(drive([sign], fps=15, seconds=8, reader=reader)) == {}
        plate = Car("PARK1NG", standing(width=70, until=seen))
        assert texts(drive([plate], fps=15, seconds=8, reader=reader)) == ["PARK1NG"]


def test_a_word_without_a_digit_is_a_plate_where_it_moves() -> None:
    """Finds of a fixed sign differ in size by some per cent; a vehicle comes nearer."""
    rng = random.Random(3)

    def sign(_time: float) -> tuple[float, float, float]:
        return 600 + rng.uniform(-2, 2), 400, 90 * (1 + rng.uniform(-0.05, 0.05))

    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.99))
    assert verdicts(drive([Car("CARWASH", sign)], fps=15, seconds=8, reader=reader)) == {}
    assert texts(drive([Car("HIZWILL", approach())], fps=15, seconds=8, reader=reader)) == [
        "HIZWILL"
    ]


def test_readings_that_differ_wildly_confirm_nothing() -> None:
    rng = random.Random(4)

    def garbage(_text: str, _width: float) -> tuple[str, float]:
        return "".join(rng.choice(EVERY) for _ in range(rng.randrange(3, 9))), 0.6

    reader = Reader(random.Random(1), override=garbage)
    events = drive([Car("AB123CD", approach(), score=0.55)], fps=25, seconds=7, reader=reader)
    assert events == [], "a sign of low detector score is no plate"
    reader = Reader(random.Random(1), override=garbage)
    events = drive([Car("AB123CD", approach())], fps=25, seconds=7, reader=reader)
    assert [event.reason for event in events] == [UnreadReason.VOTES_DISAGREE]
    assert events[0].text == ""


@pytest.mark.parametrize(
    ("car", "reading", "reason"),
    [
        (Car("AB123CD", approach(far=40, near=18)), ("", 0.0), UnreadReason.TOO_SMALL),
        (Car("AB123CD", approach(), sharpness=0.05), None, UnreadReason.BLURRED),
        (Car("AB123CD", approach()), ("AB123CD", 0.05), UnreadReason.BELOW_THRESHOLD),
    ],
)
def test_unread_says_why(car: Car, reading: tuple[str, float] | None, reason: UnreadReason) -> None:
    reader = Reader(random.Random(1), difficulty=30.0)
    if reading is not None:
        reader.override = lambda _text, _width: reading
    demanding = VoterOptions(confirm_probability=0.97, early_probability=0.99)
    options = demanding if reading == ("AB123CD", 0.05) else None
    events = drive([car], fps=12, seconds=8, reader=reader, voter=PlateVoter(options))
    assert [(event.kind, event.reason) for event in events] == [(EventKind.UNREAD, reason)]


def test_a_strict_format_confirms_nothing_else() -> None:
    def prior(text: str) -> tuple[str | None, float]:
        return ("XX", 2.0) if text.startswith("AB") else (None, -2.0)

    for strict, expected in ((True, ["AB123CD"]), (False, ["AB123CD", "KL456MN"])):
        cars = [Car("AB123CD", approach()), Car("KL456MN", approach(start=5))]
        voter = PlateVoter(VoterOptions(strict_format=strict), prior=prior)
        events = drive(cars, fps=25, seconds=14, voter=voter)
        assert texts(events) == expected
        by_text = {event.text: event.region for event in events if event.text}
        assert by_text["AB123CD"] == "XX"


def test_three_frames_of_a_clip_can_be_enough() -> None:
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.93))
    events = drive([Car("AB123CD", approach(far=6))], fps=30, seconds=0.1, reader=reader)
    assert texts(events) == ["AB123CD"]


def test_a_settled_plate_is_read_again_only_when_it_has_grown() -> None:
    reader = Reader(random.Random(1), override=lambda text, _width: (text, 0.97))
    drive([Car("AB123CD", approach(far=20, speed=2))], fps=60, seconds=9, reader=reader)
    widths = [reading.quality.width for _, reading in reader.made if reading.quality]
    assert len(widths) < 30
    late = [width for width in widths if width > 60]
    assert late, "it is read again nearby"
    growth = 0.93 * VoterOptions().relook_growth  # a detector's box jitters
    assert all(after > growth * before for before, after in pairwise(late))


def test_explanations_tell_readings_votes_and_rule() -> None:
    voter = PlateVoter()
    events = drive([Car("AB123CD", approach())], fps=25, seconds=7, voter=voter)
    explanation = voter.explain(events[0].track_id)
    assert explanation is not None
    assert explanation.verdict == explanation.text == "AB123CD"
    assert explanation.rule in {"early", "due"}
    assert explanation.decided == events[0].time
    assert explanation.total_readings >= events[0].readings
    assert explanation.readings
    assert all(0 < reading.weight <= 1 for reading in explanation.readings)
    assert all(0 < reading.quality <= 1 for reading in explanation.readings)
    assert [place[0].text for place in explanation.positions] == list("AB123CD")
    assert "AB123CD" in summarize(explanation)
    for table in tabulate(explanation):
        assert table.rows
        assert all(len(row) == len(table.header) for row in table.rows)
    assert voter.explain(999) is None


def test_a_replay_gives_identical_events() -> None:
    cars = [Car("AB123CD", approach()), Car("XY987ZW", approach(start=1.5, lane=0.5))]
    assert drive(cars, fps=25, seconds=8, seed=5) == drive(cars, fps=25, seconds=8, seed=5)


def test_two_plates_of_one_text_stay_two_after_both_were_hidden() -> None:
    """Both are found again as other tracks; the second is not taken for the first."""

    def track(number: int, step: int, state: TrackState) -> Track:
        left, top = 100 + 4 * step, 200.0 if number % 2 else 60.0
        quad = Quad.from_box(left, top, left + 120, top + 28.8)
        first, found = 0.0 if number < 3 else 1.5, Detection(quad, 0.95)
        active = state is TrackState.ACTIVE
        return Track(number, quad, state, first, 0.1 * step, 5, found if active else None)

    voter = PlateVoter()
    reading = certain("AB123CD", 0.97, width=150.0)
    for step in range(61):
        time = step * 0.1
        old = TrackState.ACTIVE if step < 10 else TrackState.LOST if step < 34 else TrackState.ENDED
        tracks = [track(number, min(step, 9), old) for number in (1, 2) if step <= 34]
        tracks += [track(number, step, TrackState.ACTIVE) for number in (3, 4) if step >= 15]
        for one in tracks:
            if one.detection is not None and voter.wants(one, time=time) > 0:
                voter.add(one, reading, frame_index=step, time=time)
        voter.collect(tracks, frame_index=step, time=time)
        if step == 9:
            before = [voter.passage_of(number) for number in (1, 2)]
    assert before == [1, 2]
    assert [voter.passage_of(number) for number in (3, 4)] == [1, 4]
