from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.sources.clock import LiveClock, MediaClock

stamps = st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


@settings(max_examples=50, deadline=None)
@given(st.lists(stamps, max_size=50))
def test_media_time_rises_whatever_comes(values: list[float | None]) -> None:
    clock = MediaClock(0.04)
    times = [clock.time(value) for value in values]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert all(math.isfinite(value) for value in times)
    assert not times or times[0] == 0.0


def test_sound_timestamps_are_kept() -> None:
    clock = MediaClock(0.04)
    assert [clock.time(value) for value in (5.0, 5.04, 5.2, 9.0)] == pytest.approx(
        [0, 0.04, 0.2, 4.0]
    )
    assert clock.repaired == 0


def test_missing_timestamps_continue_at_the_nominal_rate() -> None:
    clock = MediaClock(0.1)
    assert [clock.time(value) for value in (0.0, None, None, 0.3)] == pytest.approx(
        [0, 0.1, 0.2, 0.3]
    )
    assert clock.repaired == 2
    without = MediaClock(0.1)
    assert [without.time(value) for value in (None, None, 7.0, 7.1)] == pytest.approx(
        [0, 0.1, 0.2, 0.3]
    )
    assert without.repaired == 0, "a bare stream has none, and lacks none"


def test_a_duplicate_is_nudged_and_forgotten() -> None:
    clock = MediaClock(0.1)
    times = [clock.time(value) for value in (0.0, 0.1, 0.1, 0.2, 0.3)]
    assert times == pytest.approx([0, 0.1, 0.11, 0.2, 0.3])
    assert clock.repaired == 1


def test_timestamps_that_stand_still_do_not_slow_time_down() -> None:
    clock = MediaClock(0.1)
    times = [clock.time(value) for value in (0.0, *[0.1] * 100, 10.2, 10.3)]
    assert times[100] == pytest.approx(10.0 - 0.9 * 2.0, abs=0.2)
    assert times[-2:] == pytest.approx([10.2, 10.3])


@pytest.mark.parametrize("step", [1 / 30, 1 / 25, 1 / 60])
@pytest.mark.parametrize(("alike", "apart"), [(60, 1.0), (31, 1.0), (5, 0.1), (3, 0.04)])
def test_coarse_timestamps_keep_time(step: float, alike: int, apart: float) -> None:
    clock = MediaClock(step)
    times = [clock.time(index // alike * apart) for index in range(30 * alike)]
    assert times[-1] == pytest.approx(29 * apart, abs=apart)


def test_pictures_that_are_hours_apart_keep_their_time() -> None:
    clock = MediaClock(0.04)
    times = [clock.time(7200.0 * index) for index in range(12)]
    assert times == pytest.approx([0, 0.04, *(7200.0 * index for index in range(2, 12))])


def test_one_timestamp_in_a_far_future_moves_nothing() -> None:
    clock = MediaClock(0.1)
    times = [clock.time(value) for value in (0.0, 0.1, 90_000.0, 0.3, 0.4)]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert clock.repaired == 1


def test_a_long_gap_that_the_next_frame_confirms_is_one() -> None:
    clock = MediaClock(0.1)
    times = [clock.time(value) for value in (0.0, 0.1, 7200.0, 7200.1, 7200.2)]
    assert times == pytest.approx([0, 0.1, 0.2, 7200.1, 7200.2])


def test_a_joined_stream_goes_on() -> None:
    clock = MediaClock(0.1)
    times = [clock.time(value) for value in (50.0, 50.1, 0.0, 0.1, 0.2)]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_a_join_that_lies_back_less_than_a_second_goes_on_at_the_same_pace() -> None:
    clock = MediaClock(0.04)
    stamps = [0.04 * number for number in range(20)]
    times = [clock.time(value) for value in (*stamps, *stamps)]
    assert times[-1] == pytest.approx(39 * 0.04, abs=0.05)


@settings(max_examples=50, deadline=None)
@given(st.floats(allow_nan=True))
def test_a_useless_rate_falls_back(step: float) -> None:
    assert 0 < MediaClock(step).step < math.inf


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(stamps, st.floats(0, 20)), max_size=50))
def test_live_time_rises_whatever_comes(values: list[tuple[float | None, float]]) -> None:
    clock, arrival, times = LiveClock(), 100.0, []
    for pts, gap in values:
        arrival += gap
        times.append(clock.time(pts, arrival=arrival, wall=1.7e9 + arrival))
    assert all(later > earlier for earlier, later in pairwise(times))


