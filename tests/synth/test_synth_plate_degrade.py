"""Camera effects keep size and type, and never run away."""

from __future__ import annotations

import numpy as np

from lpr.synth.degrade import CameraStrength, _bloom, _ghost, _sharpen, camera_grey


def written() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    picture = np.full((48, 160), 220, np.uint8)
    picture[10:38, 20:140:12] = 15
    return picture


def test_pictures_keep_their_size_and_type() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        out = camera_grey(written(), rng, CameraStrength(poor=1.0))
        assert out.shape == (48, 160)
        assert out.dtype == np.uint8


def test_the_same_seed_gives_the_same_picture() -> None:
    pictures = [
        camera_grey(written(), np.random.default_rng(9), CameraStrength()) for _ in range(2)
    ]
    assert np.array_equal(pictures[0], pictures[1])


def test_most_pictures_stay_legible() -> None:
    rng = np.random.default_rng(1)
    contrasts = [float(camera_grey(written(), rng, CameraStrength()).std()) for _ in range(200)]
    assert np.median(contrasts) > 0.4 * written().std()
    assert min(contrasts) > 1.0


def test_effects_differ_from_picture_to_picture() -> None:
    rng = np.random.default_rng(2)
    poor = CameraStrength(poor=1.0)
    pictures = {camera_grey(written(), rng, poor).tobytes() for _ in range(100)}
    assert len(pictures) > 85


def test_too_much_light_eats_strokes_and_never_swallows_the_text() -> None:
    picture = np.full((48, 160), 130, np.uint8)
    for left in range(20, 140, 20):
        picture[10:38, left : left + 5] = 30
    rng, strokes = np.random.default_rng(3), int((picture < 0.6 * 130).sum())
    eaten = 0
    for _ in range(100):
        lit = _bloom(picture, rng)
        assert (lit >= picture).all()
        assert float(lit[10:38, 20:140].std()) > 0.5 * float(picture[10:38, 20:140].std())
        eaten += int((lit < 0.6 * lit.max()).sum()) < strokes
    assert eaten > 20


def test_a_sharpening_camera_draws_rims_along_edges_and_nowhere_else() -> None:
    picture = np.full((48, 160), 80, np.uint8)
    picture[:, 80:] = 160
    rng = np.random.default_rng(4)
    for _ in range(20):
        out = _sharpen(picture, rng)
        assert out[:, 70:80].min() < 80
        assert out[:, 80:90].max() > 160
        assert (out[:, :60] == 80).all()
        assert (out[:, 100:] == 160).all()


def test_a_ghost_is_fainter_than_its_plate() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        out = _ghost(written(), rng)
        assert 0.5 * written().std() < out.std() <= written().std()
