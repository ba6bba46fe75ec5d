"""Connecting to a camera: addresses, FFmpeg's options, and its errors in plain words."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from errno import EIO
from types import TracebackType
from typing import Self, get_type_hints

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from lpr.errors import SourceError
from lpr.sources.address import Address, SourceKind
from lpr.sources.decode import (
    MAX_FRAME_PIXELS,
    has_decoder,
    open_container,
    pick_video_stream,
    seconds,
    set_up_decoder,
)
from lpr.sources.doze import Doze
from lpr.sources.options import MotionOptions
from lpr.sources.timestamps import Timestamps
from lpr.sources.transport import Value

_PROTOCOLS = {
    "rtsp": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto",
    "http": "http,https,tcp,tls,httpproxy,crypto",
}
_FORMATS = {
    "rtsp": "rtsp,rtp,sdp,mpegts",
    "http": "mpjpeg,mjpeg,hls,mpegts,flv,mov,mp4,matroska,webm,avi,mpeg,h264,hevc,ogg",
}
_WEBCAM_FORMATS = {"linux": "v4l2", "darwin": "avfoundation"}
_UNTIMED = frozenset({"mpjpeg", "mjpeg", "h264", "hevc"})
"""Formats without timestamps: FFmpeg makes them up at 25 frames a second."""
_ENDLESS = 1 << 40
"""Bytes that a server promises of a stream without an end, if it promises any."""
_OWN_SHARE = 0.8
"""Part of the owner's patience after which the reader gives up by itself."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What the reading process is told: one camera and how to read it. Holds credentials."""

    kind: str
    target: str
    public: str
    name: str
    timeout: float
    retry_delay: float
    max_retry_delay: float
    transport: str
    threads: int
    width: int
    height: int
    fps: float
    motion: str

    def __repr__(self) -> str:
        return f"Camera({self.public!r})"

    def to_message(self) -> dict[str, Value]:
        """Return the fields as a message's head."""
        return asdict(self)

    @classmethod
    def from_message(cls, head: Mapping[str, Value]) -> Camera:
        """Rebuild from a message's head.

        Raises:
            ValueError: a field is missing or of the wrong type.
        """
        fields = {}
        for name, kind in get_type_hints(cls).items():
            value = head.get(name)
            if kind is float and isinstance(value, int):
                value = float(value)
            if not isinstance(value, kind):
                raise ValueError(f"{name} is missing or of the wrong type")
            fields[name] = value
        return cls(**fields)

    @property
    def motion_options(self) -> MotionOptions | None:
        """What holds still pictures back; None where everything is wanted."""
        if not self.motion:
            return None
        fields = json.loads(self.motion)
        roi = fields.pop("roi")
        return MotionOptions(**fields, roi=None if roi is None else tuple(roi))

    @property
    def address(self) -> Address:
        """The parsed address."""
        return Address(SourceKind(self.kind), self.target, self.public, self.name)

    @property
    def scheme(self) -> str:
        """The family of protocols, rtsp or http; empty for a webcam."""
        if self.kind != SourceKind.STREAM:
            return ""
        return "rtsp" if self.target.lower().startswith("rtsp") else "http"

    def explain(self, error: Exception, *, unread: bool = False) -> str:
        """Return an error in plain words, without credentials.

        Args:
            error: the error.
            unread: whether it came before the first frame of a recording.
        """
        if unread and getattr(error, "errno", None) == EIO:
            return (
                "the server seems not to let parts be fetched (range requests), which a recording "
                "with its index at its end needs; download it first"
            )
        if isinstance(error, av.error.ExitError | TimeoutError):
            return f"no answer for {self.timeout * _OWN_SHARE:.0f} s"
        if is_refusal(error):
            return "the camera refused the user name or password"
        if isinstance(error, av.InvalidDataError | av.ArgumentError):
            return "what it sends is no video that can be read"
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self.address.clean(reason)


def is_refusal(error: Exception) -> bool:
    """Whether a camera refused the user name or password: cameras lock out who tries that often."""
    return isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError)


