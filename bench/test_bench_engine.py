"""Whole frames, by size and number of plates: `python -m pytest bench/test_bench_engine.py`."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench import pictures
from bench.workloads import FRAME_TIME
from lpr.factory import build_engine
from lpr.latency.statistics import summarise
from lpr.types import Frame, FrameResult

WARM_UP = 12
ROUNDS = 48


@pytest.mark.parametrize("plates", [0, 1, 3])
@pytest.mark.parametrize("size", list(pictures.SIZES))
def test_engine_process(size: str, plates: int, benchmark: BenchmarkFixture) -> None:
    cv2.setNumThreads(1)
    engine = build_engine(camera="bench")
    frames = walk(size, plates)
    results: list[FrameResult] = []

    def work(frame: Frame) -> None:
        results.append(engine.process(frame))

    for _ in range(WARM_UP):
        work(next(frames))
    results.clear()
    benchmark.group = f"engine {size}"
    # Each round takes the next frame; fetching it is not timed.
    benchmark.pedantic(work, setup=lambda: ((next(frames),), {}), rounds=ROUNDS)  # type: ignore[no-untyped-call]
    benchmark.extra_info["plates_found"] = sum(len(one.detections) for one in results)
    benchmark.extra_info["crops_read"] = sum(len(one.readings) + len(one.fused) for one in results)
    if benchmark.stats is not None:
        found = summarise(benchmark.stats.stats.data)
        benchmark.extra_info.update(
            p50_ms=round(found.median, 3),
            p95_ms=round(found.p95, 3),
            p99_ms=round(found.p99, 3),
            fps=round(1e3 / found.median, 1),
        )


def walk(size: str, plates: int) -> Iterator[Frame]:
    """Frames one by one: a second of 4K pictures at once would not fit into memory."""
    for number, picture in enumerate(pictures.walk(size, plates, WARM_UP + ROUNDS)):
        yield Frame(picture, number, number * FRAME_TIME, "bench")
