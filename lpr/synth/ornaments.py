"""What is on a plate besides its text: bands, seals, words, stickers, bolts, frames, relief."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr.formats.colours import Rgb
from lpr.synth.face import Face
from lpr.synth.fonts import FontBook
from lpr.synth.layout import Area, Slot, Spacing, place_row
from lpr.synth.style import PlateStyle
from lpr.synth.words import ARABIC_DIGITS, ARABIC_LETTERS
from lpr.types import Image

_ARABIC = ARABIC_DIGITS + ARABIC_LETTERS


class Canvas:
    """A plate being drawn, float BGR inside.

    Args:
        width: pixels.
        height: pixels.
        background: red, green, blue.
        rng: source of randomness (the paint is not quite even).
    """

    def __init__(self, width: int, height: int, background: Rgb, rng: np.random.Generator) -> None:
        self.width, self.height = width, height
        self._pixels = np.empty((height, width, 3), np.float32)
        self._pixels[:] = background[::-1]
        tilt = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
        self._pixels += tilt * float(rng.normal(0, 4))

    def image(self) -> Image:
        """The picture so far, HxWx3 uint8 BGR."""
        return np.asarray(np.clip(self._pixels, 0, 255), np.uint8)

    def print(self, ink: npt.NDArray[np.uint8], colour: Rgb, *, emboss: float = 0.0) -> None:
        """Paint a coverage mask in a colour; `emboss` lights its edges from above."""
        share = (ink.astype(np.float32) / 255)[..., None]
        if emboss > 0:
            soft = cv2.GaussianBlur(ink, (0, 0), max(0.6, self.height * 0.012)).astype(np.float32)
            relief = np.roll(soft, 1, axis=0) - np.roll(soft, -1, axis=0)
            self._pixels += relief[..., None] * (0.7 * emboss)
        self._pixels += share * (np.array(colour[::-1], np.float32) - self._pixels)

    def fill(self, area: Area, colour: Rgb) -> None:
        """Paint a rectangle."""
        x0, y0 = max(0, round(area.left)), max(0, round(area.top))
        x1, y1 = round(area.left + area.width), round(area.top + area.height)
        self._pixels[y0:y1, x0:x1] = colour[::-1]

    def shade(self, mask: npt.NDArray[np.float32], colour: Rgb) -> None:
        """Blend a colour in by an HxW mask of 0 to 1."""
        self._pixels += mask[..., None] * (np.array(colour[::-1], np.float32) - self._pixels)

    def write(self, words: str, area: Area, colour: Rgb, face: Face | Sequence[Face]) -> None:
        """Set words inside an area, in one face or one for each character."""
        layer = np.zeros((self.height, self.width), np.uint8)
        faces = [face] * len(words) if isinstance(face, Face) else face
        own = dict(zip(words, faces, strict=True))
        inks = [0.0 if char == " " else own[char].glyph(char).width for char in words]
        plain = words.replace("*", " ").replace("·", " ")
        for slot in place_row(plain, inks, area, Spacing(gap=0.12, word=0.4, narrowest=0.55)):
            glyph = own[slot.char].glyph(slot.char)
            size = (max(1, round(slot.width)), max(1, round(glyph.height * slot.height)))
            mask = cv2.resize(glyph.mask, size, interpolation=cv2.INTER_AREA)
            x, y = max(0, round(slot.left)), max(0, round(slot.top + glyph.top * slot.height))
            part = layer[y : y + mask.shape[0], x : x + mask.shape[1]]
            np.maximum(part, mask[: part.shape[0], : part.shape[1]], out=part)
        self.print(layer, colour)


def draw_band(canvas: Canvas, style: PlateStyle, fonts: FontBook, rng: np.random.Generator) -> Area:
    """Draw the coloured bands and return the area left for the text."""
    width, height = canvas.width, canvas.height
    left, right = style.margin_x * height, width - style.margin_x * height
    narrow = 1.0 if style.aspect > 2.6 else 0.7
    if style.band is not None:
        band = height * float(rng.uniform(0.28, 0.46)) * narrow
        canvas.fill(Area(0, 0, band, height), style.band_colour)
        if style.band:
            low = Area(band * 0.1, height * 0.6, band * 0.8, height * 0.25)
            canvas.write(style.band, low, (240, 240, 240), fonts.pick_kind_or("sans", rng))
        _ring(canvas, band / 2, height * 0.3, min(band, height) * 0.28, (250, 210, 40))
        left += band
    if style.right_band is not None:
        band = height * 0.4 * narrow
        canvas.fill(Area(width - band, 0, band, height), style.right_band)
        ink: Rgb = (20, 20, 20) if sum(style.right_band) > 330 else (240, 240, 240)
        digits = f"{int(rng.integers(0, 100)):02d}"
        low = Area(width - band * 0.85, height * 0.62, band * 0.7, height * 0.2)
        canvas.write(digits, low, ink, fonts.pick_kind_or("sans", rng))
        right -= band
    top, bottom = style.top * height, (1 - style.bottom) * height
    if style.arabic:
        left, top, right, bottom = _arabic(canvas, style, fonts, rng, (left, top, right, bottom))
    return Area(left, top, max(8.0, right - left), max(8.0, bottom - top))


def draw_emblem(canvas: Canvas, slot: Slot, style: PlateStyle, rng: np.random.Generator) -> None:
    """Draw a seal, star, sticker or silhouette where a row has `*`."""
    x, y = slot.left + slot.width / 2, slot.top + slot.height / 2
    size = min(slot.width, slot.height) * float(rng.uniform(0.3, 0.5))
    colour = _any_colour(rng) if rng.random() < 0.7 else style.foreground
    kind = int(rng.integers(4))
    layer = np.zeros((canvas.height, canvas.width), np.uint8)
    if kind == 0:  # two seals, one above the other
        for dy in (-0.28, 0.28):
            centre = (round(x), round(y + dy * slot.height))
            cv2.circle(layer, centre, max(1, round(size * 0.6)), 255, -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.circle(layer, (round(x), round(y)), max(1, round(size)), 255, -1, cv2.LINE_AA)
    else:
        corners = int(rng.integers(5, 12))
        radius = size * (1 + 0.5 * rng.uniform(-1, 1, corners))
        turn = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 6)
        points = np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], 1)
        cv2.fillPoly(layer, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)
    canvas.print(layer, colour)
    if rng.random() < 0.5:
        _ring(canvas, x, y, size * 0.5, _any_colour(rng))


def draw_emirate(
    canvas: Canvas, slot: Slot, style: PlateStyle, fonts: FontBook, rng: np.random.Generator
) -> None:
    """Write an emirate's name twice, Arabic over Latin, where a row has `*`."""
    width, half = slot.width * 0.94, slot.height * float(rng.uniform(0.36, 0.46))
    left = slot.left + (slot.width - width) / 2
    words = "".join(_ARABIC[int(i)] for i in rng.integers(0, len(_ARABIC), rng.integers(3, 6)))
    upper = Area(left, slot.top, width, half)
    lower = Area(left, slot.top + slot.height - half, width, half)
    canvas.write(words, upper, style.foreground, fonts.pick_kind_or("arabic", rng))
    name = (style.emirate or "").replace(".", "")
    canvas.write(name, lower, style.foreground, fonts.pick_kind_or("condensed", rng))


