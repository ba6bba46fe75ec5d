"""Calibration on pairs whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lpr.evaluate.calibration import acceptance_at, calibration


def test_a_calibrated_reader_has_a_small_error() -> None:
    rng = np.random.default_rng(0)
    stated = rng.uniform(0, 1, 20_000)
    right = rng.uniform(0, 1, 20_000) < stated
    assert calibration(list(stated), list(right)).ece < 0.02
    assert calibration(list(stated**0.3), list(right)).ece > 0.1


def test_ece_of_two_bins_by_hand() -> None:
    measured = calibration([0.9, 0.9, 0.1, 0.1], [True, False, False, False], bins=2)
    # Bins: 0.1 stated, 0 true, half the weight; 0.9 stated, 0.5 true, half the weight.
    assert measured.ece == pytest.approx(0.5 * 0.1 + 0.5 * 0.4)
    assert [one.accuracy.total for one in measured.bins] == [2, 2]


def test_acceptance_takes_as_many_as_the_risk_allows() -> None:
    stated = [0.99, 0.98, 0.97, 0.96, 0.5]
    right = [True, True, False, True, True]
    assert acceptance_at(stated, right, 0.0).accepted.hits == 2
    assert acceptance_at(stated, right, 0.25).accepted.hits == 5
    assert acceptance_at([0.9], [False], 0.001).threshold is None


def test_the_errors_among_the_accepted_come_with_their_interval() -> None:
    measured = calibration([0.99, 0.98, 0.97, 0.5], [True, True, True, False])
    told = measured.to_markdown()
    assert "confidence >= 0.9700: 0.750 (0.301-0.954), n=4 accepted, " in told
    assert "wrong of these 0.000 (0.000-0.561), n=3; the threshold is chosen on these" in told


def test_the_calibration_of_nothing_is_none() -> None:
    measured = calibration([], [])
    assert math.isnan(measured.ece)
    assert measured.to_json()["ece"] is None
    assert "Expected calibration error: -" in measured.to_markdown()


def test_equal_confidences_are_accepted_together() -> None:
    assert acceptance_at([0.9, 0.9, 0.9], [True, True, False], 0.001).accepted.hits == 0
    assert acceptance_at([], [], 0.001).accepted.total == 0
