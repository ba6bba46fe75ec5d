"""Random plates of the formats, as a renderer needs them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lpr.formats.colours import PlateColours
from lpr.formats.pattern import ROW_BREAK, without_marks
from lpr.formats.region import Layout, PlateFormat
from lpr.formats.registry import available_regions, load_region

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class SampledPlate:
    """One random plate.

    Attributes:
        text: What a reader must read: upper case, no separators, top row first.
        rows: What the plate shows, a string per row. Separators stand as written (`-`, `.`, `·`,
            space); `*` marks where an emblem, seal or sticker sits, and is never a character.
        region: Region code.
        format: The format drawn from.
        layout: The layout drawn: rows and size in mm.
        colours: The colours drawn.
    """

    text: str
    rows: tuple[str, ...]
    region: str
    format: PlateFormat
    layout: Layout
    colours: PlateColours


def sample_plate(
    rng: np.random.Generator, regions: Sequence[str] | None = None, *, lines: int | None = None
) -> SampledPlate:
    """Draw a plate: a region, a format by weight, a layout and its text.

    Regions given are drawn evenly; where all come into question, by the square root of their
    vehicles, so that large countries come more often and small ones still come.

    Args:
        rng: Source of randomness; the same state gives the same plate.
        regions: Region codes to draw from; None means all whose plates the reader can read whole
            (`Region.partial` is false).
        lines: Rows of text that the plate must have; None for any.

    Raises:
        FormatError: A code is unknown.
        ValueError: `regions` is empty, or the region drawn has no plate of so many rows.
    """
    if regions is None:
        codes, chances = _whole_regions()
    else:
        codes, chances = tuple(regions), (1.0,) * len(regions)
    if not codes:
        raise ValueError("regions is empty: give at least one region code, or None for all")
    region = load_region(codes[_weighted(rng, chances)])
    formats = [one for one in region.formats if lines is None or lines in one.lines]
    if not formats:
        raise ValueError(f"{region.code} has no plate of {lines} rows")
    chosen = formats[_weighted(rng, [one.weight for one in formats])]
    return sample_format(rng, chosen, lines=lines)


def sample_format(
    rng: np.random.Generator, plate_format: PlateFormat, *, lines: int | None = None
) -> SampledPlate:
    """Draw a plate of one format; the usual layout comes twice as often as another.

    Args:
        rng: Source of randomness; the same state gives the same plate.
        plate_format: The format.
        lines: Rows of text that the plate must have, one of `plate_format.lines`; None for any.
    """
    layouts = [one for one in plate_format.layouts if lines is None or one.lines == lines]
    layout = layouts[_weighted(rng, [2.0] + [1.0] * (len(layouts) - 1))]
    colours = plate_format.colours
    display = layout.pattern.display(rng)
    return SampledPlate(
        text=without_marks(display),
        rows=tuple(row.strip() for row in display.split(ROW_BREAK)),
        region=plate_format.region,
        format=plate_format,
        layout=layout,
        colours=colours[int(rng.integers(len(colours)))],
    )


def _weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    left = float(rng.random()) * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return len(weights) - 1


@cache
def _whole_regions() -> tuple[tuple[str, ...], tuple[float, ...]]:
    regions = [load_region(code) for code in available_regions()]
    whole = [region for region in regions if not region.partial]
    return (
        tuple(region.code for region in whole),
        tuple(math.sqrt(region.vehicles) for region in whole),
    )
