"""New registrations from real plates: characters change places within a plate.

A few thousand real crops are soon known by heart, their texts above all. Moving the characters of
a plate about keeps its look (typeface, light, camera, dirt) and makes its text new. Where the
characters stand comes from aligning the label with a trained recognizer's output (Viterbi over the
CTC states, Graves et al. 2006); the cuts between them go through the columns with the least ink.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from lpr.geometry import Quad
from lpr.imaging import MARGIN_X, recognizer_input, rectify
from lpr.recognize.alphabet import Alphabet
from lpr.train.recognizer_data import (
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PLATE_WIDTH,
    Corners,
    Grey,
    LabelledPatch,
    patch_corners,
)
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_net import COLUMNS, HEIGHT, WIDTH, RecognizerNet

_BATCH = 32
_LEAST_CELL = 6.0
"""Pixels of a rendered-size patch; anything narrower is a misalignment."""
_MOST_STRETCH = 1.4
_UNMOVED = frozenset("0O1I")
"""Only their place tells these apart in many typefaces: they stay among their own kind."""
BAND = slice(PATCH_HEIGHT // 5, PATCH_HEIGHT - PATCH_HEIGHT // 5)
"""Rows in which the characters of a rendered-size patch surely are."""


@dataclass(frozen=True, slots=True, eq=False)
class CharacterCells:
    """A one-line plate and the cuts between its characters.

    Attributes:
        patch: PATCH_HEIGHT x PATCH_WIDTH uint8, the plate where `patch_corners` says.
        text: what it says.
        cuts: len(text) + 1 columns, rising, pixels.
    """

    patch: Grey
    text: str
    cuts: tuple[int, ...]


def viterbi(log_probs: npt.NDArray[np.float64], classes: Sequence[int]) -> list[float]:
    """The mean step at which each character of a known text is emitted, by the best CTC path.

    Args:
        log_probs: TxC log probabilities, the blank last.
        classes: the text's classes; not empty, spelled in at most T steps.

    Returns:
        One step per character, rising.
    """
    steps, blank = log_probs.shape[0], log_probs.shape[1] - 1
    states = [blank]
    for one in classes:
        states += [one, blank]
    emit = log_probs[:, states]
    skips = np.array(
        [i >= 2 and states[i] != blank and states[i] != states[i - 2] for i in range(len(states))]
    )
    score = np.full(len(states), -np.inf)
    score[:2] = emit[0, :2]
    back = np.zeros((steps, len(states)), np.int64)
    for step in range(1, steps):
        next_state = np.concatenate(([-np.inf], score[:-1]))
        over_blank = np.where(skips, np.concatenate(([-np.inf, -np.inf], score[:-2])), -np.inf)
        choices = np.stack([score, next_state, over_blank])
        back[step] = choices.argmax(axis=0)
        score = choices.max(axis=0) + emit[step]
    state = len(states) - 1 if score[-1] > score[-2] else len(states) - 2
    spoken: list[list[int]] = [[] for _ in classes]
    for step in range(steps - 1, -1, -1):
        if state % 2:
            spoken[state // 2].append(step)
        state -= int(back[step, state])
    return [float(np.mean(at)) for at in spoken]


def find_cells(
    net: RecognizerNet, alphabet: Alphabet, patches: Sequence[LabelledPatch]
) -> list[CharacterCells | None]:
    """Find the characters of labelled plates; None where rows or alignment forbid it.

    Args:
        net: a trained recognizer.
        alphabet: its alphabet.
        patches: the plates.
    """
    net = net.eval()
    found: list[CharacterCells | None] = []
    for start in range(0, len(patches), _BATCH):
        part = patches[start : start + _BATCH]
        flat = [_flattened(patch.patch, patch.corners) for patch in part]
        plate = Quad.from_points(patch_corners().tolist())
        colour = [np.asarray(cv2.cvtColor(one, cv2.COLOR_GRAY2BGR), np.uint8) for one in flat]
        crops = [rectify(one, plate, WIDTH, HEIGHT) for one in colour]
        inputs = recognizer_input(crops, MEAN, SCALE)
        with torch.no_grad():
            outputs = torch.log_softmax(net(torch.from_numpy(inputs)), dim=-1).double().numpy()
        for patch, one, output in zip(part, flat, outputs, strict=True):
            known = patch.lines == 1 and len(patch.text) > 1
            steps = viterbi(output, alphabet.encode(patch.text)) if known else []
            found.append(_cells(one, patch.text, steps))
    return found


def shuffled(
    cells: CharacterCells, rng: np.random.Generator, donor: CharacterCells | None = None
) -> LabelledPatch:
    """Move characters of a plate to each other's places.

    Args:
        cells: the plate.
        rng: source of randomness.
        donor: a plate whose first character takes the place of this one's, both being Chinese or
            Korean characters; None for none.

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
    plate = LabelledPatch(patch, patch_corners(), "".join(text), 1)
    return plate if donor is None else given_first(plate, cells, donor)


def given_first(
    plate: LabelledPatch, cells: CharacterCells, donor: CharacterCells
) -> LabelledPatch:
    """Put a donor's first character in the place of a plate's own.

    Args:
        plate: the plate, in the frame of its cells.
        cells: where its characters stand.
        donor: see `shuffled`.
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


def _flattened(patch: Grey, corners: Corners) -> Grey:
    matrix = cv2.getPerspectiveTransform(
        np.asarray(corners, np.float32) - 0.5, patch_corners() - 0.5
    )
    flat = cv2.warpPerspective(
        patch,
        matrix,
        (PATCH_WIDTH, PATCH_HEIGHT),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(flat, np.uint8)


def _cells(flat: Grey, text: str, steps: Sequence[float]) -> CharacterCells | None:
    if not steps:
        return None
    shares = (np.array(steps) % COLUMNS + 0.5) / COLUMNS
    middles = PATCH_WIDTH / 2 + (shares - 0.5) * (1 + MARGIN_X) * PLATE_WIDTH
    if not text[0].isascii() and len(text) > 3:
        # The network names a province as soon as it sees the rim: its place follows the others'.
        middles[0] = middles[1] - float(np.median(np.diff(middles[1:])))
    if np.diff(middles).min() < _LEAST_CELL:
        return None
    ink = cv2.GaussianBlur(flat[BAND].astype(np.float32).std(axis=0)[None], (3, 1), 0)[0]
    cuts = [_least_ink(ink, *pair) for pair in itertools.pairwise(middles)]
    # The outer characters are no wider than the others: beyond them lies the plate's rim.
    usual = 1.15 * float(np.median(np.diff(cuts))) if len(cuts) > 1 else PLATE_WIDTH / 4
    first = max(0, round(max(2 * middles[0] - cuts[0], cuts[0] - usual)))
    last = min(PATCH_WIDTH, round(min(2 * middles[-1] - cuts[-1], cuts[-1] + usual)))
    edges = (first, *cuts, last)
    if np.diff(edges).min() < _LEAST_CELL:
        return None
    return CharacterCells(flat, text, edges)


def _least_ink(ink: npt.NDArray[np.float32], left: float, right: float) -> int:
    gap = right - left
    low, high = int(np.ceil(left + 0.25 * gap)), int(np.floor(right - 0.25 * gap))
    at = np.arange(low, max(low, high) + 1)
    away = (at - (left + right) / 2) / gap
    return int(at[(ink[at] * (1 + 2 * away**2)).argmin()])
