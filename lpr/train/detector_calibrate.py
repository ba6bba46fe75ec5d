"""From the detector's raw score to the share of detections that are plates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpr.train.detector_data import BACKGROUND_TRUST, EVALUATION_ONLY, NEGATIVES
from lpr.train.detector_score import SetScore

KNOTS = 9
ALLOWED_PER_100 = 1.2
"""False detections in a hundred pictures without plates. The goal is one; of 176 validation
pictures the allowance is the two that come nearest to it."""
Knots = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A serving threshold on the raw and on the calibrated score."""

    raw: float
    calibrated: float


def calibrate(scores: Mapping[str, SetScore]) -> Knots:
    """Fit rising knots (raw, calibrated) to hits and strays by isotonic regression.

    Pool-adjacent-violators (Ayer et al., 1955), then a few knots. Sets that leave many plates
    unlabelled are left out, since their strays are no false detections.
    """
    usable = [
        score
        for name, score in scores.items()
        if name not in EVALUATION_ONLY and BACKGROUND_TRUST.get(name, 1.0) == 1.0
    ]
    hits = [h for s in usable for h in s.hits]
    strays = [x for s in usable for x in s.strays]
    if not hits or not strays:
        return [(0.0, 0.0), (1.0, 1.0)]
    raw = np.array(hits + strays)
    true = np.concatenate([np.ones(len(hits)), np.zeros(len(strays))])
    order = np.argsort(raw, kind="stable")
    raw, fitted = raw[order], _isotonic(true[order])
    # Knots where the fitted curve climbs, not where most of the strays lie.
    at = np.interp(np.linspace(0.02, 0.98, KNOTS), np.maximum.accumulate(fitted), raw)
    inner = [(round(float(x), 4), float(np.interp(x, raw, fitted))) for x in np.unique(at)]
    inner = [(x, round(min(max(y, 0.001), 0.999), 4)) for x, y in inner if 0.0 < x < 1.0]
    return [(0.0, 0.0), *inner, (1.0, 1.0)]


def choose_threshold(scores: Mapping[str, SetScore], knots: Knots) -> Threshold:
    """The lowest raw score that keeps false detections on the negatives within the allowance."""
    negatives = scores.get(NEGATIVES, SetScore())
    steps = np.arange(0.15, 0.9, 0.01)
    raw = next(
        (float(t) for t in steps if negatives.strays_per_100(float(t)) <= ALLOWED_PER_100), 0.9
    )
    xs, ys = zip(*knots, strict=True)
    return Threshold(raw, round(float(np.interp(raw, xs, ys)), 4))


def _isotonic(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    blocks: list[list[float]] = []
    for value in values:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            last = blocks[-1]
            total = last[1] + count
            last[0], last[1] = (last[0] * last[1] + mean * count) / total, total
    return np.concatenate([np.full(int(count), mean) for mean, count in blocks])
