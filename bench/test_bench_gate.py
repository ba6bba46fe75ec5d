"""The hard gate by itself: `python -m pytest bench/test_bench_gate.py --benchmark-disable`."""

from __future__ import annotations

from time import perf_counter

import cv2

from bench.figures import frames, latency
from bench.gate import BUDGETS, HARD
from lpr.latency.budget import judge, load_budgets


def test_p99_of_a_720p_frame_with_one_plate_is_under_100_ms() -> None:
    """The promise, end to end on one thread; of each frame its fastest of three passes."""
    cv2.setNumThreads(1)
    budgets = load_budgets(BUDGETS)
    run = latency(frames("720p", 1), perf_counter)
    assert run.plates > run.frames // 2, "an engine that sees nothing is fast and useless"
    found = judge(
        budgets.find(HARD),
        [(run.floor.p99, one.reference_seconds * 1e3) for one in run.repetitions],
        reference_ms=budgets.reference_ms,
    )
    assert found.passed, f"the promise of 100 ms a frame is broken: {found.line()}"
