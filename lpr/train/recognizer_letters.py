"""Other registrations in other typefaces lettered into real plates.

The real plates of a training run are a few thousand, in the typefaces of a few countries. Here the
whole row of a real plate gives way to another registration, in any face there is, with the plate's
own ground, ink, height, slope, boldness and sharpness: plates of every country under real light,
dirt and lenses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.formats.sampling import sample_plate
from lpr.recognize.alphabet import Alphabet
from lpr.synth.face import Face
from lpr.synth.fonts import FontBook
from lpr.synth.layout import MARKS, Area, Slot, Spacing, place_row
from lpr.synth.plate import stamp, stamp_mark
from lpr.synth.style import UMLAUTS
from lpr.train.recognizer_cells import CharacterCells, RowCells, ink_along
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH, LabelledPatch, patch_corners
from lpr.train.recognizer_glyphs import round_brush
from lpr.train.recognizer_look import PlateLook, plate_look, sheared, stroke_width, text_slope

_WHOLE: Final = 0.95
"""Share of the ink that must lie within the row: less is a character cut off."""
_IN_PLACE: Final = 0.45
"""Share of the rows whose characters stand where the old ones stood."""
_WITH_UMLAUT: Final = 0.1
"""Share of the rows with such a letter that get its dots: they are rare in any set."""
_MOST_BOLDER: Final = 0.07
"""Shares of the height by which strokes get bolder or finer at most."""
_FINER: Final = 3
"""Times the patch's resolution at which a row is drawn."""
_LEAST_CONTRAST: Final = 20.0
"""Grey levels; fainter plates are not measured well enough to letter them anew."""
_MOST_UNEVEN: Final = 0.45
"""Shares of the contrast by which light may differ along a row."""
_LEAST_ROW, _MOST_ROW = 4, 9
"""Characters of a registration that is set anew."""
_INSET: Final = 0.03
"""Free at each end of a row that is set anew, shares of its width."""
_RIMS: Final = (0.0, 0.35)
"""Where the outer characters may end, usual widths beyond the cut."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "0123456789"


class LetterPainter:
    """Letters rows of real plates anew.

    Args:
        book: the faces.
        alphabet: only its characters are drawn.
    """

    def __init__(self, book: FontBook, alphabet: Alphabet) -> None:
        self._book, self._alphabet = book, alphabet

    def lettered(
        self, cells: CharacterCells | RowCells, rng: np.random.Generator
    ) -> LabelledPatch | None:
        """Give the Latin letters and digits of a plate way to another registration.

        Args:
            cells: the plate.
            rng: source of randomness.

        Returns:
            The plate, or None where it holds other characters or cannot be measured.
        """
        face = self._book.pick("generic", rng)
        strips = (cells,) if isinstance(cells, CharacterCells) else cells.rows
        if not all(strip.text.isascii() for strip in strips):
            return None
        texts: Sequence[str | None] = [None] * len(strips)
        if rng.random() >= _IN_PLACE:
            texts = self._registration(len(strips), face, rng)
        spacing = _any_spacing(rng)
        rows = []
        for strip, text in zip(strips, texts, strict=True):
            row = self._row(strip, text, face, spacing, rng)
            if row is None:
                return None
            rows.append(row)
        return rows[0] if isinstance(cells, CharacterCells) else cells.joined(rows)

    def _row(
        self,
        cells: CharacterCells,
        text: str | None,
        face: Face,
        spacing: Spacing,
        rng: np.random.Generator,
    ) -> LabelledPatch | None:
        """A row that says `text`; other characters where the old ones stood if it is None."""
        slope = text_slope(cells)
        level = sheared(cells.patch, -slope)
        even = replace(cells, patch=level.astype(np.uint8))
        look = plate_look(even)
        if look is None or look.contrast < _LEAST_CONTRAST:
            return None
        left, right = _ends(even)
        height = (look.bottom - look.top) * float(rng.uniform(0.93, 1.06))
        inset = _INSET * (right - left)
        area = Area(
            left + inset,
            (look.top + look.bottom - height) / 2,
            right - left - 2 * inset,
            height,
        )
        slots = (
            _in_place(cells, self._text(cells.text, face, rng), face, area, rng)
            if text is None
            else _set_anew(text, face, area, spacing)
        )
        if not slots:
            return None
        drawn = _drawn(slots, face, look, rng)
        ground = _ground(even, look)
        if ground is None:
            return None
        weight = _within(left, right, look)
        inked = ground + (look.ink - look.usual_ground) * drawn
        if rng.random() < 0.5:
            noise = rng.normal(0, float(rng.uniform(0.5, 3.0)), inked.shape)
            inked += np.asarray(noise, np.float32)
        strokes = drawn > 0.8
        if not strokes.any():
            return None
        shown = inked.clip(0, 255)[strokes].mean() - ground.clip(0, 255)[strokes].mean()
        if abs(float(shown)) < look.contrast / 2:
            return None
        if float((drawn * weight).sum()) < _WHOLE * float(drawn.sum()):
            return None
        change = (inked.clip(0, 255) - level) * weight
        patch = np.clip(cells.patch + sheared(change.astype(np.float32), slope), 0, 255)
        text = "".join(slot.char for slot in slots if slot.char not in MARKS)
        return LabelledPatch(patch.astype(np.uint8), patch_corners(), text, 1)

    def _text(self, text: str, face: Face, rng: np.random.Generator) -> str:
        """Other letters and digits in place of letters and digits."""
        among = [_DIGITS if char.isdigit() else _LETTERS for char in text]
        text = "".join(one[int(rng.integers(len(one)))] for one in among)
        return self._dotted(text, face, rng)

    def _registration(self, lines: int, face: Face, rng: np.random.Generator) -> list[str]:
        """The rows of a registration of any country, with spaces and marks."""
        least = _LEAST_ROW if lines == 1 else 1
        while True:
            rows = [
                "".join(
                    char
                    for char in row
                    if char == " "
                    or char in MARKS
                    or (char.isascii() and self._alphabet.covers(char))
                ).strip(f" {MARKS}")
                for row in sample_plate(rng).rows
            ]
            counts = [sum(char.isalnum() for char in row) for row in rows]
            if len(rows) == lines and least <= min(counts) and max(counts) <= _MOST_ROW:
                return [self._dotted(row, face, rng) for row in rows]

    def _dotted(self, row: str, face: Face, rng: np.random.Generator) -> str:
        """Dots over one of the letters that may have them, now and then."""
        places = [
            place
            for place, char in enumerate(row)
            if char in UMLAUTS
            and self._alphabet.covers(UMLAUTS[char])
            # A face may draw a plain letter in place of one with dots.
            and face.accents(UMLAUTS[char])
        ]
        if not places or rng.random() >= _WITH_UMLAUT:
            return row
        place = places[int(rng.integers(len(places)))]
        return row[:place] + UMLAUTS[row[place]] + row[place + 1 :]


def _any_spacing(rng: np.random.Generator) -> Spacing:
    return Spacing(
        gap=float(rng.uniform(0.06, 0.22)),
        word=float(rng.uniform(0.25, 0.6)),
        cell=float(rng.choice((0.0, 0.0, 0.55))),
        narrowest=0.45,
        widest=float(rng.uniform(0.9, 1.3)),
        spread=float(rng.uniform(0.85, 1.0)),
    )


def _set_anew(row: str, face: Face, area: Area, spacing: Spacing) -> list[Slot]:
    """A row set as wide as the old one."""
    inks = [0.0 if char in f"{MARKS} " else face.glyph(char).width for char in row]
    return place_row(row, inks, area, spacing)


def _ends(cells: CharacterCells) -> tuple[int, int]:
    """The columns where the row begins and ends: the gaps beside its outer characters."""
    ink = ink_along(cells.patch)
    usual = float(np.median(np.diff(cells.cuts)))
    ends = []
    for cut, side in ((cells.cuts[0], -1), (cells.cuts[-1], 1)):
        first, last = sorted(round(cut + side * rim * usual) for rim in _RIMS)
        at = np.arange(max(0, first), min(len(ink) - 1, last) + 1)
        ends.append(int(at[ink[at].argmin()]))
    return ends[0], ends[1] + 1


def _in_place(
    cells: CharacterCells, text: str, face: Face, area: Area, rng: np.random.Generator
) -> list[Slot]:
    """A character in the middle of each cell, all squeezed alike."""
    widths = [face.glyph(char).width * area.height for char in text]
    usual = float(np.median(np.diff(cells.cuts)))
    broad = max(float(np.median(widths)), 1.0)
    squeeze = usual * float(rng.uniform(0.74, 0.92)) / broad
    slots = []
    for index, (char, width) in enumerate(zip(text, widths, strict=True)):
        left, right = cells.cuts[index], cells.cuts[index + 1]
        wide = min(width * squeeze, right - left)
        free = right - left - wide
        begin = left + free / 2 + float(rng.uniform(-0.5, 0.5)) * min(4.0, free)
        slots.append(Slot(char, begin, area.top, wide, area.height))
    return slots


def _drawn(
    slots: list[Slot], face: Face, look: PlateLook, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Coverage of the patch with ink, 0 to 1, as bold and as blurred as on the plate."""
    ink = np.zeros((PATCH_HEIGHT * _FINER, PATCH_WIDTH * _FINER), np.uint8)
    for slot in slots:
        place = (slot.left, slot.top, slot.width, slot.height)
        fine = Slot(slot.char, *(_FINER * side for side in place))
        if slot.char == "*":
            continue
        if slot.char in MARKS:
            stamp_mark(ink, fine)
        else:
            stamp(ink, face, fine)
    height = slots[0].height * _FINER
    lacking = look.stroke * height - stroke_width(ink > 127)
    most = _MOST_BOLDER * height
    size = round(float(np.clip(lacking, -most, most) * rng.uniform(0.2, 1.0)))
    if abs(size) > 1:
        change = cv2.dilate if size > 0 else cv2.erode
        ink = np.asarray(change(ink, round_brush(abs(size))), np.uint8)
    small = cv2.resize(ink, (PATCH_WIDTH, PATCH_HEIGHT), interpolation=cv2.INTER_AREA)
    drawn = small.astype(np.float32) / 255
    blur = look.blur * float(rng.uniform(0.8, 1.1))
    drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur), np.float32)
    # Fine strokes must not fade under the blur: on the plate they are as bold as the others.
    inked = drawn[drawn > 0.1]
    strongest = float(np.percentile(inked, 85)) if inked.size else 1.0
    return np.asarray(np.minimum(drawn / max(0.5, strongest), 1.0), np.float32)


