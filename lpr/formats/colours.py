"""Plate colours by name, as they are written in the region files: `black on white`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lpr.errors import FormatError, did_you_mean

Rgb: TypeAlias = tuple[int, int, int]

PALETTE: Final[Mapping[str, Rgb]] = {
    "black": (22, 22, 24),
    "white": (244, 244, 242),
    "silver": (196, 198, 200),
    "grey": (120, 122, 124),
    "yellow": (250, 208, 32),
    "amber": (240, 160, 24),
    "cream": (240, 228, 180),
    "orange": (236, 110, 20),
    "red": (190, 24, 34),
    "maroon": (116, 22, 40),
    "pink": (226, 118, 150),
    "blue": (22, 66, 160),
    "navy": (18, 32, 86),
    "sky": (150, 200, 236),
    "green": (10, 112, 62),
    "lime": (140, 200, 90),
    "mint": (178, 228, 206),
    "brown": (110, 70, 40),
}
"""Names to red, green, blue, each 0 to 255: as painted, in plain daylight."""


@dataclass(frozen=True, slots=True)
class PlateColours:
    """Colours of one plate: red, green, blue, each 0 to 255.

    Attributes:
        foreground: The characters.
        background: The plate.
    """

    foreground: Rgb
    background: Rgb


def parse_colours(entries: Sequence[str], where: str) -> tuple[PlateColours, ...]:
    """Read entries such as `black on white` or `#112233 on yellow`.

    Args:
        entries: At least one.
        where: What they belong to, for messages.

    Raises:
        FormatError: No entry, a bad entry or an unknown colour name.
    """
    found: list[PlateColours] = []
    for entry in entries:
        foreground, on, background = entry.partition(" on ")
        if not on:
            raise FormatError(f"{where}: write {entry!r} like 'black on white'")
        found.append(PlateColours(_colour(foreground, where), _colour(background, where)))
    if not found:
        raise FormatError(f"{where} is empty: give at least one pair such as 'black on white'")
    return tuple(found)


def _colour(name: str, where: str) -> Rgb:
    if re.fullmatch(r"#[0-9a-f]{6}", name):
        return (int(name[1:3], 16), int(name[3:5], 16), int(name[5:7], 16))
    if name not in PALETTE:
        raise FormatError(f"{where}: unknown colour {name!r}{did_you_mean(name, PALETTE)}")
    return PALETTE[name]