def test_live_time_is_free_of_network_jitter() -> None:
    clock = LiveClock()
    jitter = [0.0, 0.2, 0.05, 0.3, 0.0]
    times = [
        clock.time(50 + 0.1 * i, arrival=10 + 0.1 * i + late, wall=1000.0)
        for i, late in enumerate(jitter)
    ]
    assert times == pytest.approx([1000 + 0.1 * i for i in range(5)])


def test_frames_buffered_before_the_first_do_not_put_time_ahead() -> None:
    """A server sends its last second at once: the burst must not make all later frames "new"."""
    clock = LiveClock()
    arrivals = [10.0 + 0.001 * i for i in range(10)] + [10.1 + 0.1 * i for i in range(20)]
    times = [clock.time(0.1 * i, arrival=at, wall=at) for i, at in enumerate(arrivals)]
    assert all(after > before for before, after in pairwise(times))
    assert times[-1] == pytest.approx(arrivals[-1], abs=0.02)
    steps = [after - before for before, after in pairwise(times)]
    assert min(steps) > 0.049
    assert steps[-8:] == pytest.approx([0.1] * 8)


def test_the_wall_clock_is_asked_once() -> None:
    clock = LiveClock()
    first = clock.time(0.0, arrival=0.0, wall=1000.0)
    second = clock.time(0.1, arrival=0.1, wall=99_999.0)
    assert second - first == pytest.approx(0.1)


@pytest.mark.parametrize("jump", [26.5, 3600.0, -3600.0, 1e6])
def test_a_jump_of_the_cameras_timestamps_is_not_a_jump_in_time(jump: float) -> None:
    clock = LiveClock()
    times = [clock.time(i * 0.1, arrival=i * 0.1, wall=0.0) for i in range(5)]
    times += [clock.time(i * 0.1 + jump, arrival=i * 0.1, wall=0.0) for i in range(5, 10)]
    assert times == pytest.approx([i * 0.1 for i in range(10)])
    assert clock.jumps == 1


def test_a_stall_of_the_network_is_no_jump() -> None:
    """Four seconds of nothing, then all at once: the frames keep the times they were taken."""
    clock = LiveClock()
    times = []
    for i in range(150):
        taken = 0.1 * i
        arrival = max(taken, 8.0) + 0.001 * i if 4.0 < taken < 8.0 else taken + 0.001 * i / 1000
        times.append(clock.time(taken, arrival=arrival, wall=0.0))
    assert times == pytest.approx([0.1 * i for i in range(150)], abs=0.06)
    assert clock.jumps == 0


def test_a_camera_that_stopped_its_clock_is_late_for_a_while_only() -> None:
    clock = LiveClock()
    for i in range(20):
        clock.time(0.1 * i, arrival=0.1 * i, wall=0.0)
    times = [clock.time(0.1 * i, arrival=0.1 * i + 30, wall=0.0) for i in range(20, 100)]
    assert times[0] == pytest.approx(2.0, abs=0.1)
    assert times[-1] == pytest.approx(9.9 + 30, abs=0.1)
    assert clock.jumps == 1


@pytest.mark.parametrize("frozen_at", [0.0, 5.0])
def test_frames_with_one_timestamp_get_their_arrival_times(frozen_at: float) -> None:
    clock = LiveClock()
    arrivals = [0.04 * i for i in range(1000)]
    times = [clock.time(min(at, frozen_at), arrival=at, wall=0.0) for at in arrivals]
    assert times == pytest.approx(arrivals, abs=0.55)
    assert times[-800:] == pytest.approx(arrivals[-800:], abs=1e-6)
    assert clock.jumps == 1


