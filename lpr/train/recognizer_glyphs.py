"""Provinces and hangul drawn into real plates.

Nearly all real Chinese training plates come from one province, and few Korean ones exist: the
network learns to name what it has seen most. Here the Chinese or Korean character of a real plate
gives way to a drawn one with the plate's own ground, ink, height and sharpness, so that every
character is met under real light, dirt and lenses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.recognize.alphabet import CHINESE_PROVINCES, KOREAN_REGIONS, KOREAN_USES, Alphabet
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_cells import CharacterCells
from lpr.train.recognizer_data import PATCH_HEIGHT, LabelledPatch, patch_corners
from lpr.train.recognizer_look import PlateLook, plate_look, sheared, text_slope

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
_COVERED: Final[Mapping[str, tuple[float, float]]] = {"han": (0.56, 0.08), "hangul": (0.46, 0.07)}
"""Share of a character's area that its strokes cover on plates, mean and standard deviation: plates
draw dense characters finer than sparse ones. Of 891 real provinces 0.47 to 0.62, by province."""
_USUAL_STROKE = 0.146
"""Width of a plate's strokes, shares of their height; they are wider where light blooms."""
_BLOOM = 2.0
"""What a wider stroke of the plate's letters adds to the covered share, measured likewise."""
_FULLEST = 0.62
"""Share beyond which nobody can tell dense characters from one another."""
_BOLDEST, _FINEST = 8, -3
"""Pixels that the strokes of a face may gain or lose."""
_SHIFT, _LEAN = 0.045, 0.04
"""Standard deviations of shifts within a drawn character, shares of its size."""


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
        cells = replace(cells, patch=sheared(cells.patch, -slope).astype(np.uint8))
        look = plate_look(cells)
        if look is None:
            return plate
        level, text = sheared(plate.patch, -slope), list(plate.text)
        patch = level.copy()
        for slot, char in new.items():
            kind = "han" if char in CHINESE_PROVINCES else "hangul"
            mask = _proportioned(self._book.pick_kind(kind, rng).glyph(char).mask, rng)
            bloom = _BLOOM * (look.stroke - _USUAL_STROKE)
            mask = _weighted(mask, min(float(rng.normal(*_COVERED[kind])) + bloom, _FULLEST))
            if not _paint(patch, cells, slot, look, mask, rng, size):
                return plate
            text[slot] = char
        patch = np.clip(plate.patch + sheared(patch - level, slope), 0, 255).astype(np.uint8)
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


def _weighted(mask: npt.NDArray[np.uint8], covered: float) -> npt.NDArray[np.uint8]:
    """Strokes bolder or finer, until they cover no more than a share of the character's area."""
    finest = mask
    for size in range(_BOLDEST, _FINEST - 1, -1):
        change = cv2.dilate if size > 0 else cv2.erode
        finest = np.asarray(change(mask, round_brush(abs(size) + 1)), np.uint8)
        if finest.mean() <= covered * 255:
            break
    return finest


def round_brush(size: int) -> npt.NDArray[np.uint8]:
    """What makes strokes bolder or finer by `size - 1` pixels."""
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
