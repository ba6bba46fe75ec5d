from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lpr.errors import SourceError
from lpr.geometry import Quad
from lpr.latency.measure import measure
from lpr.latency.reference import ReferenceWork
from lpr.testing import blank_frame, sure_reading
from lpr.types import Detection, Frame, FrameResult, PlateEvent, StageTimings, TrackReading


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TimedEngine:
    """Takes as long for each frame as its script says, pass after pass."""

    def __init__(self, clock: Clock, *passes: list[float]) -> None:
        self._clock, self._passes = clock, [list(one) for one in passes]
        self.finished = 0

    def process(self, frame: Frame) -> FrameResult:
        seconds = self._passes[self.finished].pop(0)
        self._clock.now += seconds
        found = (Detection(Quad.from_box(1, 1, 9, 4), 0.9),)
        read = (TrackReading(1, sure_reading("AB1")),)
        timings = StageTimings(detect=seconds * 0.75, read=seconds * 0.25)
        return FrameResult(frame.index, frame.time, found, (), read, (), timings)

    def finish(self) -> tuple[PlateEvent, ...]:
        self.finished += 1
        return ()


def recording(clock: Clock, count: int, decode: float = 0.002) -> Iterator[Frame]:
    for number in range(count):
        clock.now += decode
        yield blank_frame(number, number / 25)


def test_each_frame_is_a_sample_and_warm_up_is_apart() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [9.0, 0.010, 0.020, 0.040])
    run = measure(engine, lambda: recording(clock, 4), warmup=1, repeat=1, clock=clock)
    assert run.frames == 3
    assert run.best.total.median == pytest.approx(20.0)
    assert run.best.total.p99 == pytest.approx(40.0)
    assert run.best.decode.median == pytest.approx(2.0)
    assert [name for name, _ in run.best.stages] == ["detect", "read"]
    assert dict(run.best.stages)["detect"].median == pytest.approx(15.0)
    assert (run.width, run.height, run.plates, run.most_plates, run.readings) == (64, 36, 3, 1, 3)


class RarelyReading(TimedEngine):
    """Reads in the frames whose script says more than 10 ms; the stage is timed in all of them."""

    def process(self, frame: Frame) -> FrameResult:
        result = super().process(frame)
        if result.timings.total > 0.010:
            return result
        timings = StageTimings(detect=result.timings.total, read=1e-6)
        return replace(result, readings=(), timings=timings)


def test_a_stage_is_measured_over_the_frames_in_which_it_ran() -> None:
    clock = Clock()
    engine = RarelyReading(clock, [0.004] * 9 + [0.040])
    run = measure(engine, lambda: recording(clock, 10), warmup=0, repeat=1, clock=clock)
    stages = dict(run.best.stages)
    assert (stages["read"].count, stages["detect"].count) == (1, 10)
    assert stages["read"].median == pytest.approx(10.0)
    assert stages["detect"].median == pytest.approx(4.0)


def test_the_floor_of_a_stage_is_each_frames_fastest_pass() -> None:
    clock = Clock()
    engine = RarelyReading(clock, [0.004, 0.040, 0.400], [0.004, 0.400, 0.080])
    run = measure(engine, lambda: recording(clock, 3), warmup=0, repeat=2, clock=clock)
    read = dict(run.stage_floors)["read"]
    assert (read.count, read.best, read.worst) == pytest.approx((2, 10.0, 20.0))


def test_throughput_with_and_without_decoding() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [0.008, 0.008])
    run = measure(engine, lambda: recording(clock, 2), warmup=0, repeat=1, clock=clock)
    assert run.fps == pytest.approx(125.0)
    assert run.fps_with_decode == pytest.approx(100.0)


def test_the_pass_with_the_lowest_p99_counts() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [0.01, 0.5], [0.02, 0.03], [0.01, 0.2])
    run = measure(engine, lambda: recording(clock, 2), warmup=0, repeat=3, clock=clock)
    assert engine.finished == 3
    assert run.best.total.p99 == pytest.approx(30.0)


def test_the_floor_keeps_slow_frames_and_drops_disturbed_ones() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [0.01, 0.5, 0.04], [0.3, 0.01, 0.05])
    run = measure(engine, lambda: recording(clock, 3), warmup=0, repeat=2, clock=clock)
    assert run.best.total.p99 == pytest.approx(300.0)
    assert run.floor.median == pytest.approx(10.0)
    assert run.floor.p99 == pytest.approx(40.0)


def test_frames_behind_the_limit_are_not_processed() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [0.01, 0.01, 0.01])
    run = measure(engine, lambda: recording(clock, 9), frames=2, warmup=1, repeat=1, clock=clock)
    assert run.frames == 2


def test_a_recording_that_warm_up_eats_is_refused() -> None:
    clock = Clock()
    engine = TimedEngine(clock, [0.01, 0.01])
    with pytest.raises(SourceError, match="has 2 frames, all used for warm-up"):
        measure(engine, lambda: recording(clock, 2), warmup=5, repeat=1, clock=clock)


@pytest.mark.parametrize(("frames", "warmup", "repeat"), [(0, 0, 1), (1, -1, 1), (1, 0, 0)])
def test_counts_must_make_sense(frames: int, warmup: int, repeat: int) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="at least"):
        measure(
            TimedEngine(clock),
            lambda: recording(clock, 1),
            frames=frames,
            warmup=warmup,
            repeat=repeat,
        )


def test_the_reference_work_is_always_the_same_and_timed_by_its_clock() -> None:
    clock = Clock()
    work = ReferenceWork(clock=clock)
    assert work.run() == work.run()
    assert work.measure(rounds=3) == 0.0


def test_the_speed_of_the_machine_is_kept_with_each_pass() -> None:
    ticks = iter(range(10_000))
    run = measure(
        TimedEngine(Clock(), [0.01]),
        lambda: recording(Clock(), 1),
        warmup=0,
        repeat=1,
        reference=ReferenceWork(clock=lambda: float(next(ticks))),
    )
    assert run.best.reference_seconds == 1.0
