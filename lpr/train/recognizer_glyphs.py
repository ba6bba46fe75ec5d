"""Provinces and hangul drawn into real plates.

Nearly all real Chinese training plates come from one province, and few Korean ones exist: the
network learns to name what it has seen most. Here the Chinese or Korean character of a real plate
gives way to a drawn one with the plate's own ground, ink, height and sharpness, so that every
character is met under real light, dirt and lenses.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import ConfigError
from lpr.recognize.alphabet import CHINESE_PROVINCES, KOREAN_REGIONS, KOREAN_USES, Alphabet
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_cells import BAND, CharacterCells
from lpr.train.recognizer_data import PATCH_HEIGHT, Grey, LabelledPatch, patch_corners

_CHARACTERS: Final[Mapping[str, str]] = {"han": CHINESE_PROVINCES, "hangul": KOREAN_USES}
"""What is drawn in place of what, by kind of face."""
_REGIONS: Final = (
    *("서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기"),
    *("강원", "충북", "충남", "전북", "전남", "경북", "경남", "제주"),
)
"""Korean regions: a row that begins with two syllables begins with one of these."""
_VEHICLES: Final[Mapping[str, int]] = {
    province: millions
    for provinces, millions in (
        *(("鲁粤", 29), ("苏", 24), ("浙", 22), ("豫冀", 20), ("川", 15), ("湘", 12)),
        *(("皖鄂辽", 11), ("桂云陕晋", 9), ("闽", 8), ("赣京蒙贵黑", 7), ("新渝", 6)),
        *(("沪吉", 5), ("津甘", 4), ("琼宁青", 2), ("藏", 1)),
    )
    for province in provinces
}
"""Millions of vehicles registered in each province, roughly (China Statistical Yearbook)."""
_EVENLY = 0.6
"""Share of the provinces drawn evenly; the others come as often as their vehicles."""
_HANGUL: Final = frozenset(KOREAN_USES + KOREAN_REGIONS)
_BOLDER: Final[Mapping[str, int]] = {"han": 0, "hangul": 2}
"""Pixels by which the strokes of the plates are bolder than those of the faces."""
_USUAL_STROKE = 0.17
"""Width of a character's strokes, shares of its height; they are wider where light blooms."""
_FULLEST = 0.55
"""Share of a character's area that its strokes cover at most: plates draw dense ones finer."""
_LEAST_CONTRAST = 12.0
"""Grey levels between ink and ground; below it nobody could read what is drawn."""
_MOST_SLANT = 0.12
"""Of the characters' height between the halves of a row: an upright character does not cover one
that stands askew."""
_STEEPEST = 0.3
"""Rows per column; a row of text that climbs more was not measured rightly."""
_SHIFT, _LEAN = 0.045, 0.04
"""Standard deviations of shifts within a drawn character, shares of its size."""
_LEAST_HEIGHT = 20
"""Rows; a lower text was not found rightly."""


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What the characters of a plate look like.

    Attributes:
        ground: grey level beside the strokes, one per row.
        ink: grey level of the strokes.
        top: first row of the characters.
        bottom: row below their last.
        blur: standard deviation of the edges' blur, pixels.
        stroke: width of the strokes, shares of the characters' height.
    """

    ground: npt.NDArray[np.float32]
    ink: float
    top: int
    bottom: int
    blur: float
    stroke: float

    @property
    def usual_ground(self) -> float:
        """Grey level of the ground along the characters."""
        return float(np.median(self.ground[self.top : self.bottom]))

    @property
    def contrast(self) -> float:
        """Grey levels between ink and ground."""
        return abs(self.ink - self.usual_ground)


def plate_look(cells: CharacterCells) -> PlateLook | None:
    """Measure the Latin characters of a plate; None where they are too faint to tell."""
    slots = [index for index, char in enumerate(cells.text) if char.isascii()]
    if len(slots) < 2:
        return None
    left, right = cells.cuts[slots[0]], cells.cuts[slots[-1] + 1]
    text = cells.patch[:, left:right]
    level, split = cv2.threshold(
        np.ascontiguousarray(text[BAND]), 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    bright_ink = float(split.mean()) < 0.5
    marked = (text > level) if bright_ink else (text <= level)
    inside = text[BAND]
    is_ink = marked[BAND]
    if not is_ink.any() or is_ink.all():
        return None
    ink, ground = float(np.median(inside[is_ink])), float(np.median(inside[~is_ink]))
    if abs(ink - ground) < _LEAST_CONTRAST:
        return None
    top, bottom = _extent(marked.mean(axis=1))
    if bottom - top < _LEAST_HEIGHT or _slant(marked) > _MOST_SLANT * (bottom - top):
        return None
    slope = np.abs(np.diff(text[top:bottom].astype(np.float32), axis=1))
    steepest = max(1.0, float(np.percentile(slope, 97)))
    # A step blurred by a Gaussian is steepest in its middle: its height over sigma sqrt(2 pi).
    blur = float(np.clip(abs(ink - ground) / (steepest * math.sqrt(2 * math.pi)), 0.5, 4.0))
    gaps = [cut for index, cut in enumerate(cells.cuts[1:-1], 1) if index in slots]
    columns = cells.patch[:, [np.clip(cut, 0, cells.patch.shape[1] - 1) for cut in gaps]]
    rows = np.median(columns.astype(np.float32), axis=1)
    stroke = _stroke(marked[top:bottom]) / (bottom - top)
    return PlateLook(rows.astype(np.float32), ink, top, bottom, blur, stroke)


def _stroke(marked: npt.NDArray[np.bool_]) -> float:
    """Median length of the runs of ink along the rows: most strokes stand upright."""
    padded = np.pad(marked, ((0, 0), (1, 1))).astype(np.int8)
    steps = np.diff(padded, axis=1)
    begin, end = np.argwhere(steps == 1), np.argwhere(steps == -1)
    return float(np.median(end[:, 1] - begin[:, 1]))


def _slant(marked: npt.NDArray[np.bool_]) -> float:
    """By how many rows the characters of the left half stand higher or lower than the right's."""
    half = marked.shape[1] // 2
    (top, bottom), (far_top, far_bottom) = (
        _extent(part.mean(axis=1)) for part in (marked[:, :half], marked[:, half:])
    )
    return abs(top + bottom - far_top - far_bottom) / 2