def _ground(cells: CharacterCells, look: PlateLook) -> npt.NDArray[np.float32] | None:
    """The empty plate: the rows' ground between the characters, in light that changes evenly.

    None where the gaps are so unlike the rows' ground that ink was measured in one of them.
    """
    band = slice(look.top, look.bottom)
    gaps = np.array(cells.cuts[1:-1], np.float64)
    # A gap may be bridged by ink: what is nearest to the ground counts.
    away = 30 if look.ink > look.usual_ground else 70
    light = np.array(
        [
            np.percentile(cells.patch[band, gap - 1 : gap + 2] - look.ground[band, None], away)
            for gap in cells.cuts[1:-1]
        ]
    )
    slope = 0.0
    if len(gaps) > 2:
        one, other = np.triu_indices(len(gaps), 1)
        slope = float(np.median((light[other] - light[one]) / (gaps[other] - gaps[one])))
    level = float(np.median(light - slope * gaps))
    across = slope * np.arange(cells.patch.shape[1]) + level
    if np.abs(across).max() > _MOST_UNEVEN * look.contrast:
        return None
    return np.asarray(look.ground[:, None] + across[None], np.float32)


def _within(left: int, right: int, look: PlateLook) -> npt.NDArray[np.float32]:
    """1 over the row, fading to 0 at its ends and towards the plate's rims."""
    columns, rows = np.arange(PATCH_WIDTH), np.arange(PATCH_HEIGHT)
    across = np.minimum(columns - left + 1, right - columns) / 2.5
    down = np.minimum(rows - (look.top - 7), look.bottom + 6 - rows) / 4
    return np.asarray(np.clip(down, 0, 1)[:, None] * np.clip(across, 0, 1)[None], np.float32)
