"""Pictures made of several looks, against what was printed."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.geometry import Quad
from lpr.recognize.fusion import FusedLooks
from lpr.types import CropQuality, Image, PlateCrop

QUAD = Quad.from_box(100, 100, 180, 124)


def _plate(text: str) -> Image:
    image = np.full((48, 160, 3), 215, np.uint8)
    cv2.rectangle(image, (3, 3), (156, 44), (40, 40, 40), 1)
    cv2.putText(image, text, (12, 37), cv2.FONT_HERSHEY_DUPLEX, 0.95, (25, 25, 25), 2, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.2), np.uint8)


def _look(
    image: Image,
    rng: np.random.Generator,
    *,
    noise: float = 30.0,
    shift: float = 2.0,
    width: float = 80.0,
    gain: float = 1.0,
) -> PlateCrop:
    """The plate as another frame shows it: moved, a little turned, lit otherwise, noisy."""
    x, y = rng.uniform(-shift, shift, 2)
    turn = rng.uniform(-0.005, 0.005) * shift
    affine = np.array(
        [[math.cos(turn), -math.sin(turn), x], [math.sin(turn), math.cos(turn), y]], np.float32
    )
    moved = cv2.warpAffine(image, affine, (160, 48), borderMode=cv2.BORDER_REPLICATE)
    noisy = np.asarray(moved, np.float64) * gain + rng.normal(0, noise, image.shape[:2])[..., None]
    return PlateCrop(np.clip(noisy, 0, 255).astype(np.uint8), CropQuality(width, 0.6), QUAD)


def _error(picture: Image, truth: Image) -> float:
    """Of the grey levels after a fit of brightness and contrast, in the middle of the plate."""
    a, b = (_grey(one)[8:-8, 12:-12].ravel() for one in (picture, truth))
    return float(np.sqrt(1 - np.corrcoef(a, b)[0, 1] ** 2))


def _grey(image: Image) -> npt.NDArray[np.float64]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float64)


def test_looks_together_show_what_each_hides_in_noise() -> None:
    rng, plate = np.random.default_rng(4), _plate("AB12 CDE")
    fused = FusedLooks()
    looks = [_look(plate, rng, shift=0.0), *(_look(plate, rng) for _ in range(11))]
    pictures = [fused.add(1, look) for look in looks]
    assert pictures[:2] == [None, None]
    last = pictures[-1]
    assert last is not None
    assert last.looks == 12
    # The reference is the first look: the picture lies where it does.
    assert _error(last.image, plate) < 0.6 * _error(looks[0].image, plate)
    assert _error(last.image, plate) < min(_error(one.image, plate) for one in looks[1:])


def test_shade_makes_no_difference() -> None:
    rng, plate = np.random.default_rng(5), _plate("XY98 765")
    fused, picture = FusedLooks(), None
    for gain in (1.0, 0.4, 0.7, 0.5, 0.9, 0.6, 0.45):
        picture = fused.add(1, _look(plate, rng, gain=gain, noise=8.0, shift=1.0))
    assert picture is not None
    assert picture.looks == 7
    assert picture.image.mean() == pytest.approx(plate.mean(), rel=0.1)


def test_the_best_look_gives_quality_and_corners() -> None:
    rng, plate = np.random.default_rng(6), _plate("AB12 CDE")
    fused = FusedLooks()
    looks = [_look(plate, rng, width=width) for width in (40, 42, 90, 60)]
    near = PlateCrop(looks[2].image, looks[2].quality, Quad.from_box(0, 0, 90, 27))
    pictures = [fused.add(1, one) for one in (looks[0], looks[1], near, looks[3])]
    assert pictures[2] is not None
    assert pictures[3] is not None
    assert pictures[3].quality == near.quality
    assert pictures[3].quad == near.quad
    assert _error(pictures[3].image, near.image) < 0.6


def test_a_look_that_shows_something_else_is_left_out() -> None:
    rng, plate = np.random.default_rng(7), _plate("AB12 CDE")
    fused = FusedLooks()
    other = _look(255 - _plate("MW 8"), rng)
    pictures = [fused.add(1, _look(plate, rng)) for _ in range(3)]
    assert [fused.add(1, other) for _ in range(4)] == [None] * 4
    picture = fused.add(1, _look(plate, rng))
    assert pictures[2] is not None
    assert picture is not None
    assert (pictures[2].looks, picture.looks) == (3, 4)


def test_a_better_look_makes_up_for_a_first_one_that_shows_something_else() -> None:
    rng, plate = np.random.default_rng(8), _plate("AB12 CDE")
    fused = FusedLooks()
    fused.add(1, _look(255 - _plate("MW 8"), rng))
    pictures = [fused.add(1, _look(plate, rng, width=82)) for _ in range(3)]
    assert [picture is None for picture in pictures] == [True, True, False]


def test_a_look_of_another_size_does_no_harm() -> None:
    rng, plate = np.random.default_rng(9), _plate("AB12 CDE")
    fused = FusedLooks()
    small = PlateCrop(np.zeros((40, 150, 3), np.uint8), CropQuality(10.0, 0.5), QUAD)
    looks = [_look(plate, rng), small, _look(plate, rng), small, _look(plate, rng)]
    assert [fused.add(1, look) is None for look in looks] == [True] * 4 + [False]


def test_a_picture_comes_when_there_are_a_quarter_more_looks() -> None:
    rng, plate = np.random.default_rng(10), _plate("AB12 CDE")
    fused = FusedLooks()
    # Each is a little nearer: of twelve better ones a look is not wanted.
    looks = [_look(plate, rng, width=80 + number) for number in range(40)]
    pictures = [fused.add(1, look) for look in looks]
    due = [number for number, picture in enumerate(pictures, 1) if picture is not None]
    assert due == [3, 4, 5, 7, 9, 12, 15, 19, 24, 30, 38]
    assert [fused.add(1, look) for look in looks[:30]] == [None] * 30


def test_tracks_are_kept_apart_and_forgotten() -> None:
    rng, plate = np.random.default_rng(8), _plate("AB12 CDE")
    fused = FusedLooks()
    for track in (1, 2, 1, 2, 1):
        picture = fused.add(track, _look(plate, rng))
    assert picture is not None
    fused.forget(1)
    fused.forget(99)
    assert fused.add(1, _look(plate, rng)) is None
    assert fused.add(2, _look(plate, rng)) is not None
    fused.reset()
    assert fused.add(2, _look(plate, rng)) is None


def test_memory_is_bounded() -> None:
    rng, plate = np.random.default_rng(9), _plate("AB12 CDE")
    fused = FusedLooks()
    for number in range(38):
        picture = fused.add(1, _look(plate, rng, width=80 + number))
    assert picture is not None
    assert picture.looks == 12
    for track in range(2, 70):
        fused.add(track, _look(plate, rng))
    assert fused.add(1, _look(plate, rng)) is None  # the track unseen for longest went


@settings(max_examples=40, deadline=None)
@given(levels=st.lists(st.integers(0, 255), min_size=1, max_size=6), width=st.floats(0.0, 500.0))
def test_pictures_without_anything_on_them_do_no_harm(levels: list[int], width: float) -> None:
    fused = FusedLooks()
    for level in levels:
        image = np.full((48, 160, 3), level, np.uint8)
        picture = fused.add(1, PlateCrop(image, CropQuality(width, 0.0), QUAD))
        assert picture is None or picture.image.shape == image.shape
