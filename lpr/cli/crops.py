"""`--crops DIR`: the picture of the best look at each plate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import cv2

from lpr.cli.folder import make_folder
from lpr.cli.free_name import free_name
from lpr.errors import OutputError
from lpr.looks import Looks
from lpr.types import Frame, FrameResult, PlateEvent

_LONGEST_PREFIX: Final = 160
"""Bytes; a file's name has 255 at most, a track's number and a text take some of them."""


class CropWriter:
    """Keeps a small picture of every look that was read, and writes the one an event names.

    The picture is cut from the very frame that was read: never from a "better" one.

    Args:
        folder: where to; created now.

    Raises:
        OutputError: the folder cannot be created or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks = Looks()
        self._prefixes: dict[str, str] = {}
        make_folder(folder)

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Keep the looks that were read in this frame."""
        self._looks.add(frame, result)

    def write(self, event: PlateEvent) -> Path | None:
        """Write the best look of a verdict; returns the file, None where the look is gone.

        Raises:
            OutputError: the file cannot be written.
        """
        image = self._looks.of(event)
        if image is None:
            return None
        text = _plain(event.text)
        path = self._folder / f"{self._prefix(event.camera)}_{event.track_id}_{text}.jpg"
        encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not encoded:
            raise OutputError(f"{path}: the picture cannot be encoded")
        try:
            path.write_bytes(data.tobytes())
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        return path

    def _prefix(self, camera: str) -> str:
        """What the names of a camera's files begin with: no other camera's do."""
        if camera not in self._prefixes:
            prefix = _cut(_plain(camera), _LONGEST_PREFIX)
            self._prefixes[camera] = free_name(prefix, self._prefixes.values())
        return self._prefixes[camera]

    def forget(self) -> None:
        """A new source starts: its track numbers begin again."""
        self._looks.forget()


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)


def _cut(name: str, size: int) -> str:
    """As much of the beginning of a name as `size` bytes hold."""
    return name.encode()[:size].decode(errors="ignore")
