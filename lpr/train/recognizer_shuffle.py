"""New registrations from real plates: characters change places within a plate.

A few thousand real crops are soon known by heart, their texts above all. Moving the characters of
a plate about keeps its look (typeface, light, camera, dirt) and makes its text new.
"""

from __future__ import annotations

import cv2
import numpy as np

from lpr.synth.degrade import Grey
from lpr.train.recognizer_cells import BAND, CharacterCells, RowCells
from lpr.train.recognizer_data import PATCH_HEIGHT, LabelledPatch, patch_corners

_MOST_STRETCH = 1.4
_UNMOVED = frozenset("0O1I")
"""Only their place tells these apart in many typefaces: they stay among their own kind."""


def rearranged(cells: CharacterCells | RowCells, rng: np.random.Generator) -> LabelledPatch:
    """Move the characters of a plate about, each row's by itself."""
    if isinstance(cells, RowCells):
        return cells.joined([shuffled(row, rng) for row in cells.rows])
    return shuffled(cells, rng)


def shuffled(cells: CharacterCells, rng: np.random.Generator) -> LabelledPatch:
    """Move characters of a plate to each other's places.

    Args:
        cells: the plate.
        rng: source of randomness.

    Returns:
        A plate with a new text.
    """
    patch, text = cells.patch.copy(), list(cells.text)
    mixed = rng.random() < 0.2
    order = rng.permutation(len(text))
    taken = list(range(len(text)))
    for slot in order:
        source = int(rng.integers(len(text)))
        if _may_move(cells, source, int(slot), mixed=mixed):
            taken[int(slot)] = source
    for slot, source in enumerate(taken):
        if source != slot:
            _paste(patch, cells, slot, cells, source)
            text[slot] = cells.text[source]
    return LabelledPatch(patch, patch_corners(), "".join(text), 1)


def given_first(
    plate: LabelledPatch, cells: CharacterCells, donor: CharacterCells
) -> LabelledPatch:
    """Put a donor's first character in the place of a plate's own.

    Args:
        plate: the plate, in the frame of its cells.
        cells: where its characters stand.
        donor: a plate whose first character is a Chinese or Korean one, too.
    """
    patch = plate.patch.copy()
    _paste(patch, cells, 0, donor, 0, contrast=True)
    return LabelledPatch(patch, patch_corners(), donor.text[0] + plate.text[1:], plate.lines)


def _may_move(cells: CharacterCells, source: int, slot: int, *, mixed: bool) -> bool:
    one, other = cells.text[source], cells.text[slot]
    if not (one.isascii() and other.isascii()):
        return False
    if one.isdigit() != other.isdigit() and (not mixed or one in _UNMOVED):
        return False
    stretch = _width(cells, slot) / _width(cells, source)
    return 1 / _MOST_STRETCH < stretch < _MOST_STRETCH


def _width(cells: CharacterCells, index: int) -> int:
    return cells.cuts[index + 1] - cells.cuts[index]


def _paste(
    patch: Grey,
    cells: CharacterCells,
    slot: int,
    donor: CharacterCells,
    source: int,
    *,
    contrast: bool = False,
) -> None:
    left, right = cells.cuts[slot], cells.cuts[slot + 1]
    cell = donor.patch[:, donor.cuts[source] : donor.cuts[source + 1]]
    moved = cv2.resize(cell, (right - left, PATCH_HEIGHT), interpolation=cv2.INTER_LINEAR)
    moved = np.asarray(moved, np.float32)
    there = cells.patch[:, left:right].astype(np.float32)
    if contrast:
        spread = float(there[BAND].std()) / max(1.0, float(moved[BAND].std()))
        moved = (moved - moved[BAND].mean()) * min(spread, 4.0) + there[BAND].mean()
    else:
        # The light differs along a plate: the ground beside the strokes keeps its own.
        rim = [0, 1, -2, -1]
        moved += np.median(there[BAND][:, rim]) - np.median(moved[BAND][:, rim])
    fade = np.minimum(np.arange(1, right - left + 1), np.arange(right - left, 0, -1)) / 2.5
    fade = np.minimum(fade, 1.0).astype(np.float32)
    # Rim and screws of the plate stay where they are.
    rows = np.clip((np.arange(PATCH_HEIGHT) - 9) / 4, 0, 1)
    rows = np.minimum(rows, rows[::-1]).astype(np.float32)
    weight = rows[:, None] * fade[None]
    blended = there * (1 - weight) + moved * weight
    patch[:, left:right] = np.clip(blended, 0, 255).astype(np.uint8)
