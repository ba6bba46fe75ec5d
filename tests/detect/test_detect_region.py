from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lpr.detect.region import RegionDetector, RegionRectifier
from lpr.errors import ConfigError
from lpr.geometry import Quad
from lpr.imaging import measure_quality
from lpr.types import Detection, Image, PlateCrop, Track, TrackState


class Spot:
    """Finds the white spot of a picture, and notes what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[tuple[int, ...], list[tuple[float, float]]]] = []

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        self.shown.append((image.shape, [track.quad.center for track in tracks]))
        rows, columns = np.nonzero(image[:, :, 0])
        if not rows.size:
            return ()
        quad = Quad.from_box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return (Detection(quad, 0.9),)


def track(x: float, y: float) -> Track:
    quad = Quad.from_box(x - 10, y - 5, x + 10, y + 5)
    return Track(1, quad, TrackState.ACTIVE, 0.0, 0.0, 3, None)


def test_places_are_the_whole_frames() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[120:130, 150:180] = 255
    spot = Spot()
    found = RegionDetector(spot, (100, 80, 260, 180)).detect(
        image, [track(160, 100), track(20, 20)]
    )
    assert [one.quad.box for one in found] == [(150, 120, 180, 130)]
    assert spot.shown == [((100, 160, 3), [(60, 20)])]


def test_what_lies_outside_is_not_seen() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[10:20, 10:40] = 255
    assert RegionDetector(Spot(), (100, 80, 260, 180)).detect(image) == ()


def test_a_region_that_no_picture_of_the_camera_has_is_told() -> None:
    """A camera that was set to another resolution must not be blind in silence."""
    image = np.zeros((200, 300, 3), np.uint8)
    with pytest.raises(ConfigError, match="outside the picture, which is 300x200"):
        RegionDetector(Spot(), (400, 0, 500, 100)).detect(image)


def test_a_region_that_ends_outside_is_cut_to_the_frame() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[180:190, 250:280] = 255
    found = RegionDetector(Spot(), (200, 100, 400, 300)).detect(image)
    assert [one.quad.box for one in found] == [(250, 180, 280, 190)]


class Seen:
    """Notes what it is asked to cut out, and remembers a recording."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
        self.resets = 0

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        self.asked.append((image.shape, quad.box))
        crop = np.zeros((48, 160, 3), np.uint8)
        return PlateCrop(crop, measure_quality(crop, quad, image.shape[1], image.shape[0]), quad)

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        return ()

    def reset(self) -> None:
        self.resets += 1


def test_a_plate_that_the_regions_border_cuts_is_at_the_edge() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    seen = Seen()
    crop = RegionRectifier(seen, (100, 80, 260, 180)).rectify(
        image, Quad.from_box(220, 120, 260, 130)
    )
    assert seen.asked == [((100, 160, 3), (120, 40, 160, 50))]
    assert crop.quality.edge == 0
    assert list(crop.quad.box) == [220, 120, 260, 130]


def test_the_detector_of_a_region_forgets_the_recording() -> None:
    seen = Seen()
    RegionDetector(seen, (0, 0, 10, 10)).reset()
    assert seen.resets == 1
    RegionDetector(Spot(), (0, 0, 10, 10)).reset()  # it remembers nothing