def text_slope(cells: CharacterCells) -> float:
    """Rows by which the Latin characters of a row come down per column; 0 where it cannot be told.

    The median of the slopes between the tops and between the feet of all pairs of characters
    (Theil, 1950; Sen, 1968).
    """
    rims = []
    for index, char in enumerate(cells.text):
        left, right = cells.cuts[index], cells.cuts[index + 1]
        if not char.isascii():
            continue
        cell = np.ascontiguousarray(cells.patch[:, left:right])
        _, marked = cv2.threshold(cell, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        if marked[BAND].mean() > 0.5:
            marked = 1 - marked
        top, bottom = _extent(marked.mean(axis=1))
        if bottom - top >= _LEAST_HEIGHT:
            rims.append(((left + right) / 2, top, bottom))
    slopes = [
        (far[rim] - near[rim]) / (far[0] - near[0])
        for near, far in itertools.combinations(rims, 2)
        for rim in (1, 2)
    ]
    return float(np.clip(np.median(slopes), -_STEEPEST, _STEEPEST)) if slopes else 0.0


def _sheared(patch: Grey | npt.NDArray[np.float32], slope: float) -> npt.NDArray[np.float32]:
    """Let the columns sink by `slope` rows per column from the patch's middle on."""
    height, width = patch.shape
    move = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
    size, rim = (width, height), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(patch.astype(np.float32), move, size, borderMode=rim))


def _extent(shares: npt.NDArray[np.float64]) -> tuple[int, int]:
    """First row and row behind the last of the run of inked rows around the middle."""
    inked = (shares > 0.08) & (shares < 0.85)
    middle = len(shares) // 2
    top = bottom = middle
    while top > 0 and inked[top - 1]:
        top -= 1
    while bottom < len(shares) and inked[bottom]:
        bottom += 1
    return top, bottom


