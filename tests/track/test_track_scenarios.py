"""Plates followed through what happens at gates and on roads."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest

from lpr.geometry import Quad
from lpr.track import PlateTracker
from lpr.types import Detection, Track, TrackState

Path = Callable[[float], tuple[float, float, float] | None]
"""Centre x, centre y and width of a plate at a time; None where it cannot be seen."""

RATES = [5, 12, 25, 60]


def follow(
    paths: Sequence[Path],
    *,
    fps: float,
    seconds: float,
    seed: int = 1,
    noise: float = 0.015,
    miss: float = 0.0,
    shake: Callable[[int], tuple[float, float]] = lambda _: (0.0, 0.0),
    score: Callable[[float], float] = lambda _: 0.9,
) -> list[list[int]]:
    """Track ids in order of appearance for each path."""
    rng = random.Random(seed)
    tracker = PlateTracker()
    ids: list[list[int]] = [[] for _ in paths]
    for i in range(round(seconds * fps)):
        time = i / fps
        shown: dict[int, int] = {}
        detections = []
        for number, path in enumerate(paths):
            place = path(time)
            if place is None or (time > 0.3 and rng.random() < miss):
                continue
            x, y, width = place
            x, y = x + shake(i)[0], y + shake(i)[1]
            corners = [(-0.5, -0.12), (0.5, -0.1), (0.5, 0.13), (-0.5, 0.11)]
            quad = Quad.from_points(
                [
                    (
                        x + dx * width + rng.gauss(0, noise * width),
                        y + dy * width + rng.gauss(0, noise * width),
                    )
                    for dx, dy in corners
                ]
            )
            detection = Detection(quad, score(time))
            shown[id(detection)] = number
            detections.append(detection)
        rng.shuffle(detections)
        for track in tracker.update(detections, time=time):
            if track.detection is not None:
                seen = ids[shown[id(track.detection)]]
                if track.id not in seen:
                    seen.append(track.id)
    return ids


def one_track_each(ids: list[list[int]]) -> bool:
    flat = [track for seen in ids for track in seen]
    return all(len(seen) == 1 for seen in ids) and len(set(flat)) == len(flat)


def approach(time: float) -> tuple[float, float, float]:
    """From 20 m to 4 m at 5 m/s: width and place follow perspective."""
    depth = max(4.0, 20.0 - 5.0 * time)
    return 640 + 900 / depth, 250 + 1100 / depth, 560 / depth


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seed", range(3))
def test_an_approaching_car_is_one_track(fps: float, seed: int) -> None:
    ids = follow([approach], fps=fps, seconds=3.2, seed=seed, miss=0.15)
    assert one_track_each(ids)


@pytest.mark.parametrize("fps", RATES)
def test_a_car_passing_across_is_one_track(fps: float) -> None:
    # 12 m/s across the picture: 24 plate widths a second, nearly 5 between frames at 5 fps.
    speed = 12 if fps > 5 else 8
    ids = follow([lambda time: (100 + 70 * 2 * speed * time, 300, 70)], fps=fps, seconds=1.2)
    assert one_track_each(ids)


@pytest.mark.parametrize("fps", RATES)
def test_stop_and_go(fps: float) -> None:
    def place(time: float) -> tuple[float, float, float]:
        moving = min(time, 1.5) + max(0.0, time - 4.0)
        return 200 + 160 * moving, 200 + 40 * moving, 60 + 12 * moving

    assert one_track_each(follow([place], fps=fps, seconds=6.0))


@pytest.mark.parametrize("fps", RATES)
def test_a_camera_that_shakes(fps: float) -> None:
    rng = random.Random(5)
    offsets = [(rng.gauss(0, 8), rng.gauss(0, 8)) for _ in range(1000)]
    ids = follow([approach], fps=fps, seconds=3.0, shake=lambda i: offsets[i])
    assert one_track_each(ids)


@pytest.mark.parametrize("fps", RATES)
def test_a_blow_on_the_pole_moves_all_plates_at_once(fps: float) -> None:
    def blow(i: int) -> tuple[float, float]:
        return (150.0, -60.0) if i > fps else (0.0, 0.0)

    paths: list[Path] = [
        lambda time: (300 + 20 * time, 300, 70),
        lambda time: (520 + 20 * time, 330, 72),
        lambda time: (760 + 20 * time, 360, 74),
    ]
    assert one_track_each(follow(paths, fps=fps, seconds=2.5, shake=blow))


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("hidden", [0.6, 1.2, 2.0])
def test_hidden_for_up_to_two_seconds_while_moving(fps: float, hidden: float) -> None:
    def place(time: float) -> tuple[float, float, float] | None:
        if 1.5 <= time < 1.5 + hidden:
            return None
        return 200 + 60 * time, 300 + 20 * time, 60 + 4 * time

    assert one_track_each(follow([place], fps=fps, seconds=5.0))


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("hidden", [0.6, 1.2, 2.0])
def test_a_car_that_stops_behind_the_barrier_arm(fps: float, hidden: float) -> None:
    def place(time: float) -> tuple[float, float, float] | None:
        if 1.5 <= time < 1.5 + hidden:
            return None
        moving = min(time, 1.6)
        return 300 + 70 * moving, 300 + 30 * moving, 80 + 8 * moving

    assert one_track_each(follow([place], fps=fps, seconds=5.0))


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seed", range(4))
def test_a_car_that_brakes_to_a_stop_behind_the_barrier_arm(fps: float, seed: int) -> None:
    """It came nearer fast: had it gone on, its plate would be more than twice as large by then."""

    def place(time: float) -> tuple[float, float, float] | None:
        if 1.2 <= time < 3.2:
            return None
        braking = min(max(time - 1.0, 0.0), 0.75)
        depth = 5.6 + 3 * max(1.0 - time, 0.0) - 3 * braking + 2 * braking**2
        return 640 + 220 / depth, 173 + 1870 / depth, 572 / depth

    assert one_track_each(follow([place], fps=fps, seconds=5.0, seed=seed))


@pytest.mark.parametrize("fps", RATES)
def test_two_cars_bumper_to_bumper(fps: float) -> None:
    def car(gap: float) -> Path:
        def place(time: float) -> tuple[float, float, float] | None:
            depth = 16.0 - 2.5 * time + gap
            return (640 + 300 / depth, 150 + 1500 / depth, 560 / depth) if depth > 4 else None

        return place

    ids = follow([car(0.0), car(5.0)], fps=fps, seconds=5.5, miss=0.1)
    assert one_track_each(ids)


@pytest.mark.parametrize("fps", RATES)
def test_two_cars_that_cross(fps: float) -> None:
    paths: list[Path] = [
        lambda time: (200 + 150 * time, 300 + 12 * time, 60),
        lambda time: (800 - 150 * time, 340 - 12 * time, 70),
    ]
    assert one_track_each(follow(paths, fps=fps, seconds=4.0))


@pytest.mark.parametrize("fps", [12, 25, 60])
def test_the_next_car_is_a_new_track(fps: float) -> None:
    """The first leaves at the bottom; the next comes into view far off 0.6 s later."""

    def first(time: float) -> tuple[float, float, float] | None:
        return (400, 100 + 150 * time, 40 * math.exp(0.35 * time)) if time < 2.6 else None

    def second(time: float) -> tuple[float, float, float] | None:
        later = time - 3.2
        return (400, 100 + 150 * later, 40 * math.exp(0.35 * later)) if later >= 0 else None

    assert one_track_each(follow([first, second], fps=fps, seconds=6.0))


@pytest.mark.parametrize("fps", [5, 15, 25])
@pytest.mark.parametrize("speed", [1.5, 3.0])
@pytest.mark.parametrize("gap", [1.5, 2.0])
def test_the_next_car_is_a_new_track_where_little_of_the_lane_is_seen(
    fps: float, speed: float, gap: float
) -> None:
    """Its plate comes into view somewhat above where the first one's went, and half as large."""

    def car(start: float) -> Path:
        def place(time: float) -> tuple[float, float, float] | None:
            depth = 6.3 - speed * (time - start)
            in_view = time >= start and depth > 3.5
            return (640, 173 + 1870 / depth, 572 / depth) if in_view else None

        return place

    cars = [car(0.0), car(2.8 / speed + gap)]
    for seed in range(6):
        assert one_track_each(follow(cars, fps=fps, seconds=6.0, seed=seed))


