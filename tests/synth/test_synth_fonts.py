from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest

from lpr.synth.face import CAP, Pen
from lpr.synth.fonts import FontBook, _faces_from

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("hint", ["generic", "fe", "us", "uk", "cn"])
def test_umlauts_keep_their_dots_within_cap_height(fonts: FontBook, hint: str) -> None:
    rng = np.random.default_rng(6)
    for face in {id(face): face for face in (fonts.pick(hint, rng) for _ in range(60))}.values():
        for char in "ÄÖÜ":
            glyph = face.glyph(char)
            inked = np.flatnonzero(glyph.mask.max(axis=1) > 100) / CAP + glyph.top
            assert -0.2 < inked[0] < 0.1, (face.path.name, char)
            assert 0.9 < inked[-1] < 1.15, (face.path.name, char)
            if face.accents(char):
                dots = glyph.mask[: round((0.12 - glyph.top) * CAP)].max(axis=0) > 100
                assert (np.diff(dots.astype(int)) == 1).sum() + dots[0] == 2, (face.path.name, char)


def test_faces_that_are_not_there_are_named(fonts: FontBook) -> None:
    missing = fonts.missing()
    assert "overpass-latin-600" in missing
    assert "notosanscjk-thin" in missing
    assert not {"glnummernschild", "osp-din", "rg2014", "osifont"} & set(missing)


def test_a_face_without_dots_says_so(fonts: FontBook) -> None:
    """OSP-DIN draws a plain O for an Ö."""
    faces = {face.path.name: face for face in (fonts.pick_kind("din", RNG) for _ in range(40))}
    assert not faces["OSP-DIN.ttf"].accents("Ö")
    assert faces["OSP-DIN.ttf"].accents("Ä")
    assert faces["OSP-DIN.ttf"].accents("O")


@pytest.mark.parametrize("hint", ["generic", "fe", "us", "uk", "cn"])
def test_every_character_stands_on_the_line(fonts: FontBook, hint: str) -> None:
    rng = np.random.default_rng(5)
    for face in {id(face): face for face in (fonts.pick(hint, rng) for _ in range(60))}.values():
        for char in string.ascii_uppercase + string.digits:
            glyph = face.glyph(char)
            inked = np.flatnonzero(glyph.mask.max(axis=1) > 100) / CAP + glyph.top
            assert inked[0] == pytest.approx(0, abs=0.1), (face.path.name, char)
            assert 0.9 < inked[-1] < 1.15, (face.path.name, char)


def test_a_pen_draws_upright_and_lying_lines_equally_bold() -> None:
    """A thin cross, squeezed to half of its width, in strokes of a tenth of its height."""
    cross = np.zeros((CAP, CAP), np.uint8)
    cross[CAP // 2, 8:-8] = cross[8:-8, CAP // 2] = 255
    drawn = Pen(0.5, 0.1).drawn(cross) > 127
    assert drawn.shape[0] == CAP
    upright, lying = drawn[CAP // 4].sum(), drawn[:, drawn.shape[1] // 2 + 12].sum()
    assert abs(int(upright) - int(lying)) <= 1
    assert upright == pytest.approx(0.1 * CAP, abs=2)
    inked = np.flatnonzero(drawn.any(axis=0))
    assert inked[-1] - inked[0] + 1 == pytest.approx((CAP - 16) / 2 + 0.1 * CAP, abs=2)


@pytest.mark.parametrize(("kind", "index"), [("han", 2), ("hangul", 1)])
def test_thin_faces_are_drawn_with_pens(kind: str, index: int) -> None:
    thin = list(_faces_from(Path("NotoSansCJK-Thin.ttc"), kind))
    assert len({face.pen for face in thin}) == len(thin) > 3
    assert None not in {face.pen for face in thin}
    (bold,) = _faces_from(Path("NotoSansCJK-Bold.ttc"), kind)
    assert bold.pen is None
    assert {face.index for face in (*thin, bold)} == {index}  # the shapes of the country
