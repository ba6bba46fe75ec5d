"""Where the characters of a plate's row stand: pure arithmetic on glyph widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MARKS: Final = "-.·*"
"""Separators that a row may hold: hyphen, dots, and `*` for an emblem, seal or sticker."""
_WIDEST_GAP = 0.9
"""Added to a gap at most where a short row is spread, cap heights."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the plate, pixels."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Slot:
    """One character or mark and the rectangle of its cap height.

    Attributes:
        char: the character, or one of `MARKS`.
        left: left rim of the ink, pixels.
        top: the cap line, pixels.
        width: width of the ink, pixels.
        height: cap height, pixels.
    """

    char: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Spacing:
    """How a row is set; all lengths in cap heights.

    Attributes:
        gap: between two characters.
        word: width of a space.
        mark: width of a hyphen or dot.
        emblem: width of an emblem.
        cell: width of every character's cell, 0 for proportional setting.
        narrowest: how far characters may be squeezed before they get smaller.
        widest: how far they may be stretched to fill the row.
        spread: share of the area's width over which wider gaps spread a short row, 0 for none.
        least_ink: width to which narrower characters are stretched, 0 for none.
    """

    gap: float = 0.12
    word: float = 0.4
    mark: float = 0.3
    emblem: float = 0.6
    cell: float = 0.0
    narrowest: float = 0.62
    widest: float = 1.0
    spread: float = 0.0
    least_ink: float = 0.0

    def advance(self, char: str, ink: float) -> float:
        """Width that a character takes, without the gap."""
        if char == " ":
            return self.word
        if char == "*":
            return self.emblem
        if char in MARKS:
            return self.mark
        return max(ink, self.cell)


def place_row(row: str, inks: Sequence[float], area: Area, spacing: Spacing) -> list[Slot]:
    """Set one row inside an area, as large as it fits, centred.

    Args:
        row: characters, spaces and marks.
        inks: ink width of each character in cap heights (ignored for spaces and marks).
        area: where the row may stand.
        spacing: how it is set.

    Returns:
        The slots from left to right, without the spaces.
    """
    advances = [spacing.advance(char, ink) for char, ink in zip(row, inks, strict=True)]
    natural = sum(advances) + spacing.gap * max(0, len(row) - 1)
    if natural <= 0:
        return []
    height = area.height
    squeeze = min(spacing.widest, area.width / (natural * height))
    if squeeze < spacing.narrowest:
        height *= squeeze / spacing.narrowest
        squeeze = spacing.narrowest
    scale = squeeze * height
    gap = spacing.gap
    if len(row) > 1:
        wider = (spacing.spread * area.width / scale - natural) / (len(row) - 1)
        wider = min(max(0.0, wider), _WIDEST_GAP)
        gap += wider
        natural += wider * (len(row) - 1)
    x = area.left + (area.width - natural * scale) / 2
    top = area.top + (area.height - height) / 2
    slots: list[Slot] = []
    for char, ink, advance in zip(row, inks, advances, strict=True):
        own = advance if char in MARKS else min(ink, advance) if char != " " else 0.0
        if char != " ":
            slots.append(Slot(char, x + (advance - own) * scale / 2, top, own * scale, height))
        x += (advance + gap) * scale
    return slots