class GlyphPainter:
    """Draws Chinese provinces and Korean syllables into real plates.

    Args:
        book: the faces; those of kinds `han` and `hangul` are used, where there are any.
        alphabet: only its characters are drawn.
    """

    def __init__(self, book: FontBook, alphabet: Alphabet) -> None:
        self._book = book
        kinds = book.kinds()
        self._among = {
            kind: "".join(char for char in characters if alphabet.covers(char))
            for kind, characters in _CHARACTERS.items()
            if kind in kinds
        }
        self._regions = [
            name
            for name in _REGIONS
            if "hangul" in kinds and all(alphabet.covers(char) for char in name)
        ]

    @classmethod
    def installed(cls, alphabet: Alphabet) -> GlyphPainter | None:
        """A painter with this machine's faces; None where there is no face for plates at all."""
        try:
            return cls(FontBook(), alphabet)
        except ConfigError:
            return None

    def repainted(
        self,
        cells: CharacterCells,
        plate: LabelledPatch,
        rng: np.random.Generator,
        *,
        size: float = 1.0,
    ) -> LabelledPatch:
        """Give each Chinese or Korean character of a plate way to another one.

        Args:
            cells: where the plate's characters stand.
            plate: the plate as it is to be shown, in the cells' frame; its Latin characters
                may have changed places.
            rng: source of randomness.
            size: of the drawn characters against the plate's others.

        Returns:
            A plate with a new text, or the same plate where its look cannot be measured.
        """
        new = self._drawn_anew(cells.text, rng)
        if not new:
            return plate
        slope = text_slope(cells)
        cells = replace(cells, patch=_sheared(cells.patch, -slope).astype(np.uint8))
        look = plate_look(cells)
        if look is None:
            return plate
        level, text = _sheared(plate.patch, -slope), list(plate.text)
        patch = level.copy()
        for slot, char in new.items():
            kind = "han" if char in CHINESE_PROVINCES else "hangul"
            mask = _proportioned(self._book.pick_kind(kind, rng).glyph(char).mask, rng)
            thick = max(0.0, look.stroke - _USUAL_STROKE) * mask.shape[0]
            mask = _weighted(mask, rng, bolder=_BOLDER[kind] + round(thick))
            if not _paint(patch, cells, slot, look, mask, rng, size):
                return plate
            text[slot] = char
        patch = np.clip(plate.patch + _sheared(patch - level, slope), 0, 255).astype(np.uint8)
        return LabelledPatch(patch, patch_corners(), "".join(text), plate.lines)

    def _drawn_anew(self, text: str, rng: np.random.Generator) -> dict[int, str]:
        """The slots of a row that get another character, and which."""
        new: dict[int, str] = {}
        if self._regions and all(char in _HANGUL for char in text[:2]):
            new = dict(enumerate(self._regions[int(rng.integers(len(self._regions)))]))
        for slot, char in enumerate(text):
            kind = self._kind(char)
            if kind and slot not in new:
                new[slot] = self._another(kind, rng)
        return new

    def _another(self, kind: str, rng: np.random.Generator) -> str:
        among = self._among[kind]
        if kind == "hangul" or rng.random() < _EVENLY:
            return among[int(rng.integers(len(among)))]
        weights = np.array([_VEHICLES[char] for char in among])
        return among[int(rng.choice(len(among), p=weights / weights.sum()))]

    def _kind(self, char: str) -> str:
        """The kind of face that a character is drawn with; empty for all that stay."""
        return next((kind for kind, among in self._among.items() if char in among), "")