@pytest.mark.parametrize("fps", RATES)
def test_the_next_car_is_a_new_track_when_the_first_left_at_the_border(fps: float) -> None:
    """The border cuts the first one's plate, which thus seems to go away: the next is smaller."""

    def first(time: float) -> tuple[float, float, float] | None:
        return (700 - 100 * time, 680 + 5 * time, 116 - 10 * time) if time < 3 else None

    def second(time: float) -> tuple[float, float, float] | None:
        later = time - 5.3
        return (600 - 200 * later, 520 + 60 * later, 60 + 20 * later) if later >= 0 else None

    assert one_track_each(follow([first, second], fps=fps, seconds=7.0))


@pytest.mark.parametrize("fps", RATES)
def test_a_plate_that_is_barely_detected_is_held(fps: float) -> None:
    ids = follow(
        [approach], fps=fps, seconds=3.0, score=lambda time: 0.3 if 0.8 < time < 2.4 else 0.8
    )
    assert one_track_each(ids)


def test_doubtful_detections_alone_start_nothing() -> None:
    ids = follow([approach], fps=25, seconds=2.0, score=lambda _: 0.4)
    assert ids == [[]]


def test_a_second_box_on_the_same_plate_starts_nothing() -> None:
    tracker = PlateTracker()
    inner, outer = Quad.from_box(100, 100, 180, 120), Quad.from_box(96, 98, 186, 124)
    for i in range(10):
        tracks = tracker.update([Detection(inner, 0.9), Detection(outer, 0.6)], time=i / 25)
        assert len(tracks) == 1


