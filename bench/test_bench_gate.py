"""The hard gate by itself: `python -m pytest bench/test_bench_gate.py --benchmark-disable`."""

from __future__ import annotations

import cv2

from bench.figures import frames, promise
from bench.gate import BUDGETS, HARD
from lpr.latency.budget import judge, load_budgets


def test_p99_of_a_720p_frame_with_one_plate_is_under_100_ms() -> None:
    """The promise, end to end on one thread; of each frame its fastest pass."""
    cv2.setNumThreads(1)
    budgets = load_budgets(BUDGETS)
    found = judge(budgets.find(HARD), promise(frames("720p", 1)), reference_ms=budgets.reference_ms)
    assert found.passed, f"the promise of 100 ms a frame is broken: {found.line()}"
