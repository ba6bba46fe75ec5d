"""Where the characters of a real plate stand.

Found by aligning the label with a trained recognizer's output (Viterbi over the CTC states, Graves
et al. 2006); the cuts between characters go through the columns with the least ink. A two-row plate
is cut between its rows, each row stretched to the shape of a one-row plate, so that whatever works
on one row works on both.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import torch

from lpr.imaging import MARGIN_X, recognizer_input
from lpr.recognize.alphabet import Alphabet
from lpr.synth.degrade import Grey
from lpr.train.recognizer_data import (
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PLATE_WIDTH,
    Corners,
    LabelledPatch,
    patch_corners,
    upright,
)
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_net import COLUMNS, HEIGHT, WIDTH, RecognizerNet

_BATCH = 32
_LEAST_CELL = 6.0
"""Pixels of a rendered-size patch; anything narrower is a misalignment."""
BAND = slice(PATCH_HEIGHT // 5, PATCH_HEIGHT - PATCH_HEIGHT // 5)
"""Rows in which the characters of a rendered-size patch surely are."""
_SEAM = slice(round(0.3 * PATCH_HEIGHT), round(0.62 * PATCH_HEIGHT))
"""Rows among which the gap between two rows of text lies."""
_LAP = 6
"""Rows by which each strip reaches into the other: nothing is redrawn at a strip's ends."""


@dataclass(frozen=True, slots=True, eq=False)
class CharacterCells:
    """A row of text and the cuts between its characters.

    Attributes:
        patch: PATCH_HEIGHT x PATCH_WIDTH uint8, the plate where `patch_corners` says.
        text: what it says.
        cuts: len(text) + 1 columns, rising, pixels.
    """

    patch: Grey
    text: str
    cuts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RowCells:
    """A two-row plate as two strips.

    Attributes:
        rows: the upper and the lower row; each strip is stretched to a whole patch.
        seam: first row of the patch that belongs to the lower strip.
    """

    rows: tuple[CharacterCells, CharacterCells]
    seam: int

    def joined(self, rows: Sequence[LabelledPatch]) -> LabelledPatch:
        """Put two strips, changed or not, back to one plate."""
        heights = (self.seam + _LAP, PATCH_HEIGHT - self.seam + _LAP)
        top, bottom = (
            cv2.resize(row.patch, (PATCH_WIDTH, height), interpolation=cv2.INTER_AREA)
            for row, height in zip(rows, heights, strict=True)
        )
        patch = np.asarray(np.vstack([top[:-_LAP], bottom[_LAP:]]), np.uint8)
        return LabelledPatch(patch, patch_corners(), "".join(row.text for row in rows), 2)


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
) -> list[CharacterCells | RowCells | None]:
    """Find the characters of labelled plates; None where the alignment forbids it.

    Args:
        net: a trained recognizer.
        alphabet: its alphabet.
        patches: the plates.
    """
    net = net.eval()
    found: list[CharacterCells | RowCells | None] = []
    for start in range(0, len(patches), _BATCH):
        part = patches[start : start + _BATCH]
        flat = [_flattened(patch.patch, patch.corners) for patch in part]
        plates = [
            replace(one, patch=grey, corners=patch_corners())
            for one, grey in zip(part, flat, strict=True)
        ]
        crops = [upright(one, WIDTH, HEIGHT) for one in plates]
        inputs = recognizer_input(crops, MEAN, SCALE)
        with torch.no_grad():
            outputs = torch.log_softmax(net(torch.from_numpy(inputs)), dim=-1).double().numpy()
        for patch, one, output in zip(part, flat, outputs, strict=True):
            if len(patch.text) < 2:
                found.append(None)
                continue
            steps = viterbi(output, alphabet.encode(patch.text))
            find = _cells if patch.lines == 1 else _rows
            found.append(find(one, patch.text, steps))
    return found


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


def _rows(flat: Grey, text: str, steps: Sequence[float]) -> RowCells | None:
    upper = sum(step < COLUMNS for step in steps)
    if min(upper, len(text) - upper) < 2:
        return None
    ink = cv2.GaussianBlur(flat.astype(np.float32).std(axis=1)[:, None], (1, 3), 0)[:, 0]
    seam = int(ink[_SEAM].argmin()) + _SEAM.start
    found = [
        _cells(_stretched(strip), part, place)
        for strip, part, place in (
            (flat[: seam + _LAP], text[:upper], steps[:upper]),
            (flat[seam - _LAP :], text[upper:], steps[upper:]),
        )
    ]
    top, bottom = found
    return None if top is None or bottom is None else RowCells((top, bottom), seam)


def _stretched(strip: Grey) -> Grey:
    size = (PATCH_WIDTH, PATCH_HEIGHT)
    return np.asarray(cv2.resize(strip, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _cells(flat: Grey, text: str, steps: Sequence[float]) -> CharacterCells | None:
    shares = (np.array(steps) % COLUMNS + 0.5) / COLUMNS
    middles = PATCH_WIDTH / 2 + (shares - 0.5) * (1 + MARGIN_X) * PLATE_WIDTH
    if not text[0].isascii() and len(text) > 3:
        # The network names a province as soon as it sees the rim: its place follows the others'.
        middles[0] = middles[1] - float(np.median(np.diff(middles[1:])))
    if np.diff(middles).min() < _LEAST_CELL:
        return None
    ink = ink_along(flat)
    cuts = [_least_ink(ink, *pair) for pair in itertools.pairwise(middles)]
    # The outer characters are no wider than the others: beyond them lies the plate's rim.
    usual = 1.15 * float(np.median(np.diff(cuts))) if len(cuts) > 1 else PLATE_WIDTH / 4
    if "가" <= text[0] <= "힣":  # a syllable before larger digits stands further out
        begin = cuts[0] - 1.35 * usual
    else:
        begin = max(2 * middles[0] - cuts[0], cuts[0] - usual)
    first = max(0, round(begin))
    last = min(PATCH_WIDTH, round(min(2 * middles[-1] - cuts[-1], cuts[-1] + usual)))
    edges = (first, *cuts, last)
    if np.diff(edges).min() < _LEAST_CELL:
        return None
    return CharacterCells(flat, text, edges)


def ink_along(patch: Grey) -> npt.NDArray[np.float32]:
    """How much ink each column of a row of text holds: the spread of its grey levels, smoothed."""
    spread = patch[BAND].astype(np.float32).std(axis=0)
    return np.asarray(cv2.GaussianBlur(spread[None], (3, 1), 0)[0], np.float32)


def _least_ink(ink: npt.NDArray[np.float32], left: float, right: float) -> int:
    gap = right - left
    low, high = int(np.ceil(left + 0.25 * gap)), int(np.floor(right - 0.25 * gap))
    at = np.arange(low, max(low, high) + 1)
    away = (at - (left + right) / 2) / gap
    return int(at[(ink[at] * (1 + 2 * away**2)).argmin()])
