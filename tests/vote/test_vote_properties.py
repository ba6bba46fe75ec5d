"""What holds for the voter whatever tracks and readings it is given."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.track import PlateTracker
from lpr.types import CharCandidates, CropQuality, Detection, EventKind, PlateEvent, Reading
from lpr.vote import PlateVoter, VoterOptions

STEP = st.tuples(
    st.floats(0.02, 2.0),
    st.lists(
        st.tuples(
            st.sampled_from([50.0, 60.0, 300.0, 320.0]),
            st.sampled_from([30.0, 60.0, 90.0, 140.0]),
            st.sampled_from(["AB123CD", "AB128CD", "XY987", "", "GB", "AB123"]),
            st.floats(0.05, 0.99),
        ),
        max_size=3,
    ),
)


def reading(text: str, confidence: float, width: float) -> Reading:
    score = confidence ** (1 / max(1, len(text)))
    return Reading(
        text,
        (score,) * len(text),
        tuple(CharCandidates((char,), (score,)) for char in text),
        confidence,
        CropQuality(width, 0.7),
    )


def replay(
    steps: list[tuple[float, list[tuple[float, float, str, float]]]], voter: PlateVoter
) -> tuple[list[PlateEvent], float]:
    tracker, time = PlateTracker(), 0.0
    events: list[PlateEvent] = []
    for i, (step, shown) in enumerate(steps):
        time += step
        say = {}
        for x, width, text, confidence in shown:
            found = Detection(Quad.from_box(x, 100, x + width, 100 + width / 4), 0.9)
            say[id(found)] = (found, reading(text, confidence, width))
        tracks = tracker.update([found for found, _ in say.values()], time=time)
        for track in tracks:
            if track.detection is not None and voter.wants(track, time=time) > 0:
                voter.add(track, say[id(track.detection)][1], frame_index=i, time=time)
        events.extend(voter.collect(tracks, frame_index=i, time=time))
    return events, time


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=25))
def test_chains_are_in_order_and_flush_closes_everything(
    steps: list[tuple[float, list[tuple[float, float, str, float]]]],
) -> None:
    voter = PlateVoter()
    events, time = replay(steps, voter)
    events.extend(voter.flush(time=time))
    assert voter.flush(time=time) == ()
    chains: dict[int, list[PlateEvent]] = defaultdict(list)
    for event in events:
        chains[event.track_id].append(event)
        assert len(event.char_scores) == len(event.text)
        assert event.agreeing <= event.readings
        assert (event.reason is not None) == (event.kind is EventKind.UNREAD)
        assert (event.text == "") == (event.kind is EventKind.UNREAD)
        assert 0 <= event.confidence <= 1
        assert event.first_seen <= event.time
    for chain in chains.values():
        kinds = [event.kind for event in chain]
        assert kinds.count(EventKind.CONFIRMED) <= 1
        if EventKind.UNREAD in kinds:
            assert kinds == [EventKind.UNREAD]
        else:
            assert kinds[0] is EventKind.CONFIRMED
            assert kinds[-1] is EventKind.DEPARTED
            assert kinds.count(EventKind.DEPARTED) == 1


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=30))
def test_nothing_stays_open_when_nothing_is_seen(
    steps: list[tuple[float, list[tuple[float, float, str, float]]]],
) -> None:
    voter = PlateVoter()
    _, time = replay([*steps, (10.0, []), (10.0, [])], voter)
    assert voter.flush(time=time) == ()


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=30))
def test_no_text_is_confirmed_twice_within_the_retrigger_time(
    steps: list[tuple[float, list[tuple[float, float, str, float]]]],
) -> None:
    voter = PlateVoter(VoterOptions(retrigger_seconds=1000.0))
    events, time = replay(steps, voter)
    events.extend(voter.flush(time=time))
    confirmed = [event.text for event in events if event.kind is EventKind.CONFIRMED]
    assert len(confirmed) == len(set(confirmed))


def test_a_day_leaves_no_trace() -> None:
    """What is held after hundreds of vehicles is no more than after the first ones."""
    rng = random.Random(9)
    voter = PlateVoter(VoterOptions(max_explanations=8))
    tracker = PlateTracker()
    sizes: list[int] = []
    confirmed, time = 0, 0.0
    for number in range(500):
        time += rng.uniform(4.0, 8.0)
        text = f"{'ABCDEFGH'[number % 8]}B{number:04d}"
        for i in range(5):
            time += 0.15
            x, width = 100.0 + 30 * i, 60.0 + 6 * i
            found = Detection(Quad.from_box(x, 100 + 8 * i, x + width, 115 + 9 * i), 0.9)
            tracks = tracker.update([found], time=time)
            for track in tracks:
                if track.detection is not None and voter.wants(track, time=time):
                    voter.add(track, reading(text, 0.9, width), frame_index=i, time=time)
            events = voter.collect(tracks, frame_index=i, time=time)
            confirmed += sum(event.kind is EventKind.CONFIRMED for event in events)
        if number % 20 == 19:
            sizes.append(held(voter))
    assert confirmed > 490
    assert max(sizes[15:]) <= 1.1 * max(sizes[:15]), sizes


def held(thing: object, depth: int = 5) -> int:
    """Number of items in all containers reachable from a voter."""
    if depth == 0 or isinstance(thing, str | int | float | None):
        return 0
    if isinstance(thing, dict):
        return len(thing) + sum(held(one, depth - 1) for one in thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return len(thing) + sum(held(one, depth - 1) for one in thing)
    if hasattr(thing, "__dict__"):
        return sum(held(one, depth - 1) for one in vars(thing).values())
    if hasattr(type(thing), "__slots__"):
        names = getattr(type(thing), "__slots__", ())
        return sum(held(getattr(thing, name, None), depth - 1) for name in names)
    return len(thing) if hasattr(thing, "__len__") else 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirm_probability": 0.99},
        {"max_delay": 0.0},
        {"min_length": 20},
        {"departure_grace": -1.0},
        {"outlier": 0.0},
        {"early_probability": 1.0},
        {"settle_probability": 0.999},
        {"size_relief": 1.5},
        {"size_power": 0.0},
        {"quality_power": 2.0},
        {"unsure_weight": 0.9, "sure_weight": 0.8},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="vote:"):
        VoterOptions(**wrong)  # type: ignore[arg-type]


def test_a_look_that_contradicts_the_verdict_asks_for_more() -> None:
    tracker, voter = PlateTracker(), PlateVoter()

    def see(step: int, text: str, width: float) -> float:
        """Show the plate once; returns how much another reading is wanted after it."""
        time = step / 10
        found = Detection(Quad.from_box(50 + 25 * step, 100, 50 + 25 * step + width, 130), 0.9)
        (track,) = tracker.update([found], time=time)
        voter.add(track, reading(text, 0.97, width), frame_index=step, time=time)
        voter.collect([track], frame_index=step, time=time)
        return voter.wants(track, time=time + 0.01)

    wanted = [see(step, "AB123CD", 100.0) for step in range(8)]
    assert wanted[-1] == 0, "a settled plate asks for nothing"
    assert see(8, "AB128CD", 100.0) > 0, "unless it was just read otherwise"
    assert see(9, "AB123CD", 100.0) == 0


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=25), mark=st.sampled_from([0.9, 0.98, 0.995]))
def test_a_verdict_is_said_again_once_when_it_became_sure(
    steps: list[tuple[float, list[tuple[float, float, str, float]]]], mark: float
) -> None:
    options = VoterOptions(sure_probability=mark)
    voter = PlateVoter(options)
    events, time = replay(steps, voter)
    chains: dict[int, list[PlateEvent]] = defaultdict(list)
    for event in events:
        if event.kind in (EventKind.CONFIRMED, EventKind.REVISED):
            chains[event.track_id].append(event)
    for chain in chains.values():
        assert [event.kind for event in chain] == [
            EventKind.CONFIRMED,
            *[EventKind.REVISED] * (len(chain) - 1),
        ]
        for before, after in pairwise(chain):
            if after.text == before.text:
                assert before.confidence < mark or before.agreeing < options.min_agreeing
                assert after.confidence >= mark
                assert after.agreeing >= options.min_agreeing
    for event in voter.flush(time=time):
        said = chains[event.track_id]
        again = event.kind is EventKind.REVISED and said and said[-1].text == event.text
        assert not again, "what has gone is not said again"


def test_a_slow_verdict_becomes_sure() -> None:
    """A first verdict that fell due early is told again when the plate has come near."""
    far = [(0.3, [(50.0 + 8 * i, 50.0, "AB123CD", 0.3)]) for i in range(5)]
    near = [(0.2, [(90.0 + 6 * i, 54.0 + 4 * i, "AB123CD", 0.9)]) for i in range(14)]
    quiet, _ = replay(far + near, PlateVoter())
    said, _ = replay(far + near, PlateVoter(VoterOptions(sure_probability=0.98)))
    assert [event.kind for event in quiet] == [EventKind.CONFIRMED]
    assert [event.kind for event in said] == [EventKind.CONFIRMED, EventKind.REVISED]
    assert said[0].confidence < 0.98 <= said[1].confidence
    assert {event.text for event in said} == {"AB123CD"}
