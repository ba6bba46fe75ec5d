"""Pictures of the plates that were read, kept until an event names one of them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.types import EventKind, Frame, FrameResult, Image, PlateEvent

_MARGIN: Final = 0.25
_PER_TRACK: Final = 40
_TRACKS: Final = 64
_MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all looks together: large plates that are read often would fill hundreds of megabytes."""
_QUALITY: Final = 88


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    image: Image
    text: str
    worth: float


class Looks:
    """Keeps a small picture of every look that was read, from the very frame that was read.

    A verdict may rest on a look at any of its vehicle's tracks, and its number is that of one: a
    look is found by the frame and the place that the event names. Of a track that is read often the
    surest and largest looks are kept, and the best one of every text: a verdict rests on such.
    """

    def __init__(self) -> None:
        self._looks: OrderedDict[int, dict[tuple[int, Quad], _Look]] = OrderedDict()
        self._bytes = 0

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Keep the looks that were read in this frame."""
        quads = {track.id: track.quad for track in result.tracks}
        for item in result.readings:
            looks = self._looks.setdefault(item.track_id, {})
            self._looks.move_to_end(item.track_id)
            quad = quads[item.track_id]
            reading = item.reading
            cut = _cut(frame.image, quad.box)
            self._drop(looks, (frame.index, quad))
            looks[frame.index, quad] = _Look(cut, reading.text, reading.confidence * quad.width)
            self._bytes += cut.nbytes
            if len(looks) > _PER_TRACK:
                self._drop(looks, _least(looks))
        # The tracks that were not read for longest go first.
        while len(self._looks) > _TRACKS or (self._bytes > _MOST_BYTES and len(self._looks) > 1):
            oldest = next(iter(self._looks.values()))
            for name in list(oldest):
                self._drop(oldest, name)
            self._looks.popitem(last=False)

    def of(self, event: PlateEvent) -> Image | None:
        """The look that a verdict rests on, HxWx3 uint8 BGR; None where it is gone."""
        if event.kind not in (EventKind.CONFIRMED, EventKind.REVISED):
            return None
        named = (event.frame_index, event.quad)
        found = (looks[named].image for looks in self._looks.values() if named in looks)
        return next(found, None)

    def pictures(self, events: tuple[PlateEvent, ...]) -> Mapping[int, bytes]:
        """Return track number -> JPEG of the look that a verdict rests on, where it is kept."""
        found: dict[int, bytes] = {}
        for event in events:
            image = self.of(event)
            if image is None:
                continue
            done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            if done:
                found[event.track_id] = data.tobytes()
        return found

    def forget(self) -> None:
        """The engine begins anew: its track numbers begin again."""
        self._looks.clear()
        self._bytes = 0

    def _drop(self, looks: dict[tuple[int, Quad], _Look], name: tuple[int, Quad]) -> None:
        look = looks.pop(name, None)
        if look is not None:
            self._bytes -= look.image.nbytes


def _least(looks: Mapping[tuple[int, Quad], _Look]) -> tuple[int, Quad]:
    """The least worth of the looks that are not the only one of their text, if there are any."""
    counts = Counter(look.text for look in looks.values())
    several = [name for name, look in looks.items() if counts[look.text] > 1]
    return min(several or looks, key=lambda name: looks[name].worth)


def _cut(image: Image, box: tuple[float, float, float, float]) -> Image:
    rows, columns = image.shape[:2]
    left, top, right, bottom = box
    dx, dy = (right - left) * _MARGIN, (bottom - top) * _MARGIN
    x0, y0 = max(0, int(left - dx)), max(0, int(top - dy))
    x1, y1 = min(columns, int(right + dx) + 1), min(rows, int(bottom + dy) + 1)
    return np.ascontiguousarray(image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)])