def _paint(
    patch: npt.NDArray[np.float32],
    cells: CharacterCells,
    slot: int,
    look: PlateLook,
    mask: npt.NDArray[np.uint8],
    rng: np.random.Generator,
    size: float,
) -> bool:
    """Draw into one cell; False, with nothing drawn, where it would be lost in the light."""
    left, right = cells.cuts[slot], cells.cuts[slot + 1]
    width, height = right - left, look.bottom - look.top
    rows = np.flatnonzero(mask.max(axis=1) > 32)
    mask = mask[rows[0] : rows[-1] + 1]
    tall = int(np.clip(size * height * rng.uniform(0.9, 1.1), 12, PATCH_HEIGHT - 4))
    wide = int(np.clip(size * width * rng.uniform(0.72, 0.98), 6, width))
    drawn = np.zeros((PATCH_HEIGHT, width), np.float32)
    y = int(np.clip(look.top + (height - tall) / 2 + rng.uniform(-2, 2), 0, PATCH_HEIGHT - tall))
    x = int(rng.integers(width - wide + 1))
    drawn[y : y + tall, x : x + wide] = (
        cv2.resize(mask, (wide, tall), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    )
    blur = look.blur * float(rng.uniform(0.8, 1.1))
    drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), blur), np.float32)
    # Fine strokes must not fade under the blur: on the plate they are as bold as the digits.
    drawn = np.minimum(drawn / max(0.5, float(np.percentile(drawn, 97))), 1.0)
    there = patch[:, left:right]
    ground = _ground(there, look)
    painted = ground + (look.ink - look.usual_ground) * drawn
    if rng.random() < 0.5:
        painted += rng.normal(0, rng.uniform(0.5, 3.0), painted.shape).astype(np.float32)
    painted, strokes = np.clip(painted, 0, 255), drawn > 0.8
    if not strokes.any():
        return False
    shown = float(painted[strokes].mean() - ground.clip(0, 255).mean())
    if abs(shown) < look.contrast / 2:
        return False
    weight = _soft_edges(width, look)
    patch[:, left:right] = there * (1 - weight) + painted * weight
    return True


def _proportioned(mask: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Other proportions within a character: plates are lettered by hand, each maker his own way.

    Rows and columns are squeezed here and stretched there, and all of it bends a little.
    """
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = x / max(1, width - 1), y / max(1, height - 1)
    lean = rng.normal(0, _LEAN, 2)
    x += width * (_bumps(across, rng) + lean[0] * (down - 0.5) + _bumps(down, rng) / 3)
    y += height * (_bumps(down, rng) + lean[1] * (across - 0.5) + _bumps(across, rng) / 3)
    return np.asarray(cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderValue=0), np.uint8)


def _bumps(place: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """A shift that vanishes at both ends of 0 to 1 and turns nothing about."""
    wide, narrow = rng.normal(0, _SHIFT, 2)
    return np.asarray(
        np.clip(wide, -0.1, 0.1) * np.sin(np.pi * place)
        + np.clip(narrow / 2, -0.05, 0.05) * np.sin(2 * np.pi * place),
        np.float32,
    )


def _weighted(
    mask: npt.NDArray[np.uint8], rng: np.random.Generator, bolder: int
) -> npt.NDArray[np.uint8]:
    """Strokes a little bolder or finer; `bolder` pixels more, unless the character fills up."""
    size = int(rng.integers(-3, 5)) + bolder
    if size <= -2:
        return np.asarray(cv2.erode(mask, _round(-size)), np.uint8)
    for bold in range(size, 1, -1):
        changed = np.asarray(cv2.dilate(mask, _round(bold)), np.uint8)
        if changed.mean() <= _FULLEST * 255:
            return changed
    return mask


def _round(size: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _ground(there: npt.NDArray[np.float32], look: PlateLook) -> npt.NDArray[np.float32]:
    """The empty plate: as between the other characters, shifted to the light at this place."""
    band = slice(look.top, look.bottom)
    rim = np.median(there[band][:, [-2, -1]])
    return np.repeat((look.ground + (rim - look.usual_ground))[:, None], there.shape[1], 1)


def _soft_edges(width: int, look: PlateLook) -> npt.NDArray[np.float32]:
    """1 over the character, fading to 0 at the cell's sides and at the plate's rim."""
    across = np.minimum(np.arange(1, width + 1), np.arange(width, 0, -1)) / 2.5
    rows = np.arange(PATCH_HEIGHT)
    down = np.minimum(rows - (look.top - 7), look.bottom + 6 - rows) / 4
    return np.asarray(np.clip(down, 0, 1)[:, None] * np.clip(across, 0, 1)[None], np.float32)
