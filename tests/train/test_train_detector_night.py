"""Day made night."""

from __future__ import annotations

import numpy as np

from lpr.train.detector_night import at_night

QUAD = np.array([[60, 80], [120, 80], [120, 98], [60, 98]], np.float32)


def test_the_street_gets_dark_and_its_plates_less_so() -> None:
    day = np.full((160, 200, 3), 150, np.uint8)
    street, plate = [], []
    for seed in range(40):
        night = at_night(day, [QUAD], np.random.default_rng(seed))
        assert night.shape == day.shape
        assert night.dtype == np.uint8
        street.append(float(np.median(night)))
        plate.append(float(night[82:96, 64:116].mean()))
    assert np.median(street) < 90
    assert np.median(plate) > np.median(street) + 20


def test_the_picture_itself_is_left_alone_and_a_seed_is_one_night() -> None:
    day = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    before = day.copy()
    first, second = (at_night(day, [], np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(day, before)
    assert np.array_equal(first, second)


def test_plates_at_the_rim_and_beyond_are_no_trouble() -> None:
    day = np.full((64, 64, 3), 90, np.uint8)
    outside = QUAD + np.float32(400)
    rim = QUAD - np.array([90, 85], np.float32)
    for seed in range(10):
        at_night(day, [outside, rim], np.random.default_rng(seed))
