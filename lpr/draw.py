"""Plates drawn into pictures, and pictures written as a video that plays in a browser."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from lpr.errors import OutputError
from lpr.geometry import Box, Quad, overlap
from lpr.imaging import letterbox
from lpr.sinks.output import claim
from lpr.sinks.safe import safe_text
from lpr.types import Image, Track, TrackState

Colour = tuple[int, int, int]

_GREEN: Colour = (80, 200, 60)
_AMBER: Colour = (0, 180, 255)
_GREY: Colour = (150, 150, 150)
_INK: Colour = (255, 255, 255)
_PLATE: Colour = (30, 30, 30)
_MIN_FONT, _MAX_FONT = 9, 64
_WEIGHT = 600

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
_TICKS = 90_000
_LARGEST = 8192
"""Pixels of the longer side; larger pictures are shown smaller. H.264 ends at 16,384."""
_FRAGMENT_MS = 500
_BT709 = 1


@dataclass(frozen=True, slots=True)
class PlateLabel:
    """What to write beside a plate.

    Attributes:
        text: voted text; empty while there is none.
        confidence: probability that the text is right, 0 to 1; None leaves it out.
        confirmed: whether the text is a verdict rather than a first impression.
    """

    text: str
    confidence: float | None = None
    confirmed: bool = True


def annotate(image: Image, tracks: Sequence[Track], labels: Mapping[int, PlateLabel]) -> Image:
    """Draw plates with their numbers and texts.

    Args:
        image: HxWx3 uint8 BGR; not changed.
        tracks: the frame's tracks; ended ones are left out.
        labels: text by track id, where there is one.

    Returns:
        A new HxWx3 uint8 BGR picture: green quads are confirmed, amber ones are being read, grey
        ones are out of sight. Behind a text that is not confirmed stands a question mark in place
        of its confidence.
    """
    return _drawn(
        image,
        [
            _Mark(track.quad, _caption(track, label), _colour(track, label))
            for track in tracks
            if track.state is not TrackState.ENDED
            for label in (labels.get(track.id),)
        ],
    )


def annotate_picture(image: Image, plates: Sequence[tuple[Quad, PlateLabel]]) -> Image:
    """Draw the plates of a single picture with their texts.

    Args:
        image: HxWx3 uint8 BGR; not changed.
        plates: corners and text of each plate, picture pixels; a plate whose text is empty gets no
            caption.

    Returns:
        A new HxWx3 uint8 BGR picture: green quads are `confirmed`, amber ones are not. One that a
        plate fills is made higher, or the caption would hide the plate.
    """
    marks = [
        _Mark(quad, _words(label), _GREEN if label.confirmed and label.text else _AMBER)
        for quad, label in plates
    ]
    room = max((_missing_room(image, mark) for mark in marks), default=0)
    return _drawn(np.pad(image, ((0, room), (0, 0), (0, 0))) if room else image, marks)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is drawn of one plate."""

    quad: Quad
    caption: str
    colour: Colour


def _drawn(image: Image, marks: Sequence[_Mark]) -> Image:
    canvas = np.array(image, np.uint8, order="C", copy=True)
    thickness = max(1, round(min(canvas.shape[:2]) / 320))
    for mark in marks:
        points = np.rint(np.clip(mark.quad.points, -1e5, 1e5)).astype(np.int32)
        cv2.polylines(canvas, [points], True, mark.colour, thickness, cv2.LINE_AA)
    taken: list[Box] = []
    # Verdicts first: where captions meet, the others give way.
    for mark in sorted(marks, key=lambda mark: mark.colour != _GREEN):
        if mark.caption:
            _write_caption(canvas, mark, taken)
    return canvas


def _colour(track: Track, label: PlateLabel | None) -> Colour:
    if track.state is TrackState.LOST:
        return _GREY
    return _GREEN if label is not None and label.confirmed and label.text else _AMBER


