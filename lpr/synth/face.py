"""One typeface and its characters as masks, drawn once by Pillow or with a pen along thin lines."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import MissingExtraError

CAP: Final = 72
"""Height of a capital letter in a glyph mask, pixels."""

_SCRIPTS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("cyrillic", "\u0400", "\u04ff", "Н"),
    ("arabic", "\u0600", "\u06ff", "٩"),
    ("devanagari", "\u0900", "\u097f", "क"),
    ("bengali", "\u0980", "\u09ff", "ক"),
    ("thai", "\u0e00", "\u0e7f", "ก"),
    ("lao", "\u0e80", "\u0eff", "ກ"),
    ("myanmar", "\u1000", "\u109f", "က"),
    ("ethiopic", "\u1200", "\u137f", "ሀ"),
    ("khmer", "\u1780", "\u17ff", "ក"),
    ("kana", "\u3040", "\u30ff", "国"),
    ("han", "\u4e00", "\u9fff", "国"),
    ("hangul", "\uac00", "\ud7a3", "밝"),
)
"""Scripts with typefaces of their own: kind, first and last character, and the character whose
height stands for that of a capital letter."""
_DEEPEST: Final = 0.12
"""How far a letter may hang below the line, cap heights: tails of a Q."""
_LAST_LATIN: Final = "\u024f"


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """One drawn character.

    Attributes:
        mask: HxW uint8 coverage, trimmed to the ink at the left and the right; `CAP` pixels are
            one cap height.
        top: the mask's upper rim in cap heights below the cap line (negative: above it).
    """

    mask: npt.NDArray[np.uint8]
    top: float

    @property
    def width(self) -> float:
        """Width in cap heights."""
        return float(self.mask.shape[1]) / CAP

    @property
    def height(self) -> float:
        """Height in cap heights."""
        return float(self.mask.shape[0]) / CAP


@dataclass(frozen=True, slots=True)
class Pen:
    """How the bare lines of a thin face become the strokes of a plate.

    Attributes:
        squeeze: width of the characters, shares of their width in the face.
        stroke: added to the width of the lines, upright or lying, cap heights.
    """

    squeeze: float
    stroke: float

    def drawn(self, mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Squeeze a thin character and follow its lines with a round point."""
        reach = self.stroke * CAP / 2
        edge = math.ceil(reach) + 1
        rows = mask.shape[0] - 2 * math.floor(reach)
        width = max(1, round(mask.shape[1] * self.squeeze))
        fine = cv2.resize(mask, (width, rows), interpolation=cv2.INTER_AREA)
        fine = np.pad(fine, ((math.floor(reach), math.floor(reach)), (edge, edge)))
        # A line gets fainter where it is squeezed; it is followed all the same.
        far = cv2.distanceTransform(np.where(fine > 48, 0, 255).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(np.clip(reach + 0.5 - far, 0, 1) * 255, np.uint8)


@dataclass(slots=True, eq=False)
class Face:
    """One font file at one size, with its glyphs drawn on first use.

    Attributes:
        path: the file.
        index: the face inside a collection.
        pen: what its lines are drawn with; None for the face's own strokes.
    """

    path: Path
    index: int = 0
    pen: Pen | None = None
    _font: Any = None
    _cap: tuple[int, int] = (0, 0)
    _glyphs: dict[str, Glyph] = field(default_factory=dict)

    def glyph(self, char: str) -> Glyph:
        """Return one character's mask."""
        if char not in self._glyphs:
            self._glyphs[char] = self._draw(char)
        return self._glyphs[char]

    def accents(self, char: str) -> bool:
        """Whether a letter with an accent looks unlike the plain one; a few faces leave it out."""
        plain = unicodedata.normalize("NFD", char)[0]
        return plain == char or not np.array_equal(self.glyph(char).mask, self.glyph(plain).mask)

    def _open(self, reference: str) -> None:
        image_font = _pillow("ImageFont")
        probe = image_font.truetype(str(self.path), 200, index=self.index)
        box = probe.getbbox(reference)
        size = max(8, round(200 * CAP / max(1, box[3] - box[1])))
        self._font = image_font.truetype(str(self.path), size, index=self.index)
        box = self._font.getbbox(reference)
        self._cap = (int(box[1]), int(box[3]))

    def _draw(self, char: str) -> Glyph:
        if self._font is None:
            self._open(_script(char)[1])
        top, bottom = self._cap
        left, high, right, low = (int(edge) for edge in self._font.getbbox(char))
        width = max(1, right - left)
        start = min(high, top - CAP // 8)
        height = max(bottom, low) - start + 2
        canvas = _pillow("Image").new("L", (width + 4, height), 0)
        _pillow("ImageDraw").Draw(canvas).text((2 - left, -start), char, fill=255, font=self._font)
        mask = np.asarray(canvas, np.uint8)
        if char.isascii() and low - bottom > _DEEPEST * CAP:
            mask = _lifted(mask, top - start, bottom - start)
        if not char.isascii() and char <= _LAST_LATIN and top - high > _DEEPEST * CAP:
            mask, start = _lowered(mask, high - start, bottom - start, bottom - top), top
        if self.pen is not None:
            mask = self.pen.drawn(mask)
        columns = np.flatnonzero(mask.max(axis=0) > 32)
        if columns.size:
            mask = mask[:, columns[0] : columns[-1] + 1]
        return Glyph(np.ascontiguousarray(mask), (start - top) / CAP)


def script_of(char: str) -> str | None:
    """The kind of face that draws a character; None for Latin letters, digits and marks."""
    kind, _ = _script(char)
    return kind


def _script(char: str) -> tuple[str | None, str]:
    """A character's kind of face and the character whose height stands for a capital's in it."""
    found = ((kind, capital) for kind, low, high, capital in _SCRIPTS if low <= char <= high)
    return next(found, (None, "H"))


def _lifted(mask: npt.NDArray[np.uint8], top: int, baseline: int) -> npt.NDArray[np.uint8]:
    """Squeeze a letter that hangs below the line onto it: plates have no room for it there.

    Args:
        mask: HxW uint8, the letter.
        top: row of the cap line.
        baseline: row on which the others stand.
    """
    size = (mask.shape[1], baseline - top + 2)
    return np.vstack((mask[:top], cv2.resize(mask[top:], size, interpolation=cv2.INTER_AREA)))


def _lowered(
    mask: npt.NDArray[np.uint8], top: int, baseline: int, cap: int
) -> npt.NDArray[np.uint8]:
    """Squeeze a letter with its accent into cap height: plates have no room for them above it.

    Args:
        mask: HxW uint8, the letter.
        top: row where its accent begins.
        baseline: row on which it stands.
        cap: rows of cap height.
    """
    size = (mask.shape[1], cap)
    letter = cv2.resize(mask[top:baseline], size, interpolation=cv2.INTER_AREA)
    return np.vstack((letter, mask[baseline : baseline + 2]))


def _pillow(module: str) -> Any:
    try:
        import importlib

        return importlib.import_module(f"PIL.{module}")
    except ImportError as error:
        raise MissingExtraError("pillow", "synth") from error
