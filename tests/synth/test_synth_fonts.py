from __future__ import annotations

import string

import numpy as np
import pytest

from lpr.synth.fonts import CAP, FontBook


@pytest.mark.parametrize("hint", ["generic", "fe", "us", "uk", "cn"])
def test_every_character_stands_on_the_line(fonts: FontBook, hint: str) -> None:
    rng = np.random.default_rng(5)
    for face in {id(face): face for face in (fonts.pick(hint, rng) for _ in range(60))}.values():
        for char in string.ascii_uppercase + string.digits:
            glyph = face.glyph(char)
            inked = np.flatnonzero(glyph.mask.max(axis=1) > 100) / CAP + glyph.top
            assert inked[0] == pytest.approx(0, abs=0.1), (face.path.name, char)
            assert 0.9 < inked[-1] < 1.15, (face.path.name, char)