def _caption(track: Track, label: PlateLabel | None) -> str:
    if label is not None and label.text and not label.confirmed:
        return f"#{track.id} {safe_text(label.text)} ?"
    return f"#{track.id} {'' if label is None else _words(label)}".rstrip()


def _words(label: PlateLabel) -> str:
    if not label.text:
        return ""
    text = safe_text(label.text)
    return text if label.confidence is None else f"{text} {_percent(label.confidence)}"


def _percent(probability: float) -> str:
    """Rounded, but never up to what would be certain."""
    return "100%" if probability >= 1 else f"{min(99, round(100 * probability))}%"


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    """OpenCV's built-in face: it has Latin, Chinese and Korean letters."""
    return cv2.FontFace("sans")


def _text_size(text: str, size: int) -> tuple[int, int]:
    _, _, width, height = cv2.getTextSize((0, 0), text, (0, size), _font(), size, _WEIGHT)
    return int(width), int(height)


def _missing_room(image: Image, mark: _Mark) -> int:
    """Rows that lack below a plate that has no room for its caption above it either."""
    rows, columns = (int(length) for length in image.shape[:2])
    _, top, _, bottom = mark.quad.box
    size = _font_size(rows)
    pad = _pad(size)
    height = size + 2 * pad
    if not mark.caption or columns < height or top - height - pad >= 0:
        return 0
    return max(0, math.ceil(min(bottom, rows) + pad + height) - rows)


def _font_size(rows: int) -> int:
    return min(_MAX_FONT, max(_MIN_FONT, round(rows / 26)))


