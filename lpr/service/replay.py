"""A recording played as if it were a live camera: at its own pace, the newest frame only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from lpr.sources import CameraState, CameraStats, CameraStatus, MediaSource, SourceInfo, open_source
from lpr.types import Frame, Image

_TICK = 0.2
EMPTY_SECONDS = 12.0
"""Seconds of an empty road between two rounds: a plate that is gone for as long is told anew."""
_EMPTY_STEP = 0.5
_GREY = 128


class ReplaySource:
    """Plays a video in real time; frames that nobody took in time are dropped and counted.

    Args:
        address: the video.
        camera: name given to the frames.
        loop: begin again at its end, for ever; in between come some seconds of grey pictures, so
            that vehicles leave and come anew.

    Attributes:
        still_every: taken and ignored: a recording is looked at whole.

    Raises:
        SourceError: the video cannot be read.
    """

    def __init__(self, address: str, *, camera: str, loop: bool) -> None:
        self._address, self._camera, self._loop = address, camera, loop
        self._source: MediaSource = open_source(address, camera=camera, threads=1)
        self._pictures = _pictures(self._source)
        self._next: tuple[Image, float] | None = None
        self._latest = 0.0
        self._start: float | None = None
        self._offset = time.time() - time.monotonic()
        self._index = 0
        self.still_every = 0.0
        self.ended = False
        self.stats = CameraStats()
        self.status = CameraStatus(CameraState.ONLINE)

    @property
    def info(self) -> SourceInfo:
        """The video's facts."""
        return replace(self._source.info, live=True)

    @property
    def clock_offset(self) -> float:
        """Unix time of the frames less `time.monotonic()`."""
        return self._offset

    def poll(self) -> Frame | None:
        """Wait a moment for the frame that is due; None where none is."""
        coming = None if self.ended else self._coming()
        if coming is None:
            return None
        wait = coming[1] - time.monotonic()
        if wait > _TICK:
            time.sleep(_TICK)
            return None
        time.sleep(max(0.0, wait))
        while True:
            image, due = coming
            self._next = None
            coming = self._coming()
            if coming is None or coming[1] > time.monotonic():
                break
            self.stats = replace(self.stats, dropped=self.stats.dropped + 1)
            self._index += 1
        self.stats = replace(self.stats, frames=self.stats.frames + 1)
        self._index += 1
        return Frame(image, self._index - 1, due + self._offset, self._camera)

    def close(self) -> None:
        """Stop; closing twice is harmless."""
        self.ended = True
        self._source.close()

    def _coming(self) -> tuple[Image, float] | None:
        """The next picture and when it is due; None at the end."""
        if self._next is None:
            picture = next(self._pictures, None)
            if picture is None and self._loop and self._start is not None:
                picture = self._begin_again()
            if picture is None:
                self.ended = True
                self.status = CameraStatus(CameraState.OFFLINE, "the recording has ended")
                return None
            image, second = picture
            if self._start is None:
                self._start = time.monotonic() - second
            self._latest = self._start + second
            self._next = image, self._latest
        return self._next

    def _begin_again(self) -> tuple[Image, float] | None:
        """The first picture of another round: the road is empty for a while."""
        self._source.close()
        self._source = open_source(self._address, camera=self._camera, threads=1)
        pictures = _pictures(self._source)
        first = next(pictures, None)
        if first is None:
            return None
        image, second = first
        self._start = max(time.monotonic(), self._latest) + EMPTY_SECONDS - second
        grey = np.full_like(image, _GREY)
        empty = (
            (grey, second - left)
            for left in np.arange(EMPTY_SECONDS - _EMPTY_STEP, 0, -_EMPTY_STEP).tolist()
        )
        self._pictures = chain(empty, (first,), pictures)
        return next(self._pictures)


def _pictures(source: MediaSource) -> Iterator[tuple[Image, float]]:
    """The pictures of a recording and their media seconds."""
    return ((frame.image, frame.time) for frame in source)
