"""One quad per plate: implausible quads out, overlapping ones merged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lpr.detect.maps import Candidates, Floats

IOU_LIMIT = 0.35
COVER_LIMIT = 0.75
"""Two plates never lie inside each other: a quad whose box is covered this much by a better
one's, or covers one, is the same plate seen twice (or one of its rows)."""
MERGE_IOU = 0.7
MIN_SIDE = 2.0
"""Canvas pixels; a lower plate cannot be told from an edge."""
MAX_ASPECT = 14.0


def plausible(candidates: Candidates, width: float, height: float) -> Candidates:
    """Keep the convex, upright quads of sane shape whose centre lies in a width x height canvas."""
    if not len(candidates):
        return candidates
    quads = candidates.quads
    finite = np.asarray(np.isfinite(quads).all(axis=(1, 2)))
    quads = np.where(finite[:, None, None], quads, 0)
    edges = np.roll(quads, -1, axis=1) - quads
    after = np.roll(edges, -1, axis=1)
    turns = edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0]
    lengths = np.hypot(edges[..., 0], edges[..., 1])
    across, down = lengths[:, ::2].mean(axis=1), lengths[:, 1::2].mean(axis=1)
    center = quads.mean(axis=1)
    keep = (
        finite
        & (turns > 0).all(axis=1)
        & (lengths.min(axis=1) >= MIN_SIDE)
        & (across <= MAX_ASPECT * down)
        & (down <= MAX_ASPECT * across)
        & (center >= 0).all(axis=1)
        & (center[:, 0] <= width)
        & (center[:, 1] <= height)
    )
    return candidates.take(np.flatnonzero(keep))


def suppress(candidates: Candidates, *, limit: int = 64) -> Candidates:
    """Greedy non-maximum suppression on the boxes around the quads.

    The corners of the overlapping candidates that nearly agree with the kept one are averaged into
    it, weighted by their squared scores, which steadies the corners.

    Args:
        candidates: best first.
        limit: at most this many are kept.

    Returns:
        The kept candidates, best first.
    """
    if not len(candidates):
        return candidates
    boxes = _boxes(candidates.quads)
    alive = np.ones(len(candidates), bool)
    kept: list[int] = []
    quads: list[Floats] = []
    for i in range(len(candidates)):
        if not alive[i]:
            continue
        iou, cover = _overlap(boxes[i], boxes)
        friends = np.flatnonzero(iou >= MERGE_IOU)
        weights = candidates.scores[friends] ** 2
        weights /= weights.sum()
        quads.append(np.tensordot(weights, candidates.quads[friends], axes=1))
        kept.append(i)
        alive &= (iou < IOU_LIMIT) & (cover < COVER_LIMIT)
        if len(kept) == limit:
            break
    chosen = candidates.take(np.array(kept, np.intp))
    merged = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return Candidates(merged, chosen.scores, chosen.two_line)


def _boxes(quads: Floats) -> Floats:
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def _overlap(box: Floats, boxes: Floats) -> tuple[Floats, Floats]:
    """IoU of one box with each, and the share of the smaller of the two that is covered."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0)
    inter = shared[:, 0] * shared[:, 1]
    sides = boxes[:, 2:] - boxes[:, :2]
    areas: npt.NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    area = float((box[2] - box[0]) * (box[3] - box[1]))
    smaller = np.maximum(np.minimum(area, areas), 1e-6)
    return inter / np.maximum(area + areas - inter, 1e-6), inter / smaller
