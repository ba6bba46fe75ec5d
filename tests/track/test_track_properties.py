"""What holds for the tracker whatever it is shown."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.track import PlateTracker, TrackerOptions
from lpr.types import Detection, Track, TrackState

Frame = list[tuple[float, float, float, float]]


def detections(frame: Frame) -> list[Detection]:
    return [
        Detection(Quad.from_box(x, y, x + width, y + width / 4), score)
        for x, y, width, score in frame
    ]


BOX = st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(12, 160), st.floats(0, 1))
FRAMES = st.lists(
    st.tuples(st.floats(0.01, 1.5), st.lists(BOX, max_size=5)), min_size=1, max_size=25
)


def replay(frames: list[tuple[float, Frame]], tail: float = 4.0) -> list[tuple[Track, ...]]:
    tracker, time, seen = PlateTracker(), 0.0, []
    for step, frame in frames:
        time += step
        seen.append(tracker.update(detections(frame), time=time))
    seen.append(tracker.update([], time=time + tail))
    seen.append(tracker.update([], time=time + tail + 0.1))
    return seen


@settings(max_examples=60, deadline=None)
@given(frames=FRAMES)
def test_every_track_ends_once_and_says_nothing_after(frames: list[tuple[float, Frame]]) -> None:
    reports = replay(frames)
    ended: set[int] = set()
    known: set[int] = set()
    for tracks in reports:
        for track in tracks:
            assert track.id not in ended
            known.add(track.id)
            if track.state is TrackState.ENDED:
                ended.add(track.id)
                assert track.detection is None
    assert ended == known
    assert reports[-1] == ()


@settings(max_examples=60, deadline=None)
@given(frames=FRAMES)
def test_ids_rise_from_one_without_gaps_and_snapshots_agree(
    frames: list[tuple[float, Frame]],
) -> None:
    highest = 0
    for tracks in replay(frames):
        ids = [track.id for track in tracks]
        assert ids == sorted(set(ids))
        for track in tracks:
            if track.id > highest:
                assert track.id == highest + 1
                highest = track.id
                assert track.hits == 1
            assert track.first_seen <= track.last_seen
            if track.state is TrackState.ACTIVE:
                assert track.detection is not None
                assert track.quad == track.detection.quad


@settings(max_examples=40, deadline=None)
@given(frames=FRAMES, seed=st.integers(0, 1000))
def test_the_order_of_detections_does_not_matter(
    frames: list[tuple[float, Frame]], seed: int
) -> None:
    rng = random.Random(seed)
    shuffled = [(step, rng.sample(frame, len(frame))) for step, frame in frames]
    assert replay(frames) == replay(shuffled)


@settings(max_examples=30, deadline=None)
@given(frames=FRAMES)
def test_every_detection_continues_at_most_one_track(frames: list[tuple[float, Frame]]) -> None:
    tracker, time = PlateTracker(), 0.0
    for step, frame in frames:
        time += step
        given_now = detections(frame)
        used = [
            id(track.detection)
            for track in tracker.update(given_now, time=time)
            if track.detection is not None
        ]
        assert len(used) == len(set(used))
        assert set(used) <= {id(one) for one in given_now}


@settings(max_examples=30, deadline=None)
@given(frames=FRAMES)
def test_reset_clears_all(frames: list[tuple[float, Frame]]) -> None:
    tracker, time = PlateTracker(), 0.0
    for step, frame in frames:
        time += step
        tracker.update(detections(frame), time=time)
    tracker.reset()
    fresh = PlateTracker()
    again = detections([(10, 10, 50, 0.9), (300, 200, 40, 0.6)])
    unnumbered = [replace(one, id=0) for one in tracker.update(again, time=0.0)]
    assert unnumbered == [replace(one, id=0) for one in fresh.update(again, time=0.0)]


def test_no_two_tracks_of_two_recordings_share_an_id() -> None:
    """Whoever stores the events of both under one camera tells them apart by their ids."""
    tracker = PlateTracker()
    shown = detections([(10, 10, 50, 0.9), (300, 200, 40, 0.9)])
    first = {track.id for track in tracker.update(shown, time=0.0)}
    tracker.reset()
    assert first == {1, 2}
    assert {track.id for track in tracker.update(shown, time=0.0)} == {3, 4}


def test_ids_count_per_instance() -> None:
    first, second = PlateTracker(), PlateTracker()
    shown = detections([(10, 10, 50, 0.9)])
    assert [track.id for track in first.update(shown, time=0.0)] == [1]
    assert [track.id for track in second.update(shown, time=0.0)] == [1]


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf")])
def test_time_never_falls(time: float) -> None:
    tracker = PlateTracker()
    tracker.update([], time=0.0)
    with pytest.raises(ValueError, match="time must rise"):
        tracker.update([], time=time)


@pytest.mark.parametrize(
    "wrong", [{"low_score": 0.7}, {"min_hits": 0}, {"max_lost": 0.0}, {"high_score": 1.5}]
)
def test_options_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="track:"):
        TrackerOptions(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("fps", [0.5, 1.0, 1.3, 5.0])
def test_a_weak_plate_is_followed_at_few_frames_a_second(fps: float) -> None:
    tracker = PlateTracker()
    shown = detections([(10, 10, 50, 0.6)])
    for index in range(4):
        (track,) = tracker.update(shown, time=index / fps)
    assert (track.id, track.state) == (1, TrackState.ACTIVE)


def test_a_plate_seen_once_before_a_long_gap_is_another_one_after_it() -> None:
    tracker = PlateTracker()
    shown = detections([(10, 10, 50, 0.6)])
    tracker.update(shown, time=0.0)
    assert [track.id for track in tracker.update(shown, time=9.0)] == [1, 2]
