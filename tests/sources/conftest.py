"""Tiny videos and sounds, made by the tests that need them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

VideoMaker = Callable[..., Path]


def grey_level(index: int) -> int:
    """The brightness of frame `index` in the generated videos."""
    return 20 + (index * 7) % 200


def write_video(
    path: Path,
    *,
    count: int = 20,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[float] | None = None,
    rate: int = 25,
    rotation: float | None = None,
    hflip: bool = False,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    image: np.ndarray | None = None,
    noisy: bool = False,
) -> Path:
    """Write a video whose frames are grey, brighter with each, with a white top left quarter."""
    width, height = size
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.options = options or {}
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=hflip)
        for index in range(count):
            picture = np.full((height, width, 3), grey_level(index), np.uint8)
            picture[: height // 4, : width // 4] = 255
            if noisy:
                noise = np.random.default_rng(index).integers(0, 255, picture.shape, np.uint8)
                picture = noise.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture if image is None else image, "bgr24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Write a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(stream, AudioStream)
        for _ in range(8):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.sample_rate = 8000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> VideoMaker:
    """Writes a video into the test's folder: see `write_video`."""

    def make(name: str = "clip.mp4", **settings: object) -> Path:
        return write_video(tmp_path / name, **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file with sound and no video."""
    return write_sound(tmp_path / "sound.mp4")
