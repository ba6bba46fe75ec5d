"""Lettering real plates anew."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.face import CAP, Face, Glyph
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_cells import CharacterCells, RowCells
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_look import text_slope
from tests.train.drawn_bars import BOTTOM, TOP, askew, bars

ALPHABET = Alphabet(PLATE_CHARACTERS)


class _Frame(Face):
    """Every character is a frame, half as wide as high; one with dots is thicker."""

    def glyph(self, char: str) -> Glyph:
        mask = np.full((CAP, CAP // 2), 255, np.uint8)
        thick = 12 if char.isascii() else 13
        mask[thick:-thick, thick:-thick] = 0
        return Glyph(mask, 0.0)


class _Plain(_Frame):
    """Letters with dots are drawn without, as in a few faces."""

    def glyph(self, char: str) -> Glyph:
        return super().glyph("O")


class _Frames(FontBook):
    """A book of frames, so that the test needs no installed face."""

    def __init__(self, face: type[Face] = _Frame) -> None:
        self._face = face

    def pick(self, hint: str, rng: np.random.Generator) -> Face:
        return self._face(Path("frame"))


PAINTER = LetterPainter(_Frames(), ALPHABET)


@pytest.mark.parametrize(("ink", "ground"), [(220, 60), (40, 200)])
def test_another_registration_stands_in_ink_and_the_old_one_is_gone(ink: int, ground: int) -> None:
    cells, rng = bars("AB12345", ink, ground), np.random.default_rng(0)
    texts = set()
    for _ in range(60):
        plate = PAINTER.lettered(cells, rng)
        assert plate is not None and plate.lines == 1
        assert ALPHABET.covers(plate.text) and 4 <= len(plate.text) <= 9
        texts.add(plate.text)
        text = plate.patch[TOP + 4 : BOTTOM - 4]
        dark = np.abs(text.astype(float) - ground) > np.abs(text.astype(float) - ink)
        # Frames have two upright strokes each, few of which touch the next; the old bars had one.
        runs = np.diff(np.pad(dark[dark.shape[0] // 2], 1).astype(int))
        assert (runs == 1).sum() >= 1.5 * len(plate.text)
        assert np.array_equal(plate.patch[: TOP - 8], cells.patch[: TOP - 8])
        assert np.array_equal(plate.patch[BOTTOM + 7 :], cells.patch[BOTTOM + 7 :])
    assert len(texts) > 50


@pytest.mark.parametrize("slope", [-0.08, 0.05])
def test_the_new_text_climbs_as_the_old_one(slope: float) -> None:
    cells, rng = askew(bars("AB12345", 220, 60), slope), np.random.default_rng(0)
    found = []
    for _ in range(20):
        plate = PAINTER.lettered(cells, rng)
        assert plate is not None
        if len(plate.text) == len(cells.text):
            found.append(text_slope(CharacterCells(plate.patch, plate.text, cells.cuts)))
    assert np.median(found) == pytest.approx(slope, abs=0.02)


def test_light_that_changes_along_a_plate_stays() -> None:
    cells = bars("AB12345", 220, 60)
    light = np.linspace(0, 30, PATCH_WIDTH)[None]
    lit = CharacterCells((cells.patch + light).astype(np.uint8), cells.text, cells.cuts)
    for seed in range(20):
        plate = PAINTER.lettered(lit, np.random.default_rng(seed))
        assert plate is not None
        # Between the strokes; there is noise on half of the plates.
        ground = np.percentile(plate.patch[TOP + 4 : BOTTOM - 4], 20, axis=0)
        assert ground[35:55].min() == pytest.approx(64, abs=8)
        assert ground[210:230].min() == pytest.approx(84, abs=8)


def test_both_rows_of_a_plate_are_lettered() -> None:
    row = bars("AB1234", 220, 60)
    seam = PATCH_HEIGHT // 2
    lengths = set()
    for seed in range(30):
        plate = PAINTER.lettered(RowCells((row, row), seam), np.random.default_rng(seed))
        assert plate is not None
        assert plate.lines == 2 and ALPHABET.covers(plate.text)
        assert plate.patch.shape == (PATCH_HEIGHT, PATCH_WIDTH)
        lengths.add(len(plate.text))
    assert 12 in lengths, "in place"
    assert len(lengths) > 2, "set anew"


def test_ink_taken_for_ground_is_not_spread_over_a_row() -> None:
    cells, rng = bars("AB12345", 220, 60), np.random.default_rng(0)
    patch = cells.patch.copy()
    for cut in cells.cuts[3:-1]:
        patch[TOP:BOTTOM, cut - 2 : cut + 3] = 200
    assert PAINTER.lettered(CharacterCells(patch, cells.text, cells.cuts), rng) is None


def test_letters_get_dots_now_and_then() -> None:
    cells, rng = bars("AOU123", 220, 60), np.random.default_rng(0)
    plates = [PAINTER.lettered(cells, rng) for _ in range(200)]
    dotted = sum(bool(set("ÄÖÜ") & set(plate.text)) for plate in plates if plate is not None)
    assert 2 <= dotted <= 40
    few = LetterPainter(_Frames(), Alphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    for plain in (few, LetterPainter(_Frames(_Plain), ALPHABET)):
        for _ in range(100):
            plate = plain.lettered(cells, rng)
            assert plate is not None and plate.text.isascii()


def test_what_cannot_be_measured_stays() -> None:
    rng = np.random.default_rng(0)
    assert PAINTER.lettered(bars("皖A12345", 220, 60), rng) is None
    assert PAINTER.lettered(bars("AB12345", 114, 100), rng) is None
    blurred = bars("AB12345", 220, 60)
    patch = np.asarray(cv2.GaussianBlur(blurred.patch, (0, 0), 12.0), np.uint8)
    assert PAINTER.lettered(CharacterCells(patch, blurred.text, blurred.cuts), rng) is None
