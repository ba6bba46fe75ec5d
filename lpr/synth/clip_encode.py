"""H.264 into an MP4 file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.video.stream import VideoStream

from lpr.errors import OutputError
from lpr.types import Image


class ClipWriter:
    """Writes frames of one size at a constant rate; to be used as a context manager.

    Args:
        path: the .mp4 file.
        width: frame width, pixels, even.
        height: frame height, pixels, even.
        fps: frames per second.
        bit_rate: bits per second asked of the encoder.
        preset: speed of the encoder, a preset of x264.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: int,
        bit_rate: int,
        preset: str = "veryfast",
    ) -> None:
        try:
            # The muxer opens the file only at the first packet: a full render would be lost.
            path.open("wb").close()
            self._container = av.open(str(path), "w")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error}") from error
        stream = self._container.add_stream("libx264", rate=Fraction(fps))
        if not isinstance(stream, VideoStream):
            raise OutputError(f"cannot write {path}: no H.264 encoder")
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = bit_rate
        # One thread: the same frames must give the same file on every machine.
        stream.options = {"preset": preset, "threads": "1"}
        self._stream = stream

    def write(self, image: Image) -> None:
        """Append one HxWx3 uint8 BGR frame."""
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                for packet in self._stream.encode(None):
                    self._container.mux(packet)
        finally:
            self._container.close()