class Connection:
    """An open stream of a camera.

    Args:
        camera: whose stream.
        container: closed with the connection.
        stream: the video in it.

    Attributes:
        damaged: packets that could not be decoded, and frames that parts of are missing.
        passed_over: frames decoded only to catch up.
        recording: True where the stream has an end and a known length: nothing may be dropped.
    """

    def __init__(self, camera: Camera, container: InputContainer, stream: VideoStream) -> None:
        self._camera, self._container, self._stream = camera, container, stream
        names = set(container.format.name.split(","))
        self._timed = not names & _UNTIMED
        self.damaged = 0
        self.passed_over = 0
        # PyAV has None for a length that is not known, and had a negative one before version 19.
        size = container.size or 0
        self.recording = (
            camera.scheme == "http"
            and self._timed
            and "hls" not in names
            and (bool(container.duration) or 0 < size < _ENDLESS)
        )
        self._timestamps = Timestamps(container.format.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def facts(self) -> dict[str, Value]:
        """What is known of the stream before its first frame."""
        rate = self._stream.average_rate
        length = self._container.duration
        return {
            "width": self._stream.width,
            "height": self._stream.height,
            "fps": float(rate) if rate and self._timed else None,
            "duration": length / 1_000_000 if self.recording and length else None,
            "recording": self.recording,
        }

    def frames(
        self,
        doze: Doze[Packet[VideoStream]] | None = None,
        asleep: Callable[[float], bool] | None = None,
    ) -> Iterator[tuple[av.VideoFrame | None, float | None]]:
        """Yield each frame and its presentation time; (None, None) for a packet without one.

        Args:
            doze: holds packets of a still picture back; what it catches up on is not yielded.
            asleep: whether the picture is still now, seconds of a clock that never steps.

        Raises:
            av.FFmpegError: the stream cannot be read further.
        """
        for packet in self._container.demux(self._stream):
            due: tuple[Packet[VideoStream], ...] = (packet,)
            if doze is not None and asleep is not None and packet.size:
                now = time.monotonic()
                due = doze.due(
                    packet,
                    size=packet.size,
                    key=packet.is_keyframe,
                    asleep=asleep(now),
                    time=now,
                )
            decoded = self._decode(due)
            if decoded is None:
                return
            if not decoded:
                yield None, None
            for frame in decoded:
                yield frame, self._pts(frame)

    def _pts(self, frame: av.VideoFrame) -> float | None:
        if self.recording:
            return self._timestamps.of(frame)
        return seconds(frame.pts, frame.time_base) if self._timed else None

    def _decode(self, due: tuple[Packet[VideoStream], ...]) -> list[av.VideoFrame] | None:
        """Decode packets; the frames of the last one that gave any, None at the stream's end."""
        last: list[av.VideoFrame] = []
        for packet in due:
            try:
                decoded = self._stream.decode(packet)
            except EOFError:
                return None
            except av.FFmpegError:
                self.damaged += 1
                continue
            self.damaged += sum(bool(frame.is_corrupt) for frame in decoded)
            if decoded:
                self.passed_over += len(last)
                last = decoded
        return last


def connect(camera: Camera) -> Connection:
    """Open a camera's stream.

    Raises:
        av.FFmpegError: it does not answer, or sends what FFmpeg cannot read.
        SourceError: it has no video, or this system has no driver for webcams.
    """
    container = _open(camera)
    try:
        stream = pick_video_stream(container)
        if stream is None or not has_decoder(stream):
            raise SourceError("it sends no video that can be decoded")
        if stream.width * stream.height > MAX_FRAME_PIXELS:
            raise SourceError(f"frames of {stream.width}x{stream.height} are too large")
        set_up_decoder(stream, camera.threads, low_delay=True)
        return Connection(camera, container, stream)
    except BaseException:
        container.close()
        raise


def _open(camera: Camera) -> InputContainer:
    patience = camera.timeout * _OWN_SHARE
    if not camera.scheme:
        return _open_webcam(camera, patience)
    options = {"analyzeduration": "2000000"}
    if camera.scheme == "rtsp":
        options |= {"rtsp_transport": camera.transport, "timeout": str(int(patience * 1e6))}
    else:
        options |= {"rw_timeout": str(int(patience * 1e6))}
    return open_container(
        camera.target,
        protocols=_PROTOCOLS[camera.scheme],
        formats=_FORMATS[camera.scheme],
        options=options,
        timeout=patience,
    )


def _open_webcam(camera: Camera, patience: float) -> InputContainer:
    driver = _WEBCAM_FORMATS.get(sys.platform)
    if driver is None:
        raise SourceError(f"webcams are not supported on {sys.platform}; use its network stream")
    options = {}
    if camera.width and camera.height:
        options["video_size"] = f"{camera.width}x{camera.height}"
    if camera.fps:
        options["framerate"] = f"{camera.fps:g}"
    return open_container(
        f"/dev/video{camera.target}" if driver == "v4l2" else camera.target,
        protocols="file",
        formats="video4linux2,v4l2,avfoundation",
        options=options,
        format_name=driver,
        timeout=patience,
    )
