from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.doctor.geometry import READ_WIDTH, Mounting, see


def test_the_figures_of_the_issue() -> None:
    wide = see(Mounting(height=0, distance=20, fov=60, width=1920))
    narrow = see(Mounting(height=0, distance=20, fov=30, width=1920))
    assert wide.plate_width == pytest.approx(43, abs=1)
    assert narrow.plate_width == pytest.approx(93, abs=1)


@given(st.floats(2, 60), st.floats(0, 8), st.integers(640, 7680))
def test_the_lens_advised_gives_the_width_wanted(
    distance: float, height: float, width: int
) -> None:
    lens = see(Mounting(height, distance, 60, width)).lens
    assert see(Mounting(height, distance, lens, width)).plate_width == pytest.approx(READ_WIDTH)


@given(st.floats(2, 60), st.floats(5, 170))
def test_farther_plates_are_smaller(distance: float, fov: float) -> None:
    near, far = (see(Mounting(1, at, fov, 1920)) for at in (distance, distance * 2))
    assert far.plate_width < near.plate_width
    assert far.angle < near.angle


def test_advice_names_lens_angle_and_exposure() -> None:
    bad = see(Mounting(height=8, distance=8, fov=110, width=1280, speed=60, exposure=1 / 25))
    text = " ".join(bad.advice)
    assert "lens" in text
    assert "looks down" in text
    assert "exposure" in text
    assert see(Mounting(height=1, distance=10, fov=30, width=1920)).advice == ()


@pytest.mark.parametrize("fov", [0, 180, -3])
def test_impossible_geometry_is_refused(fov: float) -> None:
    with pytest.raises(ValueError, match="fov"):
        Mounting(1, 10, fov, 1920)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["height", "distance", "fov", "speed", "exposure"])
def test_what_is_no_number_is_refused(name: str, value: float) -> None:
    """Nothing compares with it, so that nothing would be found wanting."""
    good = {"height": 1.0, "distance": 10.0, "fov": 30.0, "speed": 20.0, "exposure": 0.004}
    with pytest.raises(ValueError, match="finite"):
        Mounting(width=1920, **{**good, name: value})


@pytest.mark.parametrize(("speed", "exposure", "fov"), [(1e300, 1e300, 30), (20, 0.004, 1e-320)])
def test_numbers_that_nothing_follows_from_are_refused(
    speed: float, exposure: float, fov: float
) -> None:
    with pytest.raises(ValueError, match="far too"):
        see(Mounting(0, 10, fov, 1920, speed, exposure))
