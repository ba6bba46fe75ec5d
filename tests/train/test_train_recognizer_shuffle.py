"""Moving a plate's characters about."""

from __future__ import annotations

import numpy as np
import pytest

from lpr.train.recognizer_cells import CharacterCells, RowCells
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH
from lpr.train.recognizer_shuffle import given_first, rearranged, shuffled


def _cells(text: str, tones: list[int]) -> CharacterCells:
    """A plate whose characters are bars of different tones on white."""
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), 250, np.uint8)
    cuts = tuple(30 + 30 * i for i in range(len(text) + 1))
    for left, tone in zip(cuts, tones, strict=False):
        patch[:, left + 8 : left + 22] = tone
    return CharacterCells(patch, text, cuts)


def test_the_text_says_what_the_plate_shows() -> None:
    tones = [0, 40, 80, 120, 160, 200]
    cells = _cells("AB1234", tones)
    tone_of = dict(zip("AB1234", tones, strict=True))
    rng = np.random.default_rng(0)
    texts = set()
    for _ in range(50):
        plate = shuffled(cells, rng)
        texts.add(plate.text)
        middle = plate.patch[PATCH_HEIGHT // 2]
        shown = [int(middle[cells.cuts[i] + 15]) for i in range(6)]
        assert shown == pytest.approx([tone_of[one] for one in plate.text], abs=3)
    assert len(texts) > 40


def test_each_row_of_a_plate_keeps_its_characters() -> None:
    rows = _cells("AB12", [0, 40, 80, 120]), _cells("CD34", [0, 40, 80, 120])
    rng = np.random.default_rng(4)
    texts = {rearranged(RowCells(rows, PATCH_HEIGHT // 2), rng).text for _ in range(30)}
    assert len(texts) > 20
    assert all(set(text[:4]) <= set("AB12") and set(text[4:]) <= set("CD34") for text in texts)


def test_letters_and_figures_that_look_alike_stay_among_their_own() -> None:
    cells = _cells("OI01", [0, 0, 0, 0])
    rng = np.random.default_rng(1)
    for _ in range(100):
        text = shuffled(cells, rng).text
        assert set(text[:2]) <= set("OI") and set(text[2:]) <= set("01")


def test_a_province_comes_from_another_plate_or_stays() -> None:
    cells, donor = _cells("皖A12", [0, 90, 90, 90]), _cells("京B34", [60, 90, 90, 90])
    rng = np.random.default_rng(2)
    assert shuffled(cells, rng).text.startswith("皖")
    taken = given_first(shuffled(cells, rng), cells, donor)
    assert taken.text.startswith("京") and taken.text[1:].isascii()
    shown = taken.patch[PATCH_HEIGHT // 2, cells.cuts[0] : cells.cuts[1]]
    assert float(shown.min()) < 60


def test_the_plate_itself_is_left_as_it_was() -> None:
    cells = _cells("AB12", [0, 50, 100, 150])
    before = cells.patch.copy()
    shuffled(cells, np.random.default_rng(3))
    assert (cells.patch == before).all()
