"""Where frames come from: video files, pictures, webcams and network cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lpr.sources.camera import CameraSource
    from lpr.sources.info import MediaSource, SourceInfo
    from lpr.sources.open import open_source
    from lpr.sources.options import LiveOptions, MotionOptions
    from lpr.sources.picture import read_image
    from lpr.sources.pictures import PictureSource, list_pictures
    from lpr.sources.status import CameraState, CameraStats, CameraStatus
    from lpr.sources.video import VideoSource

_HOMES = {
    "CameraSource": "camera",
    "CameraState": "status",
    "CameraStats": "status",
    "CameraStatus": "status",
    "LiveOptions": "options",
    "MediaSource": "info",
    "MotionOptions": "options",
    "PictureSource": "pictures",
    "SourceInfo": "info",
    "VideoSource": "video",
    "list_pictures": "pictures",
    "open_source": "open",
    "read_image": "picture",
}

__all__ = [
    "CameraSource",
    "CameraState",
    "CameraStats",
    "CameraStatus",
    "LiveOptions",
    "MediaSource",
    "MotionOptions",
    "PictureSource",
    "SourceInfo",
    "VideoSource",
    "list_pictures",
    "open_source",
    "read_image",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the process that reads a camera needs no picture library."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