def _pad(size: int) -> int:
    return max(2, size // 4)


def _write_caption(canvas: Image, mark: _Mark, taken: list[Box]) -> None:
    """Write a caption above its plate, below it where there is no room, always inside.

    Only a verdict's caption may cover another; places of captions are added to `taken`.
    """
    rows, columns = canvas.shape[:2]
    text, colour = mark.caption, mark.colour
    size = _font_size(rows)
    width, _ = _text_size(text, size)
    pad = _pad(size)
    room = columns - 2 * pad
    if width > room:
        size = int(size * room / width)
        width, _ = _text_size(text, size) if size >= _MIN_FONT else (0, 0)
    height = size + 2 * pad
    if size < _MIN_FONT or height > rows:
        return
    left, top, _, bottom = mark.quad.box
    x = max(0, int(min(max(0, left), columns - width - 2 * pad)))
    above, below = top - height - pad, bottom + pad
    places = (above, below) if above >= 0 else (below, above)
    for y in (int(min(max(0, place), rows - height)) for place in places):
        box = (x, y, x + width + 2 * pad, y + height)
        if not any(overlap(box, other) for other in taken):
            break
    else:
        if colour != _GREEN:
            return
    taken.append(box)
    cv2.rectangle(canvas, (x, y), (x + width + 2 * pad, y + height), _PLATE, cv2.FILLED)
    cv2.rectangle(canvas, (x, y), (x + max(2, pad // 2), y + height), colour, cv2.FILLED)
    baseline = y + pad + round(0.82 * size)
    cv2.putText(canvas, text, (x + pad, baseline), _INK, _font(), size, _WEIGHT)


def container_of(path: Path) -> str:
    """FFmpeg's name of the container that a video's suffix asks for.

    Raises:
        OutputError: none is written under this suffix.
    """
    name = _CONTAINERS.get(path.suffix.lower())
    if name is None:
        known = " ".join(_CONTAINERS)
        raise OutputError(f"{path}: a video's name must end in one of {known}")
    return name


class AnnotatedVideo:
    """Writes pictures as H.264, each shown for as long as it was in the source.

    The file is playable from its first second on, whatever ends the process or fills the disk: it
    grows by fragments of half a second, and becomes a plain MP4 when closed.

    Args:
        path: a .mp4, .m4v, .mov or .mkv file; the first picture replaces what it holds.
        fps: the source's mean rate, a hint for the encoder.
        crf: quality, 0 (lossless) to 51; 23 looks good.

    Raises:
        OutputError: the file cannot be written, or another program is writing it.
    """

    def __init__(self, path: Path | str, *, fps: float | None = None, crf: int = 23) -> None:
        self._path = Path(path)
        self._format = container_of(self._path)
        self._claim = claim(self._path)
        self._rate = Fraction(min(max(fps or 25.0, 1.0), 240.0)).limit_denominator(1001)
        self._crf = crf
        self._reformatter = VideoReformatter()
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._start: float | None = None
        self._first_tick = 0
        self._last_tick = -1
        self._closed = self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin_source(self) -> None:
        """Another source starts: its first picture, whatever its time, follows the last one."""
        self._start = None

    def write(self, image: Image, time: float) -> None:
        """Append a picture.

        Args:
            image: HxWx3 uint8 BGR; one of another size than the first is fitted into it.
            time: media seconds, rising within a source.

        Raises:
            OutputError: the disk is full, or the video is closed.
        """
        if self._closed:
            raise OutputError(f"{self._path}: already closed")
        if self._stream is None or self._container is None:
            self._begin(image)
        assert self._stream is not None
        assert self._container is not None
        frame = self._frame(image)
        if self._start is None:
            self._start = time
            if self._last_tick >= 0:
                self._first_tick = self._last_tick + round(_TICKS / self._rate)
        tick = self._first_tick + round((time - self._start) * _TICKS)
        tick = max(self._last_tick + 1, tick)
        frame.pts, frame.time_base = tick, Fraction(1, _TICKS)
        self._last_tick = tick
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            self._failed = True
            raise OutputError(f"{self._path}: cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Finish the file; closing twice is harmless. A video without pictures leaves no file.

        Raises:
            OutputError: the end could not be written.
        """
        if self._closed:
            return
        self._closed = True
        container, stream = self._container, self._stream
        self._container = self._stream = None
        with self._claim:
            if container is None or stream is None:
                if self._path.is_file():
                    self._path.unlink()
                return
            try:
                if not self._failed:  # ffmpeg crashes where its header could not be written
                    container.mux(stream.encode(None))
                container.close()
            except (av.FFmpegError, OSError) as error:
                with contextlib.suppress(av.FFmpegError, OSError):
                    container.close()
                raise OutputError(f"{self._path}: cannot be finished: {error.strerror}") from error

    def _begin(self, image: Image) -> None:
        rows, columns = image.shape[:2]
        if max(rows, columns) > _LARGEST:
            scale = _LARGEST / max(rows, columns)
            rows, columns = max(2, round(rows * scale)), max(2, round(columns * scale))
        self._size = (columns + columns % 2, rows + rows % 2)
        # Without a length, fragments end at key frames: a kill would cost seconds of pictures.
        if self._format == "matroska":
            options = {"cluster_time_limit": str(_FRAGMENT_MS)}
        else:
            options = {"movflags": "hybrid_fragmented", "frag_duration": str(1000 * _FRAGMENT_MS)}
        options["flush_packets"] = "1"
        try:
            container = av.open(
                f"file:{self._path}", "w", format=self._format, container_options=options
            )
            stream = container.add_stream("libx264", rate=self._rate)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise OutputError(f"{self._path}: cannot be written: {error}") from error
        self._container, self._stream = container, stream
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.gop_size = max(1, round(2 * self._rate))
        context.thread_count = 2
        context.max_b_frames = 0
        context.options = {"preset": "superfast", "crf": str(self._crf)}
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG

    def _frame(self, image: Image) -> av.VideoFrame:
        width, height = self._size
        rows, columns = image.shape[:2]
        if (columns, rows) != self._size:
            if 0 <= width - columns <= 1 and 0 <= height - rows <= 1:
                image = np.pad(image, ((0, height - rows), (0, width - columns), (0, 0)), "edge")
            else:
                image = letterbox(image, width, height)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        return self._reformatter.reformat(
            frame,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
