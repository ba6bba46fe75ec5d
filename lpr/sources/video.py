"""Video files: every frame, in order, with its own time."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from lpr.errors import SourceError
from lpr.sources.clock import MediaClock
from lpr.sources.decode import (
    MAX_FRAME_PIXELS,
    TolerantDecoder,
    has_decoder,
    open_container,
    pick_video_stream,
    seconds,
    set_up_decoder,
)
from lpr.sources.info import SourceInfo
from lpr.sources.pixels import FrameConverter
from lpr.sources.prefetch import Prefetcher
from lpr.sources.timestamps import Timestamps
from lpr.types import Frame, Image

_log = logging.getLogger(__name__)
_MICROSECOND = Fraction(1, 1_000_000)
_READY_BYTES = 6 << 20
"""Decoded ahead at most: two frames of 720p keep an engine busy, for it is slower."""
_FROM_ZERO = frozenset({"matroska,webm", "nut", "asf"})
"""Containers whose duration counts from zero, wherever the first frame lies: one of many parts."""
_DURATION_TAG = re.compile(r"^(\d+):(\d{2}):(\d{2}(?:\.\d+)?)")
_MISSING = 2.0
"""Seconds at its end by which an index may be wrong, however long the video is."""


class VideoSource:
    """A video file.

    Decoding runs ahead in a thread, by at most a few frames, if not told otherwise. A damaged or
    cut file yields all that decodes, and `problems` then says what is missing. Each iteration
    starts from the beginning.

    Args:
        path: the file.
        camera: name given to the frames; the file's name where None.
        threads: decoder threads, at least 1.
        ahead: False decodes each frame when it is asked for, in the thread that asks; nothing is
            decoded while a frame is worked on.

    Raises:
        SourceError: no such file, no video in it, unknown codec, or nothing in it can be decoded.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        camera: str | None = None,
        threads: int = 2,
        ahead: bool = True,
    ) -> None:
        self._path = Path(path)
        self._camera = camera if camera is not None else self._path.name
        self._threads = threads
        self._ahead = ahead
        self._opened: tuple[InputContainer, VideoStream] | None = None
        self._decoding: Prefetcher[Frame] | Generator[Frame, None, None] | None = None
        self._problems: tuple[str, ...] = ()
        container, stream = self._open()
        self._opened = (container, stream)
        self._info = _describe(container, stream, self._camera, str(self._path))

    @property
    def info(self) -> SourceInfo:
        """The file's facts; width and height are exact once the first frame was delivered."""
        return self._info

    @property
    def problems(self) -> tuple[str, ...]:
        """What the latest iteration could not read, one line each; known when it has ended."""
        return self._problems

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop decoding and close the file; closing twice is harmless."""
        if self._decoding is not None:
            if self._decoding.close() is False:
                _log.warning("%s: the decoding thread does not end", self._path)
            self._decoding = None
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; raises SourceError where nothing at all can be decoded."""
        opened, self._opened = self._opened, None
        self.close()
        container, stream = opened or self._open()
        self._problems = ()
        size = max(1, stream.width * stream.height * 3)
        depth = max(2, min(8, _READY_BYTES // size))
        frames = self._frames(container, stream)
        decoding = Prefetcher(frames, depth, "lpr-decode") if self._ahead else frames
        self._decoding = decoding
        try:
            yield from decoding
        finally:
            decoding.close()
        if self._decoding not in (None, decoding):
            raise SourceError(f"{self._path}: another iteration was begun, which ends this one")

    def _open(self) -> tuple[InputContainer, VideoStream]:
        try:
            container = open_container(f"file:{self._path}", protocols="file")
        except av.FFmpegError as error:
            raise SourceError(_why_not_opened(self._path, error)) from error
        try:
            return container, self._checked(container)
        except BaseException:
            container.close()
            raise

    def _checked(self, container: InputContainer) -> VideoStream:
        stream = pick_video_stream(container)
        if stream is None:
            what = "only sound" if container.streams.audio else "no video stream"
            raise SourceError(f"{self._path}: has {what}; give a file with video")
        if not has_decoder(stream):
            raise SourceError(
                f"{self._path}: its video codec is unknown; convert it to H.264, for example"
            )
        if stream.width * stream.height > MAX_FRAME_PIXELS:
            raise SourceError(
                f"{self._path}: frames of {stream.width}x{stream.height} are larger than the limit "
                f"of {MAX_FRAME_PIXELS // 1_000_000} megapixels; scale the video down"
            )
        set_up_decoder(stream, self._threads)
        return stream

    def _frames(
        self, container: InputContainer, stream: VideoStream
    ) -> Generator[Frame, None, None]:
        decoder = TolerantDecoder(container, stream)
        step = 1 / float(stream.average_rate) if stream.average_rate else None
        clock, converter = MediaClock(step), FrameConverter()
        timestamps = Timestamps(container.format.name)
        expected = _video_seconds(container, stream)
        count, time, shown, lost = 0, 0.0, 0.0, 0
        with container:
            for decoded in decoder.frames():
                try:
                    image = converter.convert(decoded)
                except (av.FFmpegError, ValueError) as error:
                    lost += 1
                    decoder.last_error = str(error)
                    continue
                time = clock.time(timestamps.of(decoded))
                shown = seconds(decoded.duration, decoded.time_base) or 0.0
                if count == 0:
                    self._note_size(image)
                yield Frame(image, count, time, self._camera)
                count += 1
        if count == 0:
            why = decoder.last_error or "it holds no frames"
            raise SourceError(f"{self._path}: nothing in it can be decoded: {why}")
        self._problems = _problems(
            decoder,
            clock,
            lost=lost,
            covered=time + max(clock.step, shown),
            expected=expected,
            cut=_riff_is_cut(self._path),
        )

    def _note_size(self, image: Image) -> None:
        rows, columns = image.shape[:2]
        if (columns, rows) != (self._info.width, self._info.height):
            old = self._info
            self._info = SourceInfo(
                old.name, old.address, columns, rows, old.fps, old.frames, old.duration
            )


def _describe(
    container: InputContainer, stream: VideoStream, camera: str, address: str
) -> SourceInfo:
    fps = float(stream.average_rate) if stream.average_rate else None
    duration = _video_seconds(container, stream) or seconds(container.duration, _MICROSECOND)
    frames = stream.frames or (round(duration * fps) if duration and fps else None)
    return SourceInfo(camera, address, stream.width, stream.height, fps, frames, duration)


def _video_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """How long the video should be by its own index; None where only other streams could tell."""
    end = _told_seconds(container, stream)
    if end is None or container.format.name not in _FROM_ZERO:
        return end
    start = seconds(stream.start_time, stream.time_base) or 0.0
    return end - start if 0 < start < end else end


def _told_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = _DURATION_TAG.match(stream.metadata.get("DURATION", ""))
    if tag:
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    if container.duration and len(container.streams) == 1:
        return container.duration / 1_000_000
    return None


def _riff_is_cut(path: Path) -> bool:
    """Whether an AVI file is shorter than its header says; FFmpeg quietly adapts the duration."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
        size = path.stat().st_size
    except OSError:
        return False
    promised = int.from_bytes(start[4:8], "little") + 8
    return start[:4] == b"RIFF" and start[8:] == b"AVI " and size < promised


def _problems(
    decoder: TolerantDecoder,
    clock: MediaClock,
    *,
    lost: int,
    covered: float,
    expected: float | None,
    cut: bool,
) -> tuple[str, ...]:
    found = []
    allowed = max(0.2, min(0.02 * (expected or 0.0), _MISSING), 2.5 * clock.step)
    if expected is not None and expected - covered > allowed:
        found.append(f"the video is cut: {covered:.1f} of {expected:.1f} s could be decoded")
    elif cut:
        found.append(f"the video is cut: its file ends early, after {covered:.1f} s")
    elif decoder.gave_up:
        found.append(f"reading stopped after {covered:.1f} seconds: {decoder.last_error}")
    broken = decoder.damaged_packets + lost
    if broken:
        found.append(f"damaged packets skipped: {broken} ({decoder.last_error})")
    if decoder.damaged_frames:
        found.append(f"frames damaged in part: {decoder.damaged_frames}")
    if clock.repaired:
        found.append(f"missing or backward timestamps repaired: {clock.repaired}")
    return tuple(found)


def _why_not_opened(path: Path, error: av.FFmpegError) -> str:
    if path.is_file() and path.stat().st_size == 0:
        return f"{path}: the file is empty"
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file"
    if isinstance(error, PermissionError):
        return f"{path}: permission denied"
    if isinstance(error, av.InvalidDataError | av.ArgumentError):
        return f"{path}: not a video that can be read, or its index is cut off"
    return f"{path}: cannot be opened as a video: {error.strerror or error}"
