"""Opening a video and decoding all of it that can be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

MAX_FRAME_PIXELS = 40_000_000
"""Larger frames are refused: 8K has 33 million pixels."""

_FILE_FORMATS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,m4v,h264,hevc,mjpeg,mpjpeg,mxf,"
    "dv,ivf,3gp,nut,rm,yuv4mpegpipe,gif"
)
_MAX_READ_ERRORS = 64


def any_text(version: str) -> dict[str, Any]:
    """What has this version of PyAV open files whose texts are no UTF-8.

    From 19 on it always does, and knows no such argument.
    """
    return {} if int(version.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}


_ANY_TEXT: Final = any_text(av.__version__)


def open_container(
    target: str,
    *,
    protocols: str,
    formats: str = _FILE_FORMATS,
    options: Mapping[str, str] | None = None,
    format_name: str | None = None,
    timeout: float | None = None,
) -> InputContainer:
    """Open a container; only the named protocols and formats may be used, by what it refers to too.

    Args:
        target: what FFmpeg shall open.
        protocols: FFmpeg's protocol whitelist, comma separated.
        formats: FFmpeg's demuxer whitelist, comma separated.
        options: further options of the demuxer.
        format_name: the demuxer, where it cannot be guessed.
        timeout: seconds after which opening, or one read, is given up; None waits for ever.

    Raises:
        av.FFmpegError: it cannot be opened.
    """
    settings = {"protocol_whitelist": protocols, "format_whitelist": formats}
    container: InputContainer = av.open(
        target,
        "r",
        format=format_name,
        container_options={**settings, **(options or {})},
        timeout=None if timeout is None else (timeout, timeout),
        **_ANY_TEXT,
    )
    return container


def pick_video_stream(container: InputContainer) -> VideoStream | None:
    """Return the largest video stream; the cover picture of an audio file is none."""
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        return None
    return max(
        streams, key=lambda stream: stream.width * stream.height if has_decoder(stream) else -1
    )


def has_decoder(stream: VideoStream) -> bool:
    """Whether this build of FFmpeg can decode the stream."""
    return getattr(stream, "codec_context", None) is not None


def set_up_decoder(stream: VideoStream, threads: int, *, low_delay: bool = False) -> None:
    """Bound the decoder's threads and frame size.

    Args:
        stream: whose decoder, before its first packet.
        threads: at least 1.
        low_delay: share a frame's slices among the threads; frames in parallel come later.
    """
    context = stream.codec_context
    context.thread_count = max(1, threads)
    context.thread_type = "SLICE" if low_delay or threads < 2 else "FRAME"
    context.options = {**context.options, "max_pixels": str(MAX_FRAME_PIXELS)}


def seconds(value: int | None, base: Fraction | None) -> float | None:
    """Return a timestamp in seconds; None where it or its base is missing."""
    return None if value is None or not base else float(value * base)


class TolerantDecoder:
    """Decodes a stream to its end, past damage, and counts what was lost.

    Args:
        container: open container, closed by its owner.
        stream: one of its video streams.

    Attributes:
        damaged_packets: packets that could not be read or decoded.
        damaged_frames: frames that were delivered though parts of them are guessed.
        last_error: FFmpeg's words for the latest damage.
        gave_up: True where reading was stopped by errors before the container's end.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self.damaged_packets = 0
        self.damaged_frames = 0
        self.last_error = ""
        self.gave_up = False

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield every frame that decodes, in the order of presentation."""
        for packet in self._packets():
            yield from self._decode(packet)
        if self.gave_up:
            yield from self._decode(None)

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        errors = 0
        demuxer = self._container.demux(self._stream)
        while True:
            try:
                packet = next(demuxer)
            except StopIteration:
                return
            except av.FFmpegError as error:
                errors += 1
                self._damage(error)
                if errors > _MAX_READ_ERRORS:
                    self.gave_up = True
                    return
                demuxer = self._container.demux(self._stream)
                continue
            if packet.size:
                errors = 0
            yield packet

    def _decode(self, packet: Packet[VideoStream] | None) -> Iterator[av.VideoFrame]:
        try:
            frames = self._stream.decode(packet)
        except EOFError:
            return
        except av.FFmpegError as error:
            self._damage(error)
            return
        for frame in frames:
            self.damaged_frames += bool(frame.is_corrupt)
            yield frame

    def _damage(self, error: av.FFmpegError) -> None:
        self.damaged_packets += 1
        self.last_error = error.strerror or str(error)
