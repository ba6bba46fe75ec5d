from __future__ import annotations

import numpy as np
import pytest

from lpr.sources.attention import Attention
from lpr.sources.doze import Doze
from lpr.sources.motion import Luma, MotionMeter, reduce_to_cells
from lpr.sources.options import MotionOptions

RNG = np.random.default_rng(0)
SCENE = RNG.integers(40, 200, (720, 1280)).astype(np.float64)


def picture(*, light: float = 0.0, noise: float = 3.0, car: int | None = None) -> Luma:
    """The same scene under other light, with sensor noise, perhaps with a car at a column."""
    scene = SCENE + light + RNG.normal(0, noise, SCENE.shape)
    if car is not None:
        scene[300:400, car : car + 120] = 30
    return np.clip(scene, 0, 255).astype(np.uint8)


def test_noise_and_light_are_no_motion() -> None:
    meter = MotionMeter(MotionOptions())
    assert meter.moved(picture(), time=0.0)
    assert not any(
        meter.moved(picture(light=20 * np.sin(n / 10)), time=n / 15) for n in range(1, 40)
    )


def test_a_car_moves_and_a_parked_one_becomes_background() -> None:
    meter = MotionMeter(MotionOptions(settle=1.0))
    meter.moved(picture(), time=0.0)
    assert all(meter.moved(picture(car=100 + 8 * n), time=n / 15) for n in range(1, 30))
    parked = [meter.moved(picture(car=400), time=2 + n / 15) for n in range(90)]
    assert parked[0]
    assert not parked[-1]


def test_a_far_plate_is_enough() -> None:
    meter = MotionMeter(MotionOptions())
    meter.moved(picture(), time=0.0)
    far = picture()
    far[300:332, 640:672] = 255
    assert meter.moved(far, time=0.1)


def test_only_the_region_counts() -> None:
    meter = MotionMeter(MotionOptions(roi=(640, 0, 1280, 720)))
    meter.moved(picture(), time=0.0)
    assert not meter.moved(picture(car=100), time=0.1)
    assert meter.moved(picture(car=900), time=0.2)


def test_what_cannot_be_told_counts_as_motion() -> None:
    meter = MotionMeter(MotionOptions())
    meter.moved(picture(), time=0.0)
    assert meter.moved(None, time=0.1)
    assert meter.moved(picture()[:360], time=0.2), "another size"
    assert MotionMeter(MotionOptions()).moved(np.zeros((8, 8), np.uint8), time=0.0)


def test_cells_are_means() -> None:
    luma = np.repeat(np.arange(0, 80, 10, dtype=np.uint8), 16)[None].repeat(40, axis=0)
    cells = reduce_to_cells(luma)
    assert cells.shape == (2, 8)
    assert cells[1].tolist() == [0, 10, 20, 30, 40, 50, 60, 70]


def test_attention_looks_now_and_then_and_whenever_something_moves() -> None:
    attention = Attention(MotionOptions(hold=1.0, doze_after=2.0))
    looks = []
    for n in range(150):
        now = n / 15
        attention.still_every = 3.0
        if attention.wants(picture(noise=0.5, car=500 if 90 <= n < 93 else None), time=now):
            attention.looked(now)
            looks.append(n)
        assert attention.asleep(now) == (3.0 <= now < 6.0 or now >= 9.2 - 1e-9) or n in range(
            90, 142
        )
    assert set(range(15)) <= set(looks), "the beginning is looked at"
    assert set(range(90, 107)) <= set(looks), "motion, and a second after it"
    assert len([n for n in looks if 16 <= n < 90]) in (1, 2)


def test_a_busy_owner_gets_everything() -> None:
    attention = Attention(MotionOptions(hold=0.0))
    wanted = [attention.wants(picture(noise=0.5), time=n / 15) for n in range(30)]
    assert all(wanted)
    assert not attention.asleep(100.0)


def feed(doze: Doze[int], sizes: list[int], *, asleep: bool, start: int = 0) -> list[int]:
    """Give packets at 15 a second, each tenth a key frame; returns what was to be decoded."""
    due: list[int] = []
    for number, size in enumerate(sizes, start=start):
        key = number % 10 == 0
        due += doze.due(number, size=size, key=key, asleep=asleep, time=number / 15)
    return due


def test_awake_every_packet_is_decoded() -> None:
    assert feed(Doze(1.0), [1000] * 50, asleep=False) == list(range(50))


def test_asleep_key_frames_are_enough() -> None:
    doze: Doze[int] = Doze(1.0)
    due = feed(doze, [1000] * 60, asleep=True)
    assert due == [0, 10, 20, 30, 40, 50]
    assert doze.skipped == 45, "the last nine are still held"


def test_what_is_held_comes_in_order_when_it_wakes() -> None:
    doze: Doze[int] = Doze(1.0)
    feed(doze, [1000] * 26, asleep=True)
    assert feed(doze, [1000] * 3, asleep=False, start=26) == [21, 22, 23, 24, 25, 26, 27, 28]


def test_a_large_packet_wakes_at_once() -> None:
    doze: Doze[int] = Doze(5.0)
    steady = [1000, *([900, 1100] * 40)]
    feed(doze, steady, asleep=True)
    held_from = len(steady) // 10 * 10
    assert feed(doze, [4000], asleep=True, start=len(steady))[-1] == len(steady)
    assert held_from <= len(steady)


def test_without_key_frames_it_wakes_once_in_a_while() -> None:
    doze: Doze[int] = Doze(1.0)
    due = [len(doze.due(n, size=1000, key=n == 0, asleep=True, time=n / 15)) for n in range(1, 61)]
    assert sum(due) >= 45, "nothing that is needed is left out"
    assert sum(1 for one in due if one) <= 5


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0}, {"cells": 0}, {"hold": -1}, {"roi": (5, 5, 5, 9)}]
)
def test_options_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|needs"):
        MotionOptions(**wrong)  # type: ignore[arg-type]
