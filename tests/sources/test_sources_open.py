from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import lpr.sources
from lpr.errors import SourceError
from lpr.sources import LiveOptions, PictureSource, VideoSource, open_source


def test_each_kind_opens(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    video = make_video(count=3)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        assert cv2.imwrite(str(folder / name), np.zeros((6, 8, 3), np.uint8))
    with open_source(video, camera="gate") as source:
        assert isinstance(source, VideoSource)
        assert [frame.camera for frame in source] == ["gate"] * 3
    with open_source(str(folder), fps=5) as source:
        assert isinstance(source, PictureSource)
        assert [frame.time for frame in source] == [0.0, 0.2]
    with open_source(folder / "a.png") as source:
        assert [frame.image.shape for frame in source] == [(6, 8, 3)]
        assert source.info.name == "a.png"


def test_errors_come_before_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("text")
    for address in (tmp_path / "a.mp4", tmp_path / "none.mp4", tmp_path):
        with pytest.raises(SourceError):
            open_source(address)
    with pytest.raises(SourceError, match="threads must be at least 1"):
        open_source(tmp_path, threads=0)


def test_a_webcam_that_is_not_there() -> None:
    with pytest.raises(SourceError, match=r"^webcam 77: "):
        open_source("77")


def test_live_options_are_checked() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        LiveOptions(timeout=0)
    with pytest.raises(ValueError, match="at most the maximum"):
        LiveOptions(retry_delay=3, max_retry_delay=2)


def test_every_public_name_is_there() -> None:
    for name in lpr.sources.__all__:
        assert getattr(lpr.sources, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lpr.sources.nothing
