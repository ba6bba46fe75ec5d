from __future__ import annotations

import threading
from pathlib import Path

from lpr.latency.play import play


def test_nothing_is_decoded_while_a_frame_is_timed(samples: Path) -> None:
    """What decodes ahead takes the core from the frame, and shows nowhere as decoding."""
    before = threading.active_count()
    frames = play(samples / "day-approach.mp4")
    assert next(frames).index == 0
    assert threading.active_count() == before
    assert sum(1 for _ in frames) == 59