def draw_extras(
    canvas: Canvas, style: PlateStyle, fonts: FontBook, rng: np.random.Generator, *, under: bool
) -> None:
    """Draw what lies under the text (graphics, strip, rim) or over it (words, bolts, frame)."""
    width, height = canvas.width, canvas.height
    if under:
        if style.picture:
            _picture(canvas, rng)
        if style.top_strip is not None:
            canvas.fill(Area(0, 0, width, height * style.top * 0.85), style.top_strip)
        if style.border:
            _rim(canvas, style, rng)
        return
    colour = style.foreground if style.top_strip is None else (240, 240, 240)
    if rng.random() < 0.4 and style.top_strip is None:
        colour = _any_colour(rng)
    for words, edge, room in (
        (style.top_words, 0.05, style.top),
        (style.bottom_words, 1 - style.bottom * 0.8, style.bottom),
    ):
        if words:
            span = float(rng.uniform(0.4, 0.8))
            area = Area(width * (1 - span) / 2, height * edge, width * span, height * room * 0.62)
            kind = "serif" if rng.random() < 0.25 else "condensed"
            face = fonts.pick_kind_or(kind, rng)
            canvas.write(words, area, colour, fonts.faces_of(words, face, rng))
    for _ in range(style.stickers):
        _sticker(canvas, style, fonts, rng)
    _bolts(canvas, style, rng)
    if style.frame is not None:
        _frame(canvas, style, fonts, rng)


