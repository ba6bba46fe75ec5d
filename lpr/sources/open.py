"""One door to every kind of source."""

from __future__ import annotations

from pathlib import Path

from lpr.errors import SourceError
from lpr.sources.address import SourceKind, parse_address
from lpr.sources.info import MediaSource
from lpr.sources.options import LiveOptions


def open_source(
    address: str | Path,
    *,
    camera: str | None = None,
    threads: int = 2,
    fps: float = 25.0,
    ahead: bool = True,
    live: LiveOptions | None = None,
) -> MediaSource:
    """Open a video, a picture, a folder of pictures, a webcam or a network camera.

    Args:
        address: a path, a webcam number ("0") or device ("/dev/video0"), or an rtsp://, rtsps://,
            http:// or https:// address. Credentials in it are used and never shown.
        camera: name for the frames and events; by default the file's or the host's.
        threads: decoder threads, at least 1.
        fps: frames a second at which a folder of pictures is played.
        ahead: decode a video file in a thread of its own, by a few frames; False decodes each frame
            when it is asked for.
        live: how webcams and network cameras are read.

    Returns:
        A context manager that yields `lpr.types.Frame`.

    Raises:
        SourceError: the source does not exist or holds nothing that can be decoded.

    Examples:
        >>> open_source("missing.mp4")
        Traceback (most recent call last):
        lpr.errors.SourceError: missing.mp4: no such file or folder
    """
    if threads < 1:
        raise SourceError(f"threads must be at least 1, not {threads}")
    where = parse_address(str(address))
    if where.kind is SourceKind.VIDEO:
        from lpr.sources.video import VideoSource

        return VideoSource(where.target, camera=camera, threads=threads, ahead=ahead)
    if where.kind in (SourceKind.PICTURE, SourceKind.FOLDER):
        from lpr.sources.pictures import PictureSource, list_pictures

        single = where.kind is SourceKind.PICTURE
        paths = (Path(where.target),) if single else list_pictures(where.target)
        return PictureSource(paths, address=where.public, camera=camera, fps=fps)
    from lpr.sources.camera import CameraSource

    return CameraSource(where, camera=camera, threads=threads, options=live or LiveOptions())
