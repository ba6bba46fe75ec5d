from __future__ import annotations

import string

import numpy as np
import pytest

from lpr.synth.fonts import CAP, FontBook

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
