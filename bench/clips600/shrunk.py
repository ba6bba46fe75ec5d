"""A source whose frames are made smaller: the same scene, seen by a camera of fewer pixels."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from lpr.protocols import FrameSource
from lpr.types import Frame


class ShrunkSource:
    """Shrinks every frame of a source, by averaging areas.

    Args:
        source: where the frames come from.
        scale: width and height of a frame as a share of what they were, above 0 and at most 1.
    """

    def __init__(self, source: FrameSource, scale: float) -> None:
        self._source, self._scale = source, scale

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            rows, columns = frame.image.shape[:2]
            size = (max(1, round(columns * self._scale)), max(1, round(rows * self._scale)))
            image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
            yield Frame(np.asarray(image, np.uint8), frame.index, frame.time, frame.camera)
