"""A virtual camera over a photograph made here: labels follow the pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.synth.clip_photo import (
    PhotoClipSpec,
    PhotoPlate,
    render_photo_clip,
    sample_photo_spec,
)
from lpr.types import Image

_PLATE = PhotoPlate(Quad.from_box(300, 350, 460, 390), "AB123CD", 1)
_TINY = PhotoPlate(Quad.from_box(100, 100, 130, 108), "TINY1", 1)


def _photo() -> Image:
    image = np.full((600, 800, 3), 60, np.uint8)
    cv2.rectangle(image, (300, 350), (460, 390), (250, 250, 250), -1)
    return image


def _short(spec: PhotoClipSpec) -> PhotoClipSpec:
    lens = replace(spec.lens, step_frame=-1, step_gain=1.0)
    return replace(spec, frames=5, lens=lens, bit_rate=3_000_000)


def test_a_seed_gives_one_movement_inside_the_photograph() -> None:
    for seed in range(60):
        spec = sample_photo_spec(seed, 800, 600, [_PLATE])
        assert spec == sample_photo_spec(seed, 800, 600, [_PLATE])
        for window in (spec.start, spec.end, spec.window(spec.frames / 2)):
            half, tall = window.width / 2, window.width / 2 * spec.height / spec.width
            assert window.x - half >= -1e-6
            assert window.x + half <= 800 + 1e-6
            assert window.y - tall >= -1e-6
            assert window.y + tall <= 600 + 1e-6


def test_the_movement_ends_where_it_says() -> None:
    spec = sample_photo_spec(1, 800, 600, [_PLATE])
    first, last = spec.window(0), spec.window(spec.frames - 1)
    np.testing.assert_allclose(first.width, spec.start.width)
    np.testing.assert_allclose((last.x, last.width), (spec.end.x, spec.end.width))


def test_labels_follow_the_pixels(tmp_path: Path) -> None:
    spec = _short(sample_photo_spec(3, 800, 600, [_PLATE]))
    labels = render_photo_clip(_photo(), [_PLATE, _TINY], spec, tmp_path / "p.mp4")
    with av.open(str(tmp_path / "p.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(frames) == 5
    plate, tiny = labels.plates
    assert (plate.first_frame, plate.last_frame) == (0, 4)
    assert tiny.first_frame == -1
    for frame, quad in zip(frames, plate.quads, strict=True):
        assert quad is not None
        mask = np.zeros(frame.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round(np.array(quad.points)).astype(np.int32), 1)
        bright = (frame.mean(axis=2) > 155).astype(np.uint8)
        overlap = (mask & bright).sum() / (mask | bright).sum()
        assert overlap > 0.93
