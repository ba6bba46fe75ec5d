"""One quad per plate: implausible quads out, overlapping ones merged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lpr.detect.maps import Candidates, Floats

IOU_LIMIT = 0.35
COVER_LIMIT = 0.75
"""Two plates never lie inside each other: a quad whose box is covered this much by a better
one's, or covers one, is the same plate seen twice (or one of its rows)."""
PIECE_SHARE = 0.6
"""What lies inside a plate and is smaller than this share of it is a piece of it."""
PIECE_SCORE = 0.8
"""The plate's least calibrated score, as a share of the piece's: a doubtful one may be the car's
front."""
MERGE_IOU = 0.7
MIN_SIDE = 2.0
"""Canvas pixels; a lower plate cannot be told from an edge."""
MAX_ASPECT = 14.0
_NEXT = np.array([1, 2, 3, 0])
"""The corner after each corner."""


def plausible(candidates: Candidates, width: float, height: float) -> Candidates:
    """Keep the convex, upright quads of sane shape whose centre lies in a width x height canvas."""
    if not len(candidates):
        return candidates
    quads = candidates.quads
    finite = np.asarray(np.isfinite(quads).all(axis=(1, 2)))
    if not finite.all():
        quads = np.where(finite[:, None, None], quads, 0)
    edges = quads[:, _NEXT] - quads
    edge_x, edge_y = edges[..., 0], edges[..., 1]
    turns = edge_x * edge_y[:, _NEXT] - edge_y * edge_x[:, _NEXT]
    lengths = np.hypot(edge_x, edge_y)
    pairs = lengths[:, :2] + lengths[:, 2:]
    across, down = pairs[:, 0], pairs[:, 1]
    center_x, center_y = (np.add.reduce(quads, axis=1) / 4).T
    keep = (
        finite
        & ((turns > 0) & (lengths >= MIN_SIDE)).all(axis=1)
        & (across <= MAX_ASPECT * down)
        & (down <= MAX_ASPECT * across)
        & (center_x >= 0)
        & (center_y >= 0)
        & (center_x <= width)
        & (center_y <= height)
    )
    return candidates if keep.all() else candidates.take(np.flatnonzero(keep))


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
    areas = _areas(boxes)
    alive = np.ones(len(candidates), bool)
    kept: list[int] = []
    quads: list[Floats] = []
    for i in range(len(candidates)):
        if not alive[i]:
            continue
        iou, cover = _overlap(i, boxes, areas)
        quads.append(_merged(candidates, np.flatnonzero(iou >= MERGE_IOU)))
        kept.append(i)
        alive &= (iou < IOU_LIMIT) & (cover < COVER_LIMIT)
        if len(kept) == limit or not alive.any():
            break
    merged = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return Candidates(merged, candidates.scores[kept], candidates.two_line[kept])


def seen_closely(
    candidates: Candidates, plates: Candidates, widest: float
) -> npt.NDArray[np.bool_]:
    """Which finds in a part of a picture the look at the whole may have missed.

    Close up, a plate's half and a car's grille look like plates: what lies inside a plate and is
    much smaller goes, and so does a large find where the whole picture shows no plate.

    Args:
        candidates: found in a part of the picture. The scores of both are calibrated: raw ones
            of a doubtful and of a sure plate lie close together.
        plates: found where the whole picture was seen.
        widest: pixels; what is wider cannot have been missed there.

    Returns:
        N bool, true for those to keep.
    """
    count = len(candidates)
    keep = np.ones(count, bool)
    if not count:
        return keep
    boxes = np.concatenate([_boxes(candidates.quads), _boxes(plates.quads)])
    areas = _areas(boxes)
    for number in range(count):
        iou, cover = (share[count:] for share in _overlap(number, boxes, areas))
        pieces = (
            (cover >= COVER_LIMIT)
            & (areas[number] < PIECE_SHARE * areas[count:])
            & (plates.scores >= PIECE_SCORE * candidates.scores[number])
        )
        missed = boxes[number, 2] - boxes[number, 0] <= widest or (iou >= IOU_LIMIT).any()
        keep[number] = missed and not pieces.any()
    return keep


def _merged(candidates: Candidates, friends: npt.NDArray[np.intp]) -> Floats:
    """The mean (1x8) of candidates that nearly agree, weighted by their squared scores."""
    weights = candidates.scores[friends] ** 2
    weights /= weights.sum()
    return np.asarray(np.dot(weights[None], candidates.quads[friends].reshape(-1, 8)))


def _boxes(quads: Floats) -> Floats:
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def _areas(boxes: Floats) -> Floats:
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1])


def _overlap(number: int, boxes: Floats, areas: Floats) -> tuple[Floats, Floats]:
    """IoU of one of the boxes with each, and the share of the smaller of two that is covered."""
    box, area = boxes[number], float(areas[number])
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0)
    inter = shared[:, 0] * shared[:, 1]
    smaller = np.maximum(np.minimum(area, areas), 1e-6)
    return inter / np.maximum(area + areas - inter, 1e-6), inter / smaller
