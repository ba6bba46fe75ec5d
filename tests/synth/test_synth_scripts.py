"""Plates in scripts that the reader does not know."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.errors import ConfigError
from lpr.recognize.alphabet import PLATE_CHARACTERS
from lpr.synth import scripts
from lpr.synth.face import script_of
from lpr.synth.fonts import FontBook
from lpr.synth.scripts import DESIGNS, drawable_designs, render_script_plate


class _Shelf(FontBook):
    """A book that claims to have some kinds of face."""

    def __init__(self, *kinds: str) -> None:
        self._here = kinds

    def kinds(self) -> tuple[str, ...]:
        return self._here


@pytest.fixture(scope="module")
def installed() -> FontBook:
    book = FontBook()
    if not {"han", "kana", "hangul"} <= set(book.kinds()):
        pytest.skip("no CJK typefaces: apt-get install fonts-noto-cjk fonts-nanum")
    return book


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


def test_a_script_without_a_typeface_is_left_out(fonts: FontBook) -> None:
    assert {one.script for one in drawable_designs(_Shelf("arabic", "thai"))} == {
        *("arabic", "persian", "thai"),
    }
    assert drawable_designs(_Shelf("kana")) == ()  # the office's name is Chinese characters
    assert {one.script for one in drawable_designs(_Shelf("kana", "han"))} == {"kana"}
    assert {one.script for one in drawable_designs(_Shelf("bengali", "lao"), wholly=True)} == {
        "bengali"
    }
    with pytest.raises(ConfigError, match="LPR_FONTS"):
        render_script_plate(np.random.default_rng(0), fonts)


def test_a_row_is_set_in_one_typeface_a_script(installed: FontBook) -> None:
    rng = np.random.default_rng(1)
    latin = installed.pick("generic", rng)
    faces = installed.faces_of("1가2나3다", latin, rng)
    assert faces[0] is faces[2] is faces[4] is latin
    assert faces[1] is faces[3] is faces[5] is not latin


def test_the_reader_knows_no_character_of_a_wholly_unknown_plate() -> None:
    for design in DESIGNS:
        if not design.partly_known:
            assert not set("9AH") & set("".join(design.rows))
            own = scripts._LETTERS[design.script] + scripts._DIGITS[design.script]
            assert not set(own) & set(PLATE_CHARACTERS)