def test_a_clock_that_goes_on_is_believed_again() -> None:
    clock = LiveClock()
    stamps = [0.04 * i if not 100 <= i < 200 else 4.0 for i in range(300)]
    times = [clock.time(pts, arrival=0.04 * i, wall=0.0) for i, pts in enumerate(stamps)]
    late = [clock.time(12.0 + 0.04 * i, arrival=12.0 + 0.05 * i, wall=0.0) for i in range(20)]
    assert times[150:] == pytest.approx([0.04 * i for i in range(150, 300)], abs=1e-6)
    assert late == pytest.approx([12.0 + 0.04 * i for i in range(20)], abs=1e-6)


@pytest.mark.parametrize("rate", [0.5, 0.9])
def test_a_slow_camera_clock_is_given_up_until_the_next_connection(rate: float) -> None:
    clock = LiveClock()
    times = [clock.time(0.04 * i * rate, arrival=0.04 * i, wall=0.0) for i in range(5000)]
    steps = [after - before for before, after in pairwise(times)]
    assert sum(step > 1.0 for step in steps) == clock.jumps == 2
    assert times[-2500:] == pytest.approx([0.04 * i for i in range(2500, 5000)], abs=1e-6)
    clock.restart()
    assert clock.time(7.0, arrival=300.0, wall=0.0) == pytest.approx(300.0)
    assert clock.time(7.1, arrival=300.3, wall=0.0) == pytest.approx(300.1)


@pytest.mark.parametrize("rate", [2.5, 4.0, 10.0])
def test_a_fast_camera_clock_does_not_run_away(rate: float) -> None:
    """A camera that sends fewer frames than its timestamps count, as in the dark."""
    clock = LiveClock()
    arrivals = [0.04 * i for i in range(5000)]
    times = [clock.time(at * rate, arrival=at, wall=0.0) for at in arrivals]
    assert all(after > before for before, after in pairwise(times))
    assert times[-2500:] == pytest.approx(arrivals[-2500:], abs=1e-6)
    assert clock.jumps == 1
    clock.restart()
    assert clock.time(7.0, arrival=300.0, wall=0.0) == pytest.approx(300.0)
    assert clock.time(7.1, arrival=300.3, wall=0.0) == pytest.approx(300.1)


@pytest.mark.parametrize("speed", [3.0, 10.0, 100.0])
def test_twenty_seconds_at_once_are_no_fast_clock(speed: float) -> None:
    """A playlist's first segments come as fast as the network brings them."""
    clock = LiveClock()
    arrivals = [max(0.04 * i / speed, 0.04 * i - 20.0) for i in range(3000)]
    times = [clock.time(0.04 * i, arrival=at, wall=0.0) for i, at in enumerate(arrivals)]
    steps = [after - before for before, after in pairwise(times)]
    assert min(steps) > 0.019
    assert steps[-500:] == pytest.approx([0.04] * 500)
    assert clock.jumps == 0


def test_whole_seconds_are_no_timestamps() -> None:
    clock = LiveClock()
    arrivals = [0.04 * i for i in range(500)]
    times = [clock.time(float(int(at)), arrival=at, wall=0.0) for at in arrivals]
    assert times[-400:] == pytest.approx(arrivals[-400:], abs=1e-6)


def test_a_new_connection_counts_the_gap() -> None:
    clock = LiveClock()
    clock.time(500.0, arrival=0.0, wall=0.0)
    clock.restart()
    assert clock.time(0.0, arrival=7.0, wall=0.0) == pytest.approx(7.0)
    assert clock.jumps == 0


@pytest.mark.parametrize("rate", [1.0005, 0.9995])
def test_a_day_of_drift_never_steps(rate: float) -> None:
    """A camera's clock 500 parts in a million wrong: half a minute in a day."""
    clock, last, worst = LiveClock(), 0.0, 0.0
    for second in range(86_400):
        time = clock.time(second * rate, arrival=float(second), wall=0.0)
        worst = max(worst, abs(time - last - 1.0)) if second else 0.0
        last = time
        assert abs(time - second) < 0.6
    assert worst < 0.002
    assert clock.jumps == 0