def _arabic(
    canvas: Canvas,
    style: PlateStyle,
    fonts: FontBook,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:
    """Write Arabic letters and digits beside or above the text's area, and shrink that area."""
    left, top, right, bottom = box
    face = fonts.pick_kind_or("arabic", rng)
    count = int(rng.integers(2, 7))
    words = "".join(_ARABIC[int(i)] for i in rng.integers(0, len(_ARABIC), count))
    if style.arabic == "above":
        middle = top + (bottom - top) * float(rng.uniform(0.3, 0.5))
        canvas.write(
            words, Area(left, top, right - left, (middle - top) * 0.85), style.foreground, face
        )
        return left, middle, right, bottom
    cut = (right - left) * float(rng.uniform(0.2, 0.4))
    side = Area(left, top, cut * 0.9, (bottom - top) * 0.8)
    if rng.random() < 0.5:
        side = Area(right - cut * 0.9, top, cut * 0.9, (bottom - top) * 0.8)
        right -= cut
    else:
        left += cut
    canvas.write(words, side, style.foreground, face)
    return left, top, right, bottom


def _ring(canvas: Canvas, x: float, y: float, radius: float, colour: Rgb) -> None:
    layer = np.zeros((canvas.height, canvas.width), np.uint8)
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        point = (round(x + radius * float(np.cos(turn))), round(y + radius * float(np.sin(turn))))
        cv2.circle(layer, point, max(1, round(radius * 0.16)), 255, -1, cv2.LINE_AA)
    canvas.print(layer, colour)


def _rim(canvas: Canvas, style: PlateStyle, rng: np.random.Generator) -> None:
    layer = np.zeros((canvas.height, canvas.width), np.uint8)
    inset = round(canvas.height * float(rng.uniform(0.01, 0.05)))
    thick = max(1, round(canvas.height * float(rng.uniform(0.01, 0.035))))
    corner = (canvas.width - 1 - inset, canvas.height - 1 - inset)
    cv2.rectangle(layer, (inset, inset), corner, 255, thick, cv2.LINE_AA)
    canvas.print(layer, style.foreground, emboss=style.emboss)


def _picture(canvas: Canvas, rng: np.random.Generator) -> None:
    """A faint graphic: a gradient, hills, blobs."""
    height, width = canvas.height, canvas.width
    colour = _any_colour(rng)
    strength = float(rng.uniform(0.1, 0.5))
    kind = int(rng.integers(3))
    if kind == 0:
        ramp = np.linspace(1, 0, height, dtype=np.float32)[:, None]
        mask = np.repeat(ramp, width, 1)
        mask = mask[::-1].copy() if rng.random() < 0.5 else mask
    elif kind == 1:
        points = rng.uniform(0.45, 0.9, 6) * height
        ridge = np.interp(np.arange(width), np.linspace(0, width, 6), points)
        mask = (np.arange(height)[:, None] > ridge[None]).astype(np.float32)
    else:
        seed = rng.random((4, 8)).astype(np.float32)
        mask = np.asarray(cv2.resize(seed, (width, height), interpolation=cv2.INTER_CUBIC))
        mask = (np.clip(mask, 0, 1) > 0.55).astype(np.float32)
    canvas.shade(np.asarray(mask * strength, np.float32), colour)


def _sticker(canvas: Canvas, style: PlateStyle, fonts: FontBook, rng: np.random.Generator) -> None:
    """A small sticker in a corner or at a rim, beside the characters, often with tiny digits."""
    height, width = canvas.height, canvas.width
    above = rng.random() < 0.5
    room = style.top if above else style.bottom
    size = height * min(float(rng.uniform(0.1, 0.2)), 0.95 * room)
    x = float(rng.choice([0.02, 0.45, 0.85])) * width + float(rng.uniform(0, 0.05)) * width
    free = height * room - size
    y = free * float(rng.random()) if above else height - size - free * float(rng.random())
    area = Area(x, y, size * float(rng.uniform(0.8, 1.6)), size)
    canvas.fill(area, _any_colour(rng))
    inner = Area(area.left + 1, area.top + size * 0.25, area.width - 2, size * 0.5)
    canvas.write(
        f"{int(rng.integers(0, 100)):02d}", inner, _any_colour(rng), fonts.pick_kind_or("sans", rng)
    )


def _bolts(canvas: Canvas, style: PlateStyle, rng: np.random.Generator) -> None:
    height, width = canvas.height, canvas.width
    radius = height * float(rng.uniform(0.025, 0.055))
    y = float(rng.choice([0.1, 0.12, 0.5, 0.88])) * height
    spread = float(rng.uniform(0.1, 0.3))
    places = [(spread * width, y), ((1 - spread) * width, y)]
    if style.bolts == 4:
        places += [(spread * width, height - y), ((1 - spread) * width, height - y)]
    for x, row in places[: style.bolts]:
        layer = np.zeros((height, width), np.uint8)
        cv2.circle(layer, (round(x), round(row)), max(1, round(radius)), 255, -1, cv2.LINE_AA)
        level = int(rng.integers(20, 230))
        canvas.print(layer, (level, level, level), emboss=0.6)


def _frame(canvas: Canvas, style: PlateStyle, fonts: FontBook, rng: np.random.Generator) -> None:
    """A dealer's frame that covers the rim, with a name below or above."""
    height, width = canvas.height, canvas.width
    level = int(rng.choice([15, 25, 40, 160, 210]))
    grey = (level, level, level)
    side = height * float(rng.uniform(0.01, 0.04))
    # The frame may reach over the words at the rim, never over the characters.
    low = height * min(float(rng.uniform(0.05, 0.16)), max(0.03, style.bottom * 0.7))
    high = height * min(float(rng.uniform(0.02, 0.1)), max(0.02, style.top * 0.5))
    for area in (
        Area(0, 0, width, high),
        Area(0, height - low, width, low),
        Area(0, 0, side, height),
        Area(width - side, 0, side, height),
    ):
        canvas.fill(area, grey)
    ink = 235 if level < 120 else 20
    area = Area(width * 0.2, height - low * 0.85, width * 0.6, low * 0.7)
    if style.frame:
        canvas.write(style.frame, area, (ink, ink, ink), fonts.pick_kind_or("condensed", rng))


def _any_colour(rng: np.random.Generator) -> Rgb:
    red, green, blue = rng.integers(0, 256, 3)
    return int(red), int(green), int(blue)
