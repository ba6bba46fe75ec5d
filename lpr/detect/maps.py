"""From the detector's output maps to quads: pure array arithmetic.

The network gives one map per stride. At each place it says, in this order: the score logit, the
logit of "two lines", and the eight corner offsets x0 y0 ... x3 y3 (top left, top right, bottom
right, bottom left) from the place's centre, in units of `OFFSET_UNIT` strides. Training encodes
with the same constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

STRIDES = (8, 16, 32)
CHANNELS = 10
OFFSET_UNIT = 4.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Quads that the network proposes, best first.

    Attributes:
        quads: N x 4 x 2 float32, canvas pixels, corners clockwise from the text's top left.
        scores: N float32, 0 to 1, falling; not yet calibrated.
        two_line: N float32, probability of two rows of text, 0 to 1.
    """

    quads: Floats
    scores: Floats
    two_line: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, indices: npt.NDArray[np.intp]) -> Candidates:
        """The candidates at `indices`, in that order."""
        return Candidates(self.quads[indices], self.scores[indices], self.two_line[indices])


def decode_maps(
    maps: Sequence[Floats],
    *,
    threshold: float,
    limit: int = 256,
) -> Candidates:
    """Read the places whose score reaches the threshold off the maps.

    Args:
        maps: one 10 x H x W float32 array per stride, logits and offsets as said above.
        threshold: least raw score, 0 to 1.
        limit: at most this many candidates, the best ones.

    Returns:
        The candidates, best first; overlapping ones are still all there.
    """
    floor = _logit(threshold)
    found = [_decode_map(level, stride, floor) for level, stride in zip(maps, STRIDES, strict=True)]
    parts = [part for part in found if part is not None]
    if not parts:
        none = np.empty(0, np.float32)
        return Candidates(none.reshape(0, 4, 2), none, none)
    quads = np.concatenate([part[0] for part in parts])
    logits = np.concatenate([part[1] for part in parts], axis=1)
    order = np.argsort(-logits[0], kind="stable")[:limit]
    scores, two_line = sigmoid(logits[:, order])
    return Candidates(quads[order], scores, two_line)


def sigmoid(logits: Floats) -> Floats:
    """The logistic function, without overflow at either end."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)), np.float32)


def place_centers(width: int, height: int, stride: int) -> Floats:
    """Centres of a map's places, (height/stride * width/stride) x 2 float32, row by row."""
    xs = (np.arange(width // stride, dtype=np.float32) + 0.5) * stride
    ys = (np.arange(height // stride, dtype=np.float32) + 0.5) * stride
    grid = np.meshgrid(xs, ys)
    return np.stack([grid[0].ravel(), grid[1].ravel()], axis=1)


def _decode_map(level: Floats, stride: int, floor: float) -> tuple[Floats, Floats] | None:
    """Quads (Nx4x2) and both logits (2xN) of the places that reach the floor, if any."""
    _, rows, columns = level.shape
    flat = level.reshape(CHANNELS, -1)
    places = np.flatnonzero(flat[0] >= floor)
    if not places.size:
        return None
    values = flat[:, places]
    quads = values[2:].T.reshape(-1, 4, 2) * np.float32(stride * OFFSET_UNIT)
    quads += _centers(columns, rows, stride)[places][:, None]
    return quads, values[:2]


@lru_cache(maxsize=16)
def _centers(columns: int, rows: int, stride: int) -> Floats:
    """`place_centers` of a map of that many places, made once."""
    centers = place_centers(columns * stride, rows * stride, stride)
    centers.flags.writeable = False
    return centers


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(clipped / (1 - clipped)))
