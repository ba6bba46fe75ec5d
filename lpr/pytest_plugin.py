"""A pytest fixture for projects that embed the engine: their own latency test in two lines.

def test_the_gate_stays_fast(lpr_latency):
    lpr_latency(lpr.build_engine(), "clips/our-gate.mp4").check(p99_ms=50)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lpr.latency.measure import FrameProcessor, LatencyRun


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A latency run that can be held to limits.

    Attributes:
        run: everything that was measured.
    """

    run: LatencyRun

    def check(self, *, p99_ms: float, median_ms: float | None = None, plates: int = 1) -> None:
        """Fail the test beyond a limit.

        Args:
            p99_ms: what 99 of 100 frames of the best pass may take at most, milliseconds.
            median_ms: what half of them may take at most; None sets no limit.
            plates: detections that the timed frames must have brought together, one for each plate
                in each frame: an engine that sees nothing is fast.

        Raises:
            AssertionError: a limit is missed; the message shows every stage.
        """
        total = self.run.best.total
        if self.run.plates < plates:
            raise AssertionError(
                f"only {self.run.plates} plates were detected in {self.run.frames} frames: "
                "the latency of an engine that sees nothing says nothing"
            )
        if total.p99 > p99_ms:
            raise AssertionError(
                f"p99 of a frame is {total.p99:.1f} ms, the limit {p99_ms:g} ms{self._stages()}"
            )
        if median_ms is not None and total.median > median_ms:
            raise AssertionError(
                f"median of a frame is {total.median:.1f} ms, the limit {median_ms:g} ms"
                f"{self._stages()}"
            )

    def _stages(self) -> str:
        return "".join(
            f"\n  {name}: median {one.median:.2f} ms, p99 {one.p99:.2f} ms"
            for name, one in self.run.best.stages
        )


class LatencyMeter:
    """Times an engine on a clip."""

    def __call__(
        self,
        engine: FrameProcessor,
        clip: str | Path,
        *,
        frames: int = 300,
        warmup: int = 10,
        repeat: int = 3,
    ) -> CheckedRun:
        """Run the engine over the clip's frames, `repeat` times; the best pass is judged.

        Args:
            engine: an `lpr.Engine`, or what was built around one.
            clip: what `lpr.open_source` takes.
            frames: frames to time at most.
            warmup: frames before timing starts.
            repeat: passes over the clip.

        Raises:
            SourceError: the clip cannot be read, or is no longer than the warm-up.
        """
        from lpr.latency.measure import measure
        from lpr.latency.play import play

        return CheckedRun(
            measure(engine, lambda: play(clip), frames=frames, warmup=warmup, repeat=repeat)
        )


@pytest.fixture
def lpr_latency() -> LatencyMeter:
    """Times an engine on a clip; see `lpr.pytest_plugin`."""
    return LatencyMeter()
