"""Plates drawn flat, in colour, from their text, as seen straight on in clean light."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.formats.sampling import SampledPlate, sample_plate
from lpr.synth.face import Face, script_of
from lpr.synth.fonts import FontBook
from lpr.synth.layout import MARKS, Area, Slot, place_row
from lpr.synth.ornaments import Canvas, draw_band, draw_emblem, draw_emirate, draw_extras
from lpr.synth.style import PlateStyle, design_of, random_design
from lpr.types import Image

_YEAR: Final = re.compile(r"([A-Z]{2,})-([0-9]{2})(?: ([0-9]+))?")
"""Letters, the year of registration, and the number where it stands in the same row."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedPlate:
    """One drawn plate.

    Attributes:
        image: HxWx3 uint8 BGR: the plate from rim to rim, nothing around it.
        text: what a reader must read.
        lines: rows of text, 1 or 2.
        region: region code in lower case; None for a plate of no country.
    """

    image: Image
    text: str
    lines: int
    region: str | None


def render_plate(
    rng: np.random.Generator,
    fonts: FontBook,
    *,
    sample: SampledPlate | None = None,
    regions: Sequence[str] | None = None,
    height: int = 96,
) -> RenderedPlate:
    """Draw a plate of a national format.

    Args:
        rng: source of randomness; the same state gives the same plate.
        fonts: the typefaces.
        sample: what to draw; by default a random plate of `regions`.
        regions: region codes to draw from where `sample` is None; None means all.
        height: height of the picture, pixels, at least 24.

    Raises:
        FormatError: a region is unknown.
        ConfigError: a font for the plate's script is missing.
    """
    plate = sample if sample is not None else sample_plate(rng, regions)
    style = design_of(plate, rng)
    image = draw_plate(plate.rows, style, rng, fonts, height)
    return RenderedPlate(image, plate.text, len(plate.rows), plate.region)


def render_random_plate(
    rng: np.random.Generator, fonts: FontBook, *, height: int = 96
) -> RenderedPlate:
    """Draw a plate of no country: any letters and digits, so that shapes are learnt, not rules."""
    rows, style = random_design(rng)
    image = draw_plate(rows, style, rng, fonts, height)
    text = "".join(char for row in rows for char in row if char not in f"{MARKS} ")
    return RenderedPlate(image, text, len(rows), None)


