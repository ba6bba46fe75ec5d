from __future__ import annotations

import pytest

from lpr.doctor.measure import CameraCheck
from lpr.gate.fakes import sure_event
from lpr.testing import sure_reading
from lpr.types import CropQuality, FrameResult, StageTimings, TrackReading


def result(index: int, time: float, quality: CropQuality | None = None) -> FrameResult:
    readings = (TrackReading(1, sure_reading("AB12", quality=quality)),) if quality else ()
    return FrameResult(index, time, (), (), readings, (), StageTimings(detect=0.01))


def test_nothing_seen_is_said() -> None:
    check = CameraCheck()
    check.add(result(0, 0.0))
    assert "no plate was seen" in check.report().advice[0]


def test_the_largest_look_counts_and_drops_are_counted() -> None:
    check = CameraCheck()
    for index, width in ((0, 60.0), (1, 140.0), (4, 120.0)):
        check.add(result(index, index / 25, CropQuality(width=width, sharpness=0.7)))
    report = check.report()
    assert report.widths == (140.0,)
    assert report.dropped == 2
    assert report.plates == 1


def test_small_and_blurred_plates_bring_advice() -> None:
    check = CameraCheck()
    for index in range(20):
        quality = CropQuality(width=50, sharpness=0.1, contrast=0.05)
        check.add(result(index, index / 5, quality))
    text = " ".join(check.report().advice)
    for word in ("50 pixels", "blurred", "flat", "frames a second"):
        assert word in text


def test_a_camera_that_is_too_slow_is_not_made_faster_by_its_last_frame() -> None:
    check = CameraCheck()
    seen = CropQuality(width=140, sharpness=0.7, contrast=0.8, exposure=0.5)
    for index in range(10):
        check.add(result(index, index / 7.5, seen))
    check.note([sure_event("AB12", track_id=1)])
    report = check.report()
    assert report.frames_per_second == pytest.approx(7.5)
    assert report.advice == ("7.5 frames a second: 8 or more are wanted",)


def test_too_dark_and_too_bright_plates_bring_advice() -> None:
    for exposure, word in ((0.05, "underexposed"), (0.95, "overexposed")):
        check = CameraCheck()
        seen = CropQuality(width=140, sharpness=0.7, contrast=0.5, exposure=exposure)
        for index in range(20):
            check.add(result(index, index / 25, seen))
        assert word in " ".join(check.report().advice)


def test_good_pictures_of_plates_that_are_not_read_bring_advice() -> None:
    check = CameraCheck()
    seen = CropQuality(width=140, sharpness=0.7, contrast=0.8)
    for index in range(20):
        check.add(result(index, index / 25, seen))
    (advice,) = check.report().advice
    assert "only 0 of 1 plates were read" in advice
    check.note([sure_event("AB12", track_id=1)])
    assert check.report().advice == ()
