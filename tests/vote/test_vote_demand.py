"""When a plate is worth a further reading."""

from __future__ import annotations

import pytest

from lpr.geometry import Quad
from lpr.testing import sure_reading
from lpr.types import CropQuality, Detection, Track, TrackState
from lpr.vote import PlateVoter


def at(x: float, time: float) -> Track:
    quad = Quad.from_box(x, 100, x + 150, 130)
    return Track(1, quad, TrackState.ACTIVE, 0.0, time, 9, Detection(quad, 0.95))


@pytest.mark.parametrize(("edge", "read_again"), [(0.0, True), (1.0, False)])
def test_a_plate_that_comes_in_at_the_border_is_read_again_at_once(
    edge: float, read_again: bool
) -> None:
    """However sure the looks that the border may have cut are, a whole one is needed."""
    voter = PlateVoter()
    for index in range(12):
        reading = sure_reading("AB123CD", quality=CropQuality(150.0, 0.8, edge=edge))
        voter.add(at(1.0, index / 10), reading, frame_index=index, time=index / 10)
    assert voter.wants(at(1.0, 1.2), time=1.2) == 0.0
    assert voter.wants(at(4.0, 1.2), time=1.2) == 0.0, "a parked one jitters so far"
    assert (voter.wants(at(6.0, 1.2), time=1.2) > 0) is read_again
