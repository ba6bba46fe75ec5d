from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lpr.geometry import Quad
from lpr.latency.measure import LatencyRun, Repetition
from lpr.latency.statistics import summarise
from lpr.pytest_plugin import CheckedRun, LatencyMeter, lpr_latency
from lpr.types import Detection, Frame, FrameResult, PlateEvent, StageTimings

__all__ = ["lpr_latency"]


class OnePlateEngine:
    """Sees one plate in every frame and takes no time."""

    def __init__(self) -> None:
        self.frames = 0

    def process(self, frame: Frame) -> FrameResult:
        self.frames += 1
        found = (Detection(Quad.from_box(1, 1, 9, 4), 0.9),)
        return FrameResult(frame.index, frame.time, found, (), (), (), StageTimings())

    def finish(self) -> tuple[PlateEvent, ...]:
        return ()


def checked(plates: int = 3) -> CheckedRun:
    pass_ = Repetition(
        total=summarise([0.004] * 9 + [0.060]),
        stages=(("detect", summarise([0.003])),),
        decode=summarise([0.001]),
        busy=0.1,
        waited=0.01,
    )
    return CheckedRun(LatencyRun((pass_,), pass_.total, 10, 0, 64, 36, plates, 1, 1, 1))


def test_the_fixture_times_an_engine_on_a_clip(lpr_latency: LatencyMeter, samples: Path) -> None:
    engine = OnePlateEngine()
    result = lpr_latency(engine, samples / "day-approach.mp4", frames=4, warmup=1, repeat=2)
    assert engine.frames == 10
    assert (result.run.frames, result.run.width, result.run.height) == (4, 1280, 720)
    result.check(p99_ms=1e9, median_ms=1e9, plates=4)
    with pytest.raises(AssertionError, match="only 4 plates were detected in 4 frames"):
        result.check(p99_ms=1e9, plates=5)


def test_limits_that_hold_say_nothing() -> None:
    checked().check(p99_ms=60.0, median_ms=4.0)


def test_a_missed_limit_shows_every_stage() -> None:
    with pytest.raises(AssertionError, match=r"p99 of a frame is 60\.0 ms, the limit 50 ms\n  det"):
        checked().check(p99_ms=50)
    with pytest.raises(AssertionError, match=r"median of a frame is 4\.0 ms, the limit 3 ms"):
        checked().check(p99_ms=100, median_ms=3)


def test_an_engine_that_sees_nothing_is_not_fast() -> None:
    with pytest.raises(AssertionError, match="only 0 plates"):
        checked(plates=0).check(p99_ms=100)
    checked(plates=0).check(p99_ms=100, plates=0)


def test_every_pytest_run_can_afford_the_plugin() -> None:
    code = (
        "import sys, lpr.pytest_plugin; "
        "print(sorted({'numpy', 'cv2', 'onnxruntime', 'av', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
