"""Drawing other Chinese and Korean characters into plates."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.recognize.alphabet import CHINESE_PROVINCES, KOREAN_USES, PLATE_CHARACTERS, Alphabet
from lpr.synth.face import CAP, Face, Glyph
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_cells import CharacterCells
from lpr.train.recognizer_data import PATCH_WIDTH
from lpr.train.recognizer_glyphs import GlyphPainter, _proportioned, _weighted
from lpr.train.recognizer_look import text_slope
from tests.train.drawn_bars import BOTTOM, TOP, askew, bars, plate_of

ALPHABET = Alphabet(PLATE_CHARACTERS)


class _Block(Face):
    """Every character is a solid block."""

    def glyph(self, char: str) -> Glyph:
        return Glyph(np.full((CAP, CAP), 255, np.uint8), 0.0)


class _Blocks(FontBook):
    """A book of blocks, so that the test needs no installed face."""

    def __init__(self, kinds: tuple[str, ...] = ("han", "hangul")) -> None:
        self._kinds_here = kinds

    def kinds(self) -> tuple[str, ...]:
        return self._kinds_here

    def pick_kind(self, kind: str, rng: np.random.Generator) -> Face:
        return _Block(Path("block"))


@pytest.mark.parametrize("slope", [-0.08, 0.0, 0.05, 0.1])
def test_a_character_stands_on_the_line_of_a_text_that_climbs(slope: float) -> None:
    cells = askew(bars("皖A12345", 220, 60), slope)
    assert text_slope(cells) == pytest.approx(slope, abs=0.01)
    painter, rng = GlyphPainter(_Blocks(), ALPHABET), np.random.default_rng(0)
    left, right = cells.cuts[0], cells.cuts[1]
    middles = []
    for _ in range(20):
        plate = painter.repainted(cells, plate_of(cells), rng)
        assert plate.text != cells.text
        assert np.array_equal(plate.patch[:, right:], cells.patch[:, right:])
        rows = np.flatnonzero((plate.patch[:, left:right] > 140).mean(axis=1) > 0.3)
        middles.append(rows.mean())
    sunk = slope * ((left + right) / 2 - PATCH_WIDTH / 2)
    assert np.mean(middles) == pytest.approx((TOP + BOTTOM) / 2 + sunk, abs=1.5)


@pytest.mark.parametrize(
    ("text", "slot", "among"), [("皖A12345", 0, CHINESE_PROVINCES), ("12가3456", 2, KOREAN_USES)]
)
@pytest.mark.parametrize(("ink", "ground"), [(220, 60), (40, 200)])
def test_another_character_stands_in_ink_and_the_rest_stays(
    text: str, slot: int, among: str, ink: int, ground: int
) -> None:
    cells = bars(text, ink, ground)
    painter, rng = GlyphPainter(_Blocks(), ALPHABET), np.random.default_rng(0)
    left, right = cells.cuts[slot], cells.cuts[slot + 1]
    seen = set()
    for _ in range(60):
        plate = painter.repainted(cells, plate_of(cells), rng)
        seen.add(plate.text[slot])
        assert plate.text[:slot] + plate.text[slot + 1 :] == text[:slot] + text[slot + 1 :]
        assert np.array_equal(plate.patch[:, :left], cells.patch[:, :left])
        assert np.array_equal(plate.patch[:, right:], cells.patch[:, right:])
        cell = plate.patch[TOP + 6 : BOTTOM - 6, left:right]
        assert abs(float(np.median(cell)) - ink) < 25
    assert seen <= set(among) and len(seen) > 15


class _Bar(_Block):
    """Every character is one upright bar in the middle of its cell."""

    def glyph(self, char: str) -> Glyph:
        mask = np.zeros((CAP, CAP), np.uint8)
        mask[:, CAP * 4 // 10 : CAP * 6 // 10] = 255
        mask[:, :2] = mask[:, -2:] = 255
        return Glyph(mask, 0.0)


class _Bars(_Blocks):
    def pick_kind(self, kind: str, rng: np.random.Generator) -> Face:
        return _Bar(Path("bar"))


def test_strokes_are_as_bold_as_those_beside_them() -> None:
    """Bloomed digits (a wider bar) get a bloomed province."""
    painter, inked = GlyphPainter(_Bars(), ALPHABET), []
    for wider in (0, 4):
        cells = bars("皖A12345", 220, 60)
        for left in cells.cuts[1:-1]:
            cells.patch[TOP:BOTTOM, left + 9 + 4 - wider : left + 16 + wider] = 220
            cells.patch[TOP:BOTTOM, left + 9 : left + 13 - wider] = 60
            cells.patch[TOP:BOTTOM, left + 16 + wider : left + 20] = 60
        rng = np.random.default_rng(0)
        plates = [painter.repainted(cells, plate_of(cells), rng) for _ in range(40)]
        cell = slice(cells.cuts[0], cells.cuts[1])
        inked.append(np.mean([(one.patch[TOP:BOTTOM, cell] > 140).mean() for one in plates]))
    assert inked[1] > 1.15 * inked[0]


class _Thin(_Block):
    """Every character is one thin line: nothing is left of it on a blurred plate."""

    def glyph(self, char: str) -> Glyph:
        mask = np.zeros((CAP, CAP), np.uint8)
        mask[:, 0] = mask[0] = mask[-1] = 40
        return Glyph(mask, 0.0)


class _Thins(_Blocks):
    def pick_kind(self, kind: str, rng: np.random.Generator) -> Face:
        return _Thin(Path("thin"))


@pytest.mark.parametrize("every", [6, 24])
def test_strokes_cover_the_share_that_they_cover_on_plates(every: int) -> None:
    """Dense characters get finer strokes than sparse ones."""
    mask = np.zeros((CAP, CAP), np.uint8)
    mask[:, np.arange(CAP) % every < 2] = 255
    for covered in (0.4, 0.5, 0.6):
        assert covered - 0.25 < _weighted(mask, covered).mean() / 255 <= covered


def test_a_character_that_is_bolder_than_any_plates_gets_finer() -> None:
    mask = np.zeros((CAP, CAP), np.uint8)
    mask[:, np.arange(CAP) % 12 < 9] = 255
    assert _weighted(mask, 0.6).mean() <= 0.6 * 255


def test_what_the_blur_swallows_is_not_drawn() -> None:
    cells = bars("皖A12345", 220, 60)
    blurred = np.asarray(cv2.GaussianBlur(cells.patch, (0, 0), 4.0), np.uint8)
    cells = CharacterCells(blurred, cells.text, cells.cuts)
    painter, rng = GlyphPainter(_Thins(), ALPHABET), np.random.default_rng(0)
    for _ in range(20):
        plate = painter.repainted(cells, plate_of(cells), rng)
        assert plate.text == cells.text and np.array_equal(plate.patch, cells.patch)


def test_a_plate_too_faint_or_without_such_characters_stays() -> None:
    rng, painter = np.random.default_rng(0), GlyphPainter(_Blocks(), ALPHABET)
    for cells in (bars("皖A12345", 104, 100), bars("RÜD1234", 20, 220)):
        plate = plate_of(cells)
        assert painter.repainted(cells, plate, rng) is plate


def test_kinds_without_a_face_and_unknown_characters_are_not_drawn() -> None:
    cells, rng = bars("皖A12345", 220, 60), np.random.default_rng(0)
    plate = plate_of(cells)
    assert GlyphPainter(_Blocks(("hangul",)), ALPHABET).repainted(cells, plate, rng) is plate
    few = GlyphPainter(_Blocks(), Alphabet("0123456789A皖京"))
    texts = {few.repainted(cells, plate, rng).text[0] for _ in range(40)}
    assert texts == {"皖", "京"}


def test_other_proportions_keep_a_character_whole() -> None:
    """Bars move and bend; none is lost, torn off or joined to its neighbour."""
    mask = np.zeros((CAP, CAP), np.uint8)
    width = CAP // 12
    for bar in range(3):
        left = CAP * (2 + 3 * bar) // 12
        mask[CAP // 8 : CAP * 7 // 8, left : left + width] = 255
    rng, middles = np.random.default_rng(0), []
    for _ in range(60):
        drawn = _proportioned(mask, rng)
        assert drawn.shape == mask.shape
        count, _, _, centroids = cv2.connectedComponentsWithStats((drawn > 127).astype(np.uint8))
        assert count == 4
        assert drawn.sum() == pytest.approx(float(mask.sum()), rel=0.35)
        middles.append(sorted(centroids[1:, 0])[1])
    assert np.std(middles) > 0.015 * CAP
