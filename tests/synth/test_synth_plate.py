"""Rendered plates: their text, size and determinism."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lpr.errors import ConfigError
from lpr.formats import SampledPlate, sample_plate
from lpr.synth.fonts import FontBook
from lpr.synth.layout import MARKS, Area, Spacing, place_row
from lpr.synth.plate import draw_plate, render_plate, render_random_plate
from lpr.synth.style import design_of, random_design


@pytest.mark.parametrize("region", ["de", "us", "in", "br", "vn"])
def test_a_plate_bears_its_sample(fonts: FontBook, region: str) -> None:
    rng = np.random.default_rng(7)
    for _ in range(6):
        sample = sample_plate(rng, (region,))
        plate = render_plate(rng, fonts, sample=sample, height=64)
        assert plate.text == sample.text
        assert plate.lines == len(sample.rows)
        assert plate.region == region
        assert plate.image.dtype == np.uint8
        assert plate.image.shape[0] == 64
        assert plate.image.shape[2] == 3
        assert plate.image.std() > 8


def test_the_same_seed_gives_the_same_plate(fonts: FontBook) -> None:
    first = render_plate(np.random.default_rng(3), fonts, regions=("de",))
    second = render_plate(np.random.default_rng(3), fonts, regions=("de",))
    assert first.text == second.text
    assert np.array_equal(first.image, second.image)


def test_plates_of_no_country_have_three_to_ten_characters(fonts: FontBook) -> None:
    rng = np.random.default_rng(0)
    texts = [render_random_plate(rng, fonts, height=32).text for _ in range(60)]
    assert {len(text) for text in texts} <= set(range(3, 11))
    assert all(not set(text) & set(f"{MARKS} ") for text in texts)
    assert len(set(texts)) == 60


def test_another_text_looks_different(fonts: FontBook) -> None:
    _, style = random_design(np.random.default_rng(4))
    looks = [
        draw_plate((text,), style, np.random.default_rng(5), fonts, 64).astype(int)
        for text in ("AB123", "XY789", "AB123")
    ]
    assert np.array_equal(looks[0], looks[2])
    assert np.abs(looks[0] - looks[1]).mean() > 2


def test_missing_fonts_are_said_so(tmp_path: Path, fonts: FontBook) -> None:
    with pytest.raises(ConfigError, match="LPR_FONTS"):
        FontBook([tmp_path])
    with pytest.raises(ConfigError, match="fonts-noto-cjk"):
        fonts.pick_kind("han", np.random.default_rng(0))


def test_the_top_row_of_a_chinese_lorry_is_as_wide_as_on_the_road(fonts: FontBook) -> None:
    rng = np.random.default_rng(11)
    shares: list[float] = []
    while len(shares) < 12:
        sample = sample_plate(rng, ("cn",))
        if len(sample.rows) == 1:
            continue
        style = design_of(sample, rng)
        assert style.first_spacing is not None
        assert style.of_row(0).spacing == style.first_spacing
        assert style.of_row(1).spacing == style.spacing != style.first_spacing
        clean = replace(style, border=False, bolts=0, stickers=0, frame=None, emboss=0.0)
        rows = ("E" + sample.rows[0][1:], "".join(filter(str.isascii, sample.rows[1])))
        image = draw_plate(rows, clean, rng, fonts, 96).astype(int)
        top = np.abs(image[round(0.16 * 96) : 36] - image[2, 2]).max(axis=(0, 2)) > 60
        inked = np.flatnonzero(top)
        shares.append((inked[-1] - inked[0]) / image.shape[1])
    # GA 36: two characters of 80 mm, apart, on 440 mm.
    assert 0.35 < np.median(shares) < 0.7


def test_bands_at_the_right_are_those_of_their_series() -> None:
    rng = np.random.default_rng(12)
    bands: dict[str, set[bool]] = {}
    for _ in range(200):
        sample = sample_plate(rng, ("pt",))
        band = design_of(sample, rng).right_band
        bands.setdefault(sample.format.name, set()).add(band is not None)
        assert band is None or band[0] > 200 > band[2]  # yellow
    assert bands["2020"] == {False}
    assert bands["2005 to 2020"] == bands["1992 to 2005"] == {True}


def test_korean_region_names_stand_upright_on_plates_of_one_row_only() -> None:
    rng = np.random.default_rng(13)
    designs = [(sample, design_of(sample, rng)) for sample in _samples(rng, "kr", 300)]
    assert any(style.stacked for sample, style in designs if len(sample.rows) == 1)
    assert not any(style.stacked for sample, style in designs if len(sample.rows) == 2)


def test_a_russian_region_code_is_smaller_and_raised(fonts: FontBook) -> None:
    rng = np.random.default_rng(14)
    drawn = 0
    while drawn < 10:
        sample = sample_plate(rng, ("ru",), lines=1)
        style = design_of(sample, rng)
        if sample.format.name != "car":
            continue
        drawn += 1
        plain = replace(style, border=False, bolts=0, stickers=0, frame=None, emboss=0.0)
        clean = replace(plain, band=None, letters=1.0, margin_x=0.08)
        image = draw_plate(("888 888 88",), clean, np.random.default_rng(1), fonts, 96)
        plate = np.abs(image.astype(int) - image[2, 2]).max(axis=2) > 60
        tall = np.flatnonzero(plate[:, : plate.shape[1] // 2].any(axis=1))
        code = np.flatnonzero(plate[:, -plate.shape[1] // 6 :].any(axis=1))
        assert code[0] <= tall[0] + 3
        # What follows below it is the country's name.
        height = int(np.argmax(np.diff(code, append=200) > 1)) + 1
        assert height < 0.9 * len(tall)


def test_stickers_leave_the_characters_alone(fonts: FontBook) -> None:
    rng = np.random.default_rng(15)
    for _ in range(60):
        sample = sample_plate(rng, ("us",))
        style = replace(
            design_of(sample, rng), bolts=0, frame=None, top_words="", bottom_words="", stickers=0
        )
        seed = int(rng.integers(1 << 30))
        bare, stuck = (
            draw_plate(sample.rows, one, np.random.default_rng(seed), fonts, 96).astype(int)
            for one in (style, replace(style, stickers=2))
        )
        changed = np.flatnonzero(np.abs(bare - stuck).max(axis=(1, 2)))
        inside = (changed > style.top * 96 + 1) & (changed < (1 - style.bottom) * 96 - 1)
        assert changed.size
        assert not inside.any()


def _samples(rng: np.random.Generator, region: str, count: int) -> list[SampledPlate]:
    return [sample_plate(rng, (region,)) for _ in range(count)]


def test_a_row_fills_its_area_without_leaving_it() -> None:
    area = Area(10, 20, 100, 30)
    slots = place_row("AB-1 2*", [0.6, 0.6, 0, 0.3, 0, 0.6, 0], area, Spacing())
    assert [slot.char for slot in slots] == list("AB-12*")
    assert slots[0].left >= 10
    assert slots[-1].left + slots[-1].width <= 110.001
    assert all(20 <= slot.top <= slot.top + slot.height <= 50.001 for slot in slots)
    lefts = [slot.left for slot in slots]
    assert lefts == sorted(lefts)


def test_a_long_row_is_squeezed_then_made_smaller() -> None:
    short = place_row("A", [0.6], Area(0, 0, 200, 40), Spacing())
    long = place_row("A" * 12, [0.6] * 12, Area(0, 0, 200, 40), Spacing(narrowest=0.7))
    assert short[0].height == 40
    assert long[0].height < 40
    assert long[0].width < 0.6 * long[0].height
    assert place_row("", [], Area(0, 0, 10, 10), Spacing()) == []


def test_a_short_row_is_spread_up_to_a_limit() -> None:
    area = Area(0, 0, 200, 40)
    wide = place_row("ABCD", [0.6] * 4, area, Spacing(spread=0.8))
    assert wide[-1].left + wide[-1].width - wide[0].left == pytest.approx(160, abs=0.1)
    assert {slot.height for slot in wide} == {40}
    short = place_row("AB", [0.6] * 2, area, Spacing(spread=0.95))
    assert short[1].left - short[0].left - short[0].width < 1.2 * 40
    full = place_row("ABCDEFGH", [0.6] * 8, area, Spacing(spread=0.5))
    assert full == place_row("ABCDEFGH", [0.6] * 8, area, Spacing())
