"""`--crops DIR`: the picture of the best look at each plate."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

from lpr.errors import OutputError
from lpr.types import EventKind, Frame, FrameResult, Image, PlateEvent

_MARGIN = 0.25
_LOOKS_PER_TRACK = 40
_TRACKS = 64


class CropWriter:
    """Keeps a small picture of every look that was read, and writes the one an event names.

    The picture is cut from the very frame that was read: never from a "better" one.

    Args:
        folder: where to; created now, so that a wrong place shows before work starts.

    Raises:
        OutputError: the folder cannot be created or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: OrderedDict[int, OrderedDict[int, Image]] = OrderedDict()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".lpr-write-test"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written to: {error.strerror}") from error

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Keep the looks that were read in this frame."""
        quads = {track.id: track.quad for track in result.tracks}
        for item in result.readings:
            looks = self._looks.setdefault(item.track_id, OrderedDict())
            self._looks.move_to_end(item.track_id)
            looks[frame.index] = _cut(frame.image, quads[item.track_id].box)
            if len(looks) > _LOOKS_PER_TRACK:
                looks.popitem(last=False)
        while len(self._looks) > _TRACKS:
            self._looks.popitem(last=False)

    def write(self, event: PlateEvent) -> Path | None:
        """Write the best look of a verdict; returns the file, None where the look is gone.

        Raises:
            OutputError: the file cannot be written.
        """
        if event.kind not in (EventKind.CONFIRMED, EventKind.REVISED):
            return None
        image = self._looks.get(event.track_id, OrderedDict()).get(event.frame_index)
        if image is None:
            return None
        name = re.sub(r"[^\w.-]+", "_", f"{event.camera}_{event.track_id}_{event.text}")
        path = self._folder / f"{name}.jpg"
        encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if not encoded:
            raise OutputError(f"{path}: the picture cannot be encoded")
        try:
            path.write_bytes(data.tobytes())
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        return path

    def forget(self) -> None:
        """A new source starts: its track numbers begin again."""
        self._looks.clear()


def _cut(image: Image, box: tuple[float, float, float, float]) -> Image:
    rows, columns = image.shape[:2]
    left, top, right, bottom = box
    dx, dy = (right - left) * _MARGIN, (bottom - top) * _MARGIN
    x0, y0 = max(0, int(left - dx)), max(0, int(top - dy))
    x1, y1 = min(columns, int(right + dx) + 1), min(rows, int(bottom + dy) + 1)
    return np.ascontiguousarray(image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)])
