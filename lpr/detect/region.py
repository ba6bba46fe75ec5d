"""One part of the picture, as if there were no other: where plates are looked for and cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lpr.detect.views import Box
from lpr.errors import ConfigError
from lpr.geometry import Quad
from lpr.protocols import Detector, Rectifier, Resettable
from lpr.types import Detection, Image, PlateCrop, Track


class RegionDetector:
    """Looks at a region of interest; what it finds is in the whole frame's pixels.

    The region fills the detector's canvas, so that plates in it are larger there than in the whole
    frame.

    Args:
        detector: looks at the region.
        region: left, top, right, bottom, a `lpr.roi.Roi`; cut to the frame.
    """

    def __init__(self, detector: Detector, region: Box) -> None:
        self._detector = detector
        self._region = region

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in the region of an HxWx3 uint8 BGR picture, best first.

        Args:
            image: the whole frame.
            tracks: what the tracker knew before it, frame pixels.

        Raises:
            ConfigError: no part of the region lies in the picture.
        """
        left, top, right, bottom = self._region
        part = image[top:bottom, left:right]
        if part.size == 0:
            rows, columns = image.shape[:2]
            raise ConfigError(
                f"roi {list(self._region)} lies outside the picture, which is {columns}x{rows}"
            )
        inside = [
            replace(track, quad=track.quad.shifted(-left, -top))
            for track in tracks
            if left <= track.quad.center[0] < right and top <= track.quad.center[1] < bottom
        ]
        found = self._detector.detect(np.ascontiguousarray(part), inside)
        return tuple(replace(one, quad=one.quad.shifted(left, top)) for one in found)

    def reset(self) -> None:
        """Forget what the detector remembers of the recording."""
        if isinstance(self._detector, Resettable):
            self._detector.reset()


class RegionRectifier:
    """Cuts plates out of a region of interest.

    Nothing outside of the region reaches the crop, and a plate that the region's border cuts is as
    near to the edge as one that the frame's border cuts.

    Args:
        rectifier: cuts the plates out.
        region: left, top, right, bottom, a `lpr.roi.Roi`; cut to the frame.
    """

    def __init__(self, rectifier: Rectifier, region: Box) -> None:
        self._rectifier = rectifier
        self._region = region

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Return the plate in `quad` of an HxWx3 uint8 BGR picture, both in frame pixels.

        Args:
            image: the whole frame.
            quad: a plate found in the region.
        """
        left, top, right, bottom = self._region
        part = image[top:bottom, left:right]
        crop = self._rectifier.rectify(part, quad.shifted(-left, -top))
        return replace(crop, quad=crop.quad.shifted(left, top))
