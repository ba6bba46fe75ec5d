"""Every figure that has a budget, measured."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, thread_time

import cv2

from bench import pictures, processes
from bench.workloads import FRAME_TIME, VOTE_FRAMES, detect, read, track_vote
from lpr.factory import build_engine
from lpr.latency.measure import LatencyRun, measure
from lpr.latency.reference import ReferenceWork
from lpr.latency.statistics import Summary, summarise
from lpr.types import Frame

Figures = dict[str, list[tuple[float, float]]]
"""Name -> for each repetition the figure and milliseconds of the reference work then."""

REPEAT = 3
REPEAT_BUSY = 7
PROMISE_MS = 100.0
FRAMES = 84
_WARM_UP = 12


def measure_all() -> Figures:
    """Measure everything that `budgets.toml` names, in about a minute of a quiet machine."""
    cv2.setNumThreads(1)
    figures: Figures = {}
    one = frames("720p", 1)
    figures["hard.frame-720p-1.p99"] = promise(one)
    run = latency(one, thread_time)
    if run.plates < run.frames // 2:
        raise RuntimeError(
            f"plates were found in {run.plates} of {run.frames} frames that all show one: "
            "the latency of an engine that sees nothing says nothing"
        )
    figures["frame-720p-1.median"] = _pick(run, lambda it: it.median)
    figures["frame-720p-1.p99"] = _pick(run, lambda it: it.p99)
    empty = latency(frames("720p", 0), thread_time)
    figures["frame-720p-0.median"] = _pick(empty, lambda it: it.median)
    figures["detect-720p.median"] = _stage(detect())
    figures["read-1.median"] = _stage(read(1)())
    votes = _stage(track_vote(5)(), calls=10)
    figures["track-vote-5.frame"] = [(ms / VOTE_FRAMES, speed) for ms, speed in votes]
    figures.update(_process_figures())
    return figures


def promise(walk: list[Frame]) -> list[tuple[float, float]]:
    """p99 over each frame's fastest pass, wall clock; more passes where neighbours were too busy.

    A disturbed frame is fast in another pass, a slow one in none: more passes excuse nothing.
    """
    found = []
    for repeat in (REPEAT, REPEAT_BUSY):
        p99 = latency(walk, perf_counter, repeat=repeat).floor.p99
        found.append((p99, 0.0))
        if p99 <= PROMISE_MS:
            break
    return found


def frames(size: str, plates: int, count: int = _WARM_UP + FRAMES) -> list[Frame]:
    """A walk over real photographs as frames."""
    return [
        Frame(picture, number, number * FRAME_TIME, "bench")
        for number, picture in enumerate(pictures.walk(size, plates, count))
    ]


def latency(
    walk: list[Frame], clock: Callable[[], float], *, repeat: int = REPEAT, warmup: int = _WARM_UP
) -> LatencyRun:
    """Time a one-thread engine on a walk.

    Args:
        walk: the frames, warm-up included.
        clock: `perf_counter` for what a user waits; `thread_time` for what the engine works, which
            is the same on a machine of one's own and is not stretched by neighbours that get the
            core in between.
        repeat: passes.
        warmup: frames not counted.
    """
    return measure(
        build_engine(camera="bench"),
        lambda: walk,
        frames=len(walk) - warmup,
        warmup=warmup,
        repeat=repeat,
        reference=ReferenceWork(clock=clock),
        clock=clock,
    )


def _pick(run: LatencyRun, part: Callable[[Summary], float]) -> list[tuple[float, float]]:
    return [(part(one.total), one.reference_seconds * 1e3) for one in run.repetitions]


def _stage(call: Callable[[], object], calls: int = 30) -> list[tuple[float, float]]:
    reference = ReferenceWork(clock=thread_time)
    for _ in range(5):
        call()
    found = []
    for _ in range(REPEAT):
        before = reference.measure()
        samples = []
        for _ in range(calls):
            started = thread_time()
            call()
            samples.append(thread_time() - started)
        speed = (before + reference.measure()) / 2
        found.append((summarise(samples).median, speed * 1e3))
    return found


def _process_figures() -> Figures:
    reference = ReferenceWork()
    figures: Figures = {"run.cold-start": [], "run.peak-memory": [], "run.frame": [], "import": []}
    for _ in range(REPEAT):
        speed = reference.measure()
        run = processes.cold_run()
        figures["import"].append((processes.import_seconds(), speed * 1e3))
        speed = (speed + reference.measure()) / 2 * 1e3
        figures["run.cold-start"].append((run.first_event, speed))
        figures["run.peak-memory"].append((run.peak / 2**20, 0.0))
        figures["run.frame"].append((processes.throughput(), speed))
    resident, idle = processes.steady()
    figures["steady-memory"] = [(resident / 2**20, 0.0)]
    figures["idle.cpu"] = [(idle, 0.0)]
    figures["stalled.cpu"] = [(processes.stalled(), 0.0)]
    figures["wheel"] = [(processes.wheel_bytes() / 2**20, 0.0)]
    for name, size in processes.model_bytes().items():
        figures[f"model.{name}"] = [(size / 2**20, 0.0)]
    return figures
