"""Plates in scripts that the reader does not know."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.errors import ConfigError
from lpr.recognize.alphabet import PLATE_CHARACTERS
from lpr.synth.fonts import FontBook, script_of
from lpr.synth.scripts import DESIGNS, drawable_designs, render_script_plate


@pytest.fixture(scope="module")
def installed() -> FontBook:
    return FontBook()


def test_every_character_has_a_script_or_is_latin() -> None:
    assert [script_of(char) for char in "A7-Ü"] == [None] * 4
    assert [script_of(char) for char in "ب٣ก京あ밝Ж"] == [
        *("arabic", "arabic", "thai", "han", "kana", "hangul", "cyrillic"),
    ]


def test_plates_look_like_plates_and_say_nothing(installed: FontBook) -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        plate = render_script_plate(rng, installed, height=64)
        assert plate.text == ""
        assert plate.region is None
        assert plate.image.shape[0] == 64
        assert 0.7 < plate.image.shape[1] / 64 < 5.5
        assert plate.image.std() > 8
        assert plate.lines in (1, 2)


def test_the_same_seed_gives_the_same_plate(installed: FontBook) -> None:
    first, second = (
        render_script_plate(np.random.default_rng(5), installed, height=48) for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)


def test_a_script_without_a_typeface_is_left_out(installed: FontBook, fonts: FontBook) -> None:
    assert {one.script for one in drawable_designs(installed)} <= {one.script for one in DESIGNS}
    known = {one.script for one in drawable_designs(installed)}
    assert ("persian" in known) == ("arabic" in installed.kinds())
    unknown = {one.script for one in drawable_designs(installed, wholly=True)}
    assert unknown == known & {"arabic", "persian", "devanagari", "bengali", "myanmar"}
    assert drawable_designs(fonts) == ()
    with pytest.raises(ConfigError, match="LPR_FONTS"):
        render_script_plate(np.random.default_rng(0), fonts)


def test_a_row_is_set_in_one_typeface_a_script(installed: FontBook) -> None:
    rng = np.random.default_rng(1)
    latin = installed.pick("generic", rng)
    faces = installed.faces_of("1가2나3다", latin, rng)
    assert faces[0] is faces[2] is faces[4] is latin
    assert faces[1] is faces[3] is faces[5] is not latin


def test_the_reader_knows_none_of_the_letters() -> None:
    known = {"kana", "han"}
    letters = {
        sign for one in DESIGNS if one.script not in known for row in one.rows for sign in row
    }
    assert letters <= set("LD9A -")
    assert not set("بทकবကកກሀЖ") & set(PLATE_CHARACTERS)