def draw_plate(
    rows: Sequence[str],
    style: PlateStyle,
    rng: np.random.Generator,
    fonts: FontBook,
    height: int = 96,
) -> Image:
    """Draw rows of text in a style.

    Args:
        rows: one or two rows of characters, spaces and marks.
        style: the plate's design.
        rng: source of randomness.
        fonts: the typefaces.
        height: height of the picture, pixels.

    Returns:
        HxWx3 uint8 BGR, as wide as the style's proportions say.
    """
    width = max(height // 2, round(height * style.aspect))
    canvas = Canvas(width, height, style.background, rng)
    draw_extras(canvas, style, fonts, rng, under=True)
    inner = draw_band(canvas, style, fonts, rng)
    face = fonts.pick(style.font, rng)
    ink = np.zeros((height, width), np.uint8)
    for number, (row, area) in enumerate(zip(*_row_areas(rows, inner, style), strict=True)):
        _draw_row(ink, canvas, row, area, style.of_row(number), face, fonts, rng)
    canvas.print(_weight(ink, rng), style.foreground, emboss=style.emboss)
    draw_extras(canvas, style, fonts, rng, under=False)
    return canvas.image()


def _row_areas(rows: Sequence[str], inner: Area, style: PlateStyle) -> tuple[list[str], list[Area]]:
    """Share the inner area among the rows; stacked region names become a column of their own."""
    if style.stacked and len(rows[0]) > 3:
        name, rest = rows[0][:2], rows[0][2:].strip()
        column = inner.width * 0.13
        left = Area(inner.left, inner.top, column, inner.height)
        half = left.height * 0.46
        areas = [
            Area(left.left, left.top, column, half),
            Area(left.left, left.top + left.height * 0.54, column, half),
        ]
        right = Area(
            inner.left + column * 1.15, inner.top, inner.width - column * 1.15, inner.height
        )
        tail_rows, tail_areas = _row_areas((rest, *rows[1:]), right, style.unstacked())
        return [name[0], name[1], *tail_rows], [*areas, *tail_areas]
    if len(rows) == 1:
        return list(rows), [inner]
    share, leading = style.first_row, style.leading
    first = inner.height * share * (1 - leading)
    second = inner.height * (1 - share) * (1 - leading)
    return list(rows), [
        Area(
            inner.left + inner.width * (1 - style.first_width) / 2,
            inner.top,
            inner.width * style.first_width,
            first,
        ),
        Area(inner.left, inner.top + inner.height - second, inner.width, second),
    ]


def _draw_row(
    ink: npt.NDArray[np.uint8],
    canvas: Canvas,
    row: str,
    area: Area,
    style: PlateStyle,
    face: Face,
    fonts: FontBook,
    rng: np.random.Generator,
) -> None:
    if (parts := _region_and_rest(row, style)) is not None:
        _draw_region_box(ink, canvas, parts, area, style, face, fonts, rng)
        return
    faces = _faces_for(row, face, fonts, rng)
    inks = [
        0.0 if char in f"{MARKS} " else max(one.glyph(char).width, style.spacing.least_ink)
        for char, one in zip(row, faces, strict=True)
    ]
    if style.small_year and (year := _YEAR.fullmatch(row)):
        _draw_small_year(ink, canvas, year.groups(), area, style, face, fonts, rng)
        return
    for slot in place_row(row, inks, area, style.spacing):
        if slot.char == "*" and style.emirate is not None:
            draw_emirate(canvas, slot, style, fonts, rng)
        elif slot.char == "*":
            draw_emblem(canvas, slot, style, rng)
        elif slot.char in MARKS:
            stamp_mark(ink, slot)
        else:
            index = next(i for i, char in enumerate(row) if char == slot.char)
            stamp(ink, faces[index], _lower(slot, style) if slot.char.isalpha() else slot)


def _lower(slot: Slot, style: PlateStyle) -> Slot:
    """The slot of a letter that is less high than digits; it stands on their line."""
    height = slot.height * style.letters
    return replace(slot, top=slot.top + slot.height - height, height=height)


def _region_and_rest(row: str, style: PlateStyle) -> tuple[str, str] | None:
    """The region's code that stands in a box of its own, and the other characters of the row."""
    if style.region_box is None:
        return None
    first = style.region_box == "first"
    head, _, tail = row.partition(" ") if first else row.rpartition(" ")
    code, rest = (head, tail) if first else (tail, head)
    return (code, rest.strip()) if code.isdigit() and rest else None


def _draw_region_box(
    ink: npt.NDArray[np.uint8],
    canvas: Canvas,
    parts: tuple[str, str],
    area: Area,
    style: PlateStyle,
    face: Face,
    fonts: FontBook,
    rng: np.random.Generator,
) -> None:
    """Set the region's code in a box of its own, smaller and raised, as on Russian plates."""
    code, rest = parts
    first = style.region_box == "first"
    box = area.width * float(rng.uniform(0.16, 0.2) if first else rng.uniform(0.2, 0.27))
    gap = area.height * float(rng.uniform(0.06, 0.2))
    edge = area.left + (box if first else area.width - box)
    left = area.left + box + gap if first else area.left
    plain = style.unboxed()
    main = Area(left, area.top, area.width - box - gap, area.height)
    _draw_row(ink, canvas, rest, main, plain, face, fonts, rng)
    inside = Area(area.left if first else edge + gap, area.top, box - gap, area.height)
    size = area.height * float(rng.uniform(0.6, 0.8) if not first else rng.uniform(0.7, 1.0))
    raised = Area(inside.left, area.top, inside.width, size)
    _draw_row(ink, canvas, code, raised, plain, face, fonts, rng)
    if rng.random() < 0.8:
        thick = max(1, round(canvas.height * 0.02))
        x, rim = round(edge), round(canvas.height * 0.05)
        cv2.line(ink, (x, rim), (x, canvas.height - rim), 255, thick)
    if style.band is None and not first and rng.random() < 0.8:
        below = size * 1.1
        low = Area(inside.left, area.top + below, inside.width * 0.55, area.height - below)
        canvas.write("RUS", low, style.foreground, fonts.pick_kind_or("condensed", rng))


def _draw_small_year(
    ink: npt.NDArray[np.uint8],
    canvas: Canvas,
    parts: Sequence[str | None],
    area: Area,
    style: PlateStyle,
    face: Face,
    fonts: FontBook,
    rng: np.random.Generator,
) -> None:
    """Set the year of a Pakistani plate: two small digits behind the letters, before any number."""
    head, tail, number = parts[0] or "", parts[1] or "", parts[2] or ""
    size = area.height * float(rng.uniform(0.3, 0.65))
    gap = area.width * float(rng.uniform(0.02, 0.06 if number else 0.08))
    room = area.width - gap * (2 if number else 1)
    if number:
        # As wide as their characters, the year's by its size.
        year = room * len(tail) * 0.55 / (len(head) + len(number) + len(tail) * 0.55)
        split = (room - year) * len(head) / (len(head) + len(number))
    else:
        split = area.width * float(rng.uniform(0.62, 0.75))
        year = room - split
    plain = style.without_year()
    _draw_row(
        ink, canvas, head, Area(area.left, area.top, split, area.height), plain, face, fonts, rng
    )
    left = area.left + split + gap
    # Alone it stands raised, before a number at any height.
    raised = area.top + (area.height - size) * (float(rng.uniform(0, 1)) if number else 0.0)
    _draw_row(ink, canvas, tail, Area(left, raised, year, size), plain, face, fonts, rng)
    if number:
        rest = Area(left + year + gap, area.top, room - split - year, area.height)
        _draw_row(ink, canvas, number, rest, plain, face, fonts, rng)
    elif rng.random() < 0.6:
        y = area.top + area.height / 2
        stamp_mark(ink, Slot("-", area.left + split, y - size / 2, gap, size))


def _faces_for(row: str, face: Face, fonts: FontBook, rng: np.random.Generator) -> list[Face]:
    return [
        fonts.pick_kind_or("fe", rng) if script_of(char) is None and not one.accents(char) else one
        for char, one in zip(row, fonts.faces_of(row, face, rng), strict=True)
    ]


def stamp(ink: npt.NDArray[np.uint8], face: Face, slot: Slot) -> None:
    """Lay one glyph into the ink layer."""
    glyph = face.glyph(slot.char)
    width = max(1, round(slot.width))
    height = max(1, round(glyph.height * slot.height))
    how = cv2.INTER_AREA if height < glyph.mask.shape[0] else cv2.INTER_LINEAR
    mask = np.asarray(cv2.resize(glyph.mask, (width, height), interpolation=how), np.uint8)
    _lay(ink, mask, round(slot.left), round(slot.top + glyph.top * slot.height))


def stamp_mark(ink: npt.NDArray[np.uint8], slot: Slot) -> None:
    """Lay a hyphen or a dot into the ink layer."""
    thick = max(1, round(slot.height * 0.12))
    middle = slot.top + slot.height * (0.92 if slot.char == "." else 0.5)
    if slot.char == "-":
        start, end = round(slot.left + slot.width * 0.1), round(slot.left + slot.width * 0.9)
        cv2.rectangle(
            ink, (start, round(middle - thick / 2)), (end, round(middle + thick / 2)), 255, -1
        )
    else:
        centre = (round(slot.left + slot.width / 2), round(middle))
        cv2.circle(ink, centre, max(1, round(slot.height * 0.08)), 255, -1, cv2.LINE_AA)


def _lay(ink: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8], left: int, top: int) -> None:
    rows, columns = ink.shape
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(columns, left + mask.shape[1]), min(rows, top + mask.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = mask[y0 - top : y1 - top, x0 - left : x1 - left]
    np.maximum(ink[y0:y1, x0:x1], part, out=ink[y0:y1, x0:x1])


def _weight(ink: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Make strokes a little bolder or lighter: a blurred mask cut at another level."""
    if rng.random() < 0.4:
        return ink
    sigma = ink.shape[0] * float(rng.uniform(0.004, 0.012))
    soft = cv2.GaussianBlur(ink, (0, 0), max(0.4, sigma)).astype(np.float32) / 255
    level = float(rng.uniform(0.28, 0.68))
    return np.asarray(np.clip((soft - level) * 4 + 0.5, 0, 1) * 255, np.uint8)
