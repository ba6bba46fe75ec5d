"""Every region file against its own examples and against the reader's alphabet."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.formats.pattern import ROW_BREAK, without_marks
from lpr.formats.registry import available_regions, load_region
from lpr.recognize.alphabet import PLATE_CHARACTERS

EUROPE = (
    "ad al at ba be bg by ch cy cz de dk ee es fi fr gb ge gi gr hr hu ie is it li lt lu lv mc md"
    " me mk mt nl no pl pt ro rs ru se si sk sm tr ua va xk"
)
AMERICA = "ar bo br ca cl co cr cu do ec gt hn mx ni pa pe py sv us uy ve"
ASIA_AND_OCEANIA = (
    "ae am au az bh cn eg hk id il in jo jp kp kr kw kz lb mo my nz om ph pk qa sa sg th tw uz vn"
)
AFRICA = "dz gh ke ma ng tn ug za"


def test_the_promised_countries_are_there() -> None:
    wanted = set(f"{EUROPE} {AMERICA} {ASIA_AND_OCEANIA} {AFRICA}".split())
    assert wanted <= set(available_regions())


@pytest.mark.parametrize("code", available_regions())
def test_a_region_file_keeps_its_promises(code: str) -> None:
    region = load_region(code)
    assert region.code == code
    assert region.vehicles > 0
    for one in region.formats:
        for text in one.examples:
            assert one.matches(text), f"{one.name}: example {text}"
            assert region.matches(text)
        for text in one.rejects:
            assert not one.matches(text), f"{one.name}: reject {text}"
        assert not one.matches("")
        assert len(one.variants) > 0
        for layout in one.layouts:
            assert layout.lines in (1, 2)
            assert 0.8 <= layout.size[0] / layout.size[1] <= 5.0


@pytest.mark.parametrize("code", available_regions())
def test_patterns_stay_within_the_readers_alphabet(code: str) -> None:
    characters = {
        char
        for one in load_region(code).formats
        for variant in one.variants
        for slot in variant
        for char in slot
    }
    assert characters <= set(PLATE_CHARACTERS)


@pytest.mark.parametrize("code", available_regions())
def test_every_layout_shows_the_texts_of_its_format(code: str) -> None:
    rng = np.random.default_rng(3)
    for one in load_region(code).formats:
        for layout in one.layouts:
            for _ in range(5):
                display = layout.pattern.display(rng)
                rows = display.split(ROW_BREAK)
                assert len(rows) == layout.lines
                assert all(without_marks(row) for row in rows), display
                assert one.matches(without_marks(display))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "RÜDRS322"), ("de", "FUAB1"), ("gb", "AB51ABC"), ("gb", "UIL1234"),
        ("fr", "AB123CD"), ("fr", "1234AB75"), ("it", "ROMA7F9054"), ("nl", "72VGX6"),
        ("pl", "WPI1234A"), ("us", "7ABC123"), ("us", "ABC1234"), ("ca", "CABC123"),
        ("mx", "ABC123A"), ("br", "ABC1D23"), ("br", "ABC1234"), ("ar", "AB123CD"),
        ("cn", "京A12345"), ("cn", "粤BD12345"), ("cn", "粤B12345D"), ("cn", "粤Z1234港"),
        ("cn", "京A1234警"), ("cn", "沪A0023领"), ("cn", "京X1234应急"), ("cn", "使014578"),
        ("kr", "123가4568"), ("kr", "서울74사9728"), ("kr", "33허6580"), ("kr", "외교001002"),
        ("in", "22BH6517A"), ("in", "KA53MA0109"), ("pk", "LEB184196"), ("vn", "59T156987"),
        ("ru", "A733MM777"), ("tr", "34ABC123"), ("sa", "1234ABD"), ("ae", "A12345"),
        ("za", "BB12CDGP"), ("ke", "KDA123A"), ("ie", "131D14588"), ("be", "1ABC123"),
        ("gb", "DZ17YXR"), ("at", "WL1GJG"), ("de", "HH8154B"), ("ie", "83WH8004"),
        ("pk", "LEC401507"), ("us", "4J69H"), ("kr", "1가11234"), ("by", "7TAX1234"),
    ],
)  # fmt: skip
def test_well_known_plates(code: str, text: str) -> None:
    assert load_region(code).matches(text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("me", "PZAB123"), ("ua", "TH1234AA"), ("ua", "MI0001AA"), ("no", "GA10000"),
        ("ru", "A733MM278"), ("nz", "A2ATL"), ("nz", "12ABC"), ("nz", "10A12"),
        ("ie", "ZZ12345"), ("mo", "M1234"), ("au", "9HT794"), ("cn", "鲁0112345"),
        ("hr", "HV123AB"), ("hr", "180293"), ("se", "123456"), ("cm", "LTSR1234A"),
    ],
)  # fmt: skip
def test_series_that_are_no_personal_plates(code: str, text: str) -> None:
    assert any(not one.catch_all for one in load_region(code).matching(text)), text


def test_chinese_motorcycles_have_plates_of_their_own_size() -> None:
    sizes = {
        layout.size for one in load_region("cn").matching("桂AK1234") for layout in one.layouts
    }
    assert (220.0, 140.0) in sizes


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("gb", "AB35ABC"), ("gb", "AI51ABC"), ("fr", "AO123CD"), ("es", "1234BAD"),
        ("cn", "京I12345"), ("cn", "京AO1234"), ("cn", "A12345"), ("kr", "33각6580"),
        ("tr", "82ABC123"), ("ru", "D733MM77"), ("sa", "1234ABC"), ("br", "ABC1DE3"),
        ("in", "XX53MA0109"), ("il", "123456789"), ("nl", "ABCDE1"), ("vn", "51W12345"),
        ("by", "7TA1234"), ("il", "M12345"), ("gb", "ZA51ABC"), ("pk", "CD9630822"),
        ("ch", "AR124336"),
    ],
)  # fmt: skip
def test_texts_that_are_no_plate_there(code: str, text: str) -> None:
    assert not any(not one.catch_all for one in load_region(code).matching(text)), (
        f"{text} fits {code}"
    )
