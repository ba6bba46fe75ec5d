"""Time an engine over a recording: warm-up apart, each frame a sample, the best of several runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from time import perf_counter
from typing import Protocol

from lpr.errors import SourceError
from lpr.latency.reference import ReferenceWork
from lpr.latency.statistics import Summary, summarise
from lpr.types import Frame, FrameResult, PlateEvent, StageTimings

STAGES = tuple(field.name for field in fields(StageTimings))
_WITH_READINGS = ("rectify", "read")
"""Stages that run only where a plate is read; elsewhere they are timed, at next to nothing."""


class FrameProcessor(Protocol):
    """What is timed: an `lpr.Engine`, or whatever an integrator puts around one."""

    def process(self, frame: Frame) -> FrameResult:
        """Take the next frame."""
        ...

    def finish(self) -> tuple[PlateEvent, ...]:
        """End the recording."""
        ...


@dataclass(frozen=True, slots=True)
class Repetition:
    """One pass over the recording.

    Attributes:
        total: `process` from call to return.
        stages: the same time by stage, over the frames in which the stage ran; only stages that
            did.
        decode: waiting for the next frame of the source.
        busy: seconds inside `process` over all counted frames.
        waited: seconds inside the source over all counted frames.
        reference_seconds: seconds of the reference work around this pass; 0 where it was not run.
    """

    total: Summary
    stages: tuple[tuple[str, Summary], ...]
    decode: Summary
    busy: float
    waited: float
    reference_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LatencyRun:
    """Everything measured on one recording.

    Attributes:
        repetitions: each pass, in order.
        floor: of each frame its fastest pass. Slow frames stay, for they are slow in every pass;
            what a neighbour on a shared machine added to one of them is gone.
        frames: counted frames of a pass, warm-up excluded.
        warmup: frames processed before counting.
        width: of the first frame, pixels.
        height: of the first frame, pixels.
        plates: plates detected over the counted frames of the last pass.
        most_plates: most plates in one of these frames.
        readings: crops read over these frames.
        events: events made in the last pass, warm-up and end included.
        stage_floors: as `floor`, by stage, over the frames in which the stage ran.
    """

    repetitions: tuple[Repetition, ...]
    floor: Summary
    frames: int
    warmup: int
    width: int
    height: int
    plates: int
    most_plates: int
    readings: int
    events: int
    stage_floors: tuple[tuple[str, Summary], ...] = ()

    @property
    def best(self) -> Repetition:
        """The pass with the lowest p99.

        A neighbour on a shared machine only ever adds time, so the best pass is the closest to
        what the engine itself needs.
        """
        return min(self.repetitions, key=lambda run: run.total.p99)

    @property
    def fps(self) -> float:
        """Frames per second of the best pass, decoding excluded."""
        return self.frames / max(self.best.busy, 1e-9)

    @property
    def fps_with_decode(self) -> float:
        """Frames per second of the best pass, decoding included, one after the other."""
        return self.frames / max(self.best.busy + self.best.waited, 1e-9)


def measure(
    engine: FrameProcessor,
    open_frames: Callable[[], Iterable[Frame]],
    *,
    frames: int = 300,
    warmup: int = 10,
    repeat: int = 3,
    reference: ReferenceWork | None = None,
    clock: Callable[[], float] = perf_counter,
) -> LatencyRun:
    """Run `engine` over the first `warmup + frames` frames, `repeat` times.

    Args:
        engine: finished after each pass, so that each begins with no tracks.
        open_frames: gives the recording from its start, once a pass.
        frames: how many frames to count at most; a shorter recording counts what it has.
        warmup: frames processed and not counted: first runs of the networks are slower.
        repeat: passes over the recording.
        reference: run before and after each pass, to tell a slow machine from slow code.
        clock: returns seconds.

    Raises:
        SourceError: the recording has no frame behind the warm-up.
        ValueError: `frames` or `repeat` is below 1, or `warmup` below 0.
    """
    if frames < 1 or repeat < 1 or warmup < 0:
        raise ValueError("frames and repeat must be at least 1, warmup at least 0")
    passes = []
    for _ in range(repeat):
        before = reference.measure() if reference else 0.0
        tally = _one_pass(engine, islice(open_frames(), warmup + frames), warmup, clock)
        after = reference.measure() if reference else 0.0
        passes.append((tally, (before + after) / 2))
    last = passes[-1][0]
    return LatencyRun(
        repetitions=tuple(tally.repetition(speed) for tally, speed in passes),
        floor=summarise(
            [min(one) for one in zip(*(tally.totals for tally, _ in passes), strict=False)]
        ),
        frames=len(last.totals),
        warmup=warmup,
        width=last.size[0],
        height=last.size[1],
        plates=sum(last.plates),
        most_plates=max(last.plates),
        readings=last.readings,
        events=last.events,
        stage_floors=_by_stage(
            _fastest(one) for one in zip(*(tally.stages for tally, _ in passes), strict=False)
        ),
    )


class _Tally:
    """The samples of one pass."""

    def __init__(self) -> None:
        self.totals: list[float] = []
        self.waits: list[float] = []
        self.stages: list[dict[str, float]] = []
        self.plates: list[int] = []
        self.readings = 0
        self.events = 0
        self.size = (0, 0)

    def count(self, seconds: float, waited: float, result: FrameResult) -> None:
        self.totals.append(seconds)
        self.waits.append(waited)
        self.stages.append(
            {
                stage: taken
                for stage in STAGES
                if (taken := getattr(result.timings, stage)) > 0
                and (result.readings or stage not in _WITH_READINGS)
            }
        )
        self.plates.append(len(result.detections))
        self.readings += len(result.readings) + len(result.fused)

    def repetition(self, reference_seconds: float) -> Repetition:
        return Repetition(
            total=summarise(self.totals),
            stages=_by_stage(self.stages),
            decode=summarise(self.waits),
            busy=sum(self.totals),
            waited=sum(self.waits),
            reference_seconds=reference_seconds,
        )


def _by_stage(frames: Iterable[Mapping[str, float]]) -> tuple[tuple[str, Summary], ...]:
    """Each stage that ran, over the frames in which it did."""
    samples: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for frame in frames:
        for stage, seconds in frame.items():
            samples[stage].append(seconds)
    return tuple((stage, summarise(one)) for stage, one in samples.items() if one)


def _fastest(passes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of one frame's stages the fastest pass each."""
    stages = {stage for one in passes for stage in one}
    return {stage: min(one[stage] for one in passes if stage in one) for stage in stages}


def _one_pass(
    engine: FrameProcessor, frames: Iterator[Frame], warmup: int, clock: Callable[[], float]
) -> _Tally:
    tally = _Tally()
    seen = 0
    asked = clock()
    for frame in frames:
        started = clock()
        result = engine.process(frame)
        done = clock()
        if seen >= warmup:
            tally.count(done - started, started - asked, result)
        tally.size = tally.size if seen else (frame.image.shape[1], frame.image.shape[0])
        tally.events += len(result.events)
        seen += 1
        asked = clock()
    tally.events += len(engine.finish())
    if not tally.totals:
        raise SourceError(
            f"the recording has {seen} frames, all used for warm-up ({warmup}); use a longer one"
        )
    return tally
