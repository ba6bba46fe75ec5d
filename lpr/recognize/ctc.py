"""Decoding CTC outputs (Graves et al., "Connectionist Temporal Classification", 2006): numpy only.

Inputs are probabilities, TxC, the blank last. A path of T classes becomes a text by merging repeats
and dropping blanks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BestPath:
    """The most likely path of one crop.

    Attributes:
        classes: the text's classes, no blanks.
        candidates: per character, the classes of its candidates, best first; NxK.
        probs: their probabilities, given that a character stands there; NxK, rows sum to at most 1.
    """

    classes: npt.NDArray[np.intp]
    candidates: npt.NDArray[np.intp]
    probs: npt.NDArray[np.float64]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Logits (any shape, classes last) to probabilities, softened by a fitted temperature."""
    scaled: Floats = logits / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled


def best_path(probs: Floats, top: int = 5) -> BestPath:
    """Take the best class of each step, and collect for each character what else it might be.

    The candidates of a character are those of the steps that emit it: their probabilities are
    averaged with the weight that each step has against the blank, and the blank is left out.

    Args:
        probs: TxC probabilities.
        top: candidates per character, at least 1.
    """
    blank = probs.shape[1] - 1
    top = min(top, blank)
    path = probs.argmax(axis=1)
    mine = path != blank
    begins = mine.copy()
    begins[1:] &= path[1:] != path[:-1]
    classes = path[begins]
    if classes.size == 0:
        empty = np.empty((0, top))
        return BestPath(np.empty(0, np.intp), empty.astype(np.intp), empty)
    # Every step of a run adds to the run's character; blanks in between belong to none.
    runs = np.flatnonzero(begins[mine])
    mass = np.add.reduceat(probs[mine, :blank].astype(np.float64), runs, axis=0)
    mass /= mass.sum(axis=1, keepdims=True)
    order = np.argpartition(mass, blank - top, axis=1)[:, blank - top :]
    rows = np.arange(len(mass))[:, None]
    values = mass[rows, order]
    rank = np.argsort(-values, axis=1, kind="stable")
    return BestPath(classes, order[rows, rank], values[rows, rank])


def text_log_probability(probs: Floats, classes: Sequence[int]) -> float:
    """Logarithm of the probability of a text, over all of its paths (the forward algorithm).

    Args:
        probs: TxC probabilities.
        classes: the text's classes, no blanks.

    Returns:
        At most 0; minus infinity where the text needs more than T steps. Off by at most
        `T * _SURE_BLANK`, because runs of all but certain blanks are taken as one step.
    """
    blank = probs.shape[1] - 1
    states = np.full(2 * len(classes) + 1, blank, np.intp)
    states[1::2] = classes
    kept, total = _without_blank_runs(probs, blank)
    emitted = kept[:, states].astype(np.float64)
    moves = _moves(states)
    alpha, moved = np.zeros((2, len(states)))
    alpha[:2] = emitted[0, :2]
    for row in emitted[1:]:
        np.dot(moves, alpha, out=moved)
        np.multiply(moved, row, out=alpha)
    last = float(alpha[-2:].sum())
    return total + math.log(last) if last > 0.0 else -math.inf


_SURE_BLANK = 3e-5


def _moves(states: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Which state may follow which: stay, go on, or jump over a blank between unlike characters."""
    moves = _steps(len(states)).copy()
    unlike = np.flatnonzero(states[3::2] != states[1:-2:2]) * 2 + 3
    moves[unlike, unlike - 2] = 1.0
    return moves


@lru_cache(maxsize=64)
def _steps(count: int) -> npt.NDArray[np.float64]:
    """Stay or go on, for so many states."""
    return np.eye(count) + np.eye(count, k=-1)


def _without_blank_runs(probs: Floats, blank: int) -> tuple[Floats, float]:
    """Merge runs of certain blanks: most steps of a plate say nothing, and one of them suffices."""
    sure = probs[:, blank] > 1.0 - _SURE_BLANK
    dropped = np.zeros(len(sure), bool)
    np.logical_and(sure[1:], sure[:-1], out=dropped[1:])
    if not dropped.any():
        return probs, 0.0
    return probs[~dropped], float(np.log(probs[dropped, blank]).sum())