def test_states_of_a_life() -> None:
    tracker = PlateTracker()
    shown = [Detection(Quad.from_box(100, 100, 180, 120), 0.6)]

    def only(tracks: tuple[Track, ...]) -> Track:
        assert len(tracks) == 1
        return tracks[0]

    assert only(tracker.update(shown, time=0.0)).state is TrackState.TENTATIVE
    assert only(tracker.update(shown, time=0.1)).state is TrackState.ACTIVE
    lost = only(tracker.update([], time=0.2))
    assert (lost.state, lost.detection, lost.hits, lost.last_seen) == (
        TrackState.LOST,
        None,
        2,
        0.1,
    )
    assert only(tracker.update([], time=2.6)).state is TrackState.LOST
    assert only(tracker.update([], time=2.7)).state is TrackState.ENDED
    assert tracker.update([], time=2.8) == ()


def test_a_good_first_look_is_enough() -> None:
    tracker = PlateTracker()
    tracks = tracker.update([Detection(Quad.from_box(100, 100, 180, 120), 0.95)], time=0.0)
    assert [track.state for track in tracks] == [TrackState.ACTIVE]


def test_flicker_ends_soon() -> None:
    tracker = PlateTracker()
    tracker.update([Detection(Quad.from_box(100, 100, 180, 120), 0.6)], time=0.0)
    for time in (0.2, 0.4, 0.6):
        tracker.update([], time=time)
    assert [track.state for track in tracker.update([], time=0.8)] == [TrackState.ENDED]


def test_state_stays_small_over_a_long_replay() -> None:
    rng = random.Random(3)
    tracker = PlateTracker()
    living = []
    for i in range(6000):
        shown = [
            Detection(Quad.from_box(x, y, x + 60, y + 15), rng.uniform(0.2, 1.0))
            for x, y in (
                (rng.uniform(0, 1200), rng.uniform(0, 700)) for _ in range(rng.randrange(3))
            )
        ]
        living.append(len(tracker.update(shown, time=i / 5)))
    assert max(living[3000:]) <= max(living[:3000]) * 1.5
    assert max(living) < 60


def test_a_camera_that_shook_is_forgiven_while_it_shows_no_plate() -> None:
    def gate_after(pause: float) -> float:
        tracker = PlateTracker()
        rng = random.Random(3)
        for index in range(50):
            x = 600 + rng.choice((-30, 30))
            quad = Quad.from_box(x - 60, 390, x + 60, 410)
            tracker.update([Detection(quad, 0.9)], time=index / 25)
        for index in range(round(pause * 25)):
            tracker.update([], time=2 + index / 25)
        return tracker._unrest

    assert gate_after(0.0) > 1
    assert gate_after(60.0) < 0.01 * gate_after(0.0)
