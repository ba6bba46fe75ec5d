"""Maps decode to the quads that training encodes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.detect.maps import (
    CHANNELS,
    OFFSET_UNIT,
    STRIDES,
    Candidates,
    Floats,
    decode_maps,
    place_centers,
    sigmoid,
)

WIDTH, HEIGHT = 640, 384


def _empty_maps() -> list[Floats]:
    maps: list[Floats] = [
        np.zeros((CHANNELS, HEIGHT // s, WIDTH // s), np.float32) for s in STRIDES
    ]
    for level in maps:
        level[0] = -9.0
    return maps


def test_nothing_above_the_threshold_gives_no_candidates() -> None:
    found = decode_maps(_empty_maps(), threshold=0.1)
    assert len(found) == 0
    assert found.quads.shape == (0, 4, 2)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_decoding_inverts_the_encoding(level: int) -> None:
    stride = STRIDES[level]
    row, column = 3, 5
    center = place_centers(WIDTH, HEIGHT, stride).reshape(HEIGHT // stride, WIDTH // stride, 2)
    quad = np.array([[60, 50], [150, 58], [148, 90], [58, 82]], np.float32)
    maps = _empty_maps()
    place = maps[level][:, row, column]
    place[0], place[1] = 2.0, -3.0
    place[2:] = ((quad - center[row, column]) / (stride * OFFSET_UNIT)).ravel()
    found = decode_maps(maps, threshold=0.5)
    assert len(found) == 1
    np.testing.assert_allclose(found.quads[0], quad, atol=1e-3)
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)
    assert found.two_line[0] == pytest.approx(1 / (1 + np.exp(3.0)), abs=1e-6)


def test_candidates_of_all_maps_come_best_first_and_limited() -> None:
    maps = _empty_maps()
    for level, logit in zip(maps, (1.0, 3.0, 2.0), strict=True):
        level[0, 1, 1] = logit
    found = decode_maps(maps, threshold=0.5)
    assert list(found.scores) == sorted(found.scores, reverse=True)
    assert len(found) == 3
    best = decode_maps(maps, threshold=0.5, limit=1)
    assert best.scores[0] == found.scores[0]


def test_place_centers_are_half_a_stride_in() -> None:
    centers = place_centers(64, 32, 16)
    np.testing.assert_allclose(centers[0], [8, 8])
    np.testing.assert_allclose(centers[-1], [56, 24])
    assert len(centers) == 8


@given(st.floats(-1e4, 1e4, width=32))
def test_sigmoid_stays_a_probability(logit: float) -> None:
    value = float(sigmoid(np.array([logit], np.float32))[0])
    assert 0.0 <= value <= 1.0


def test_take_keeps_the_order_asked_for() -> None:
    quads = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    scores = np.array([0.9, 0.5, 0.1], np.float32)
    taken = Candidates(quads, scores, scores).take(np.array([2, 0]))
    assert list(taken.scores) == pytest.approx([0.1, 0.9])
