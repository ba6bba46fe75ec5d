"""Each stage by itself: `python -m pytest bench/test_bench_stages.py`."""

from __future__ import annotations

import cv2
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.workloads import WORKLOADS
from lpr.latency.statistics import summarise

STAGES = [name for name in WORKLOADS if not name.startswith("engine-")]


@pytest.mark.parametrize("name", STAGES)
def test_stage(name: str, benchmark: BenchmarkFixture) -> None:
    cv2.setNumThreads(1)
    call = WORKLOADS[name]()
    benchmark.group = name.split("-")[0]
    benchmark.pedantic(call, rounds=40, warmup_rounds=5)  # type: ignore[no-untyped-call]
    note_percentiles(benchmark)


def note_percentiles(benchmark: BenchmarkFixture) -> None:
    """Put p50, p95 and p99 beside pytest-benchmark's own columns; a mean hides a slow frame."""
    if benchmark.stats is None:  # --benchmark-disable
        return
    found = summarise(benchmark.stats.stats.data)
    benchmark.extra_info.update(
        p50_ms=round(found.median, 3), p95_ms=round(found.p95, 3), p99_ms=round(found.p99, 3)
    )
