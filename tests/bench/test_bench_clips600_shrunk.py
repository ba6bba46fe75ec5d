"""Clips as a camera of fewer pixels shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.clips600.score import score_folder
from bench.clips600.shrunk import ShrunkSource
from lpr.errors import ConfigError, SourceError
from lpr.testing import ListSource, blank_frame


def test_frames_get_smaller_and_nothing_else() -> None:
    source = ListSource([blank_frame(n, n / 10, width=65, height=37, camera="x") for n in (3, 5)])
    with ShrunkSource(source, 0.5) as frames:
        shown = list(frames)
    assert [frame.image.shape for frame in shown] == [(18, 32, 3)] * 2
    assert [(frame.index, frame.time, frame.camera) for frame in shown] == [
        (3, 0.3, "x"),
        (5, 0.5, "x"),
    ]
    assert source.closed


def test_a_source_that_breaks_says_so() -> None:
    source = ListSource([blank_frame(0, 0.0)], SourceError("cut off"))
    with pytest.raises(SourceError, match="cut off"), ShrunkSource(source, 0.01) as frames:
        list(frames)
    assert source.closed


@pytest.mark.parametrize("scale", [0.0, -1.0, 1.5])
def test_a_scale_is_a_share(scale: float, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--scale"):
        score_folder(tmp_path, scale=scale)
