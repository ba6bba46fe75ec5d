"""How good a detector is on labelled pictures, measured the way it will serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lpr.detect.maps import Candidates, decode_maps
from lpr.detect.nms import plausible, suppress
from lpr.detect.views import to_picture, whole_view
from lpr.imaging import compose, detector_input
from lpr.train.detector_data import EVALUATION_ONLY, NEGATIVES, LabelledPicture
from lpr.train.detector_net import MEAN, SCALE
from lpr.types import Image

FLOOR = 0.05

Finder = Callable[[Image], Candidates]


@dataclass(slots=True)
class SetScore:
    """Raw outcomes on one set of pictures.

    Attributes:
        overlaps: one (IoU, score) per labelled plate: its best overlapping candidate, (0, 0) where
            there is none.
        corner_errors: (mean corner distance / plate width, score) of matched plates with quads.
        strays: scores of candidates that match no label.
        hits: scores of the candidates that find a plate with an IoU of 0.5 or more.
        pictures: number of pictures.
    """

    overlaps: list[tuple[float, float]] = field(default_factory=list)
    corner_errors: list[tuple[float, float]] = field(default_factory=list)
    strays: list[float] = field(default_factory=list)
    hits: list[float] = field(default_factory=list)
    pictures: int = 0

    def recall(self, iou: float, threshold: float) -> float:
        """Share of the labelled plates found with this overlap at this score threshold."""
        found = sum(o >= iou and s >= threshold for o, s in self.overlaps)
        return found / max(len(self.overlaps), 1)

    def corner_error(self, threshold: float) -> float:
        """Mean corner distance in shares of the plate's width; NaN where nothing was matched."""
        errors = [error for error, score in self.corner_errors if score >= threshold]
        return float(np.mean(errors)) if errors else float("nan")

    def strays_per_100(self, threshold: float) -> float:
        """Candidates without a label per 100 pictures."""
        return 100 * sum(score >= threshold for score in self.strays) / max(self.pictures, 1)


def torch_finder(net: nn.Module, width: int, height: int) -> Finder:
    """A finder that runs a torch network on the whole picture fitted into one canvas."""

    def find(image: Image) -> Candidates:
        rows, columns = image.shape[:2]
        view = whole_view(columns, rows, width, height)
        canvas = compose(image, view, width, height)
        with torch.no_grad():
            outputs = net(torch.from_numpy(detector_input([canvas], MEAN, SCALE)))
        maps = [output[0].numpy() for output in outputs]
        found = plausible(decode_maps(maps, threshold=FLOOR), width, height)
        return suppress(to_picture(found, view, columns, rows))

    return find


def score_pictures(find: Finder, pictures: Sequence[LabelledPicture]) -> dict[str, SetScore]:
    """Run a finder over pictures and match what it finds with their labels, by set."""
    scores: dict[str, SetScore] = {}
    for picture in pictures:
        image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
        if image is None:
            continue
        score = scores.setdefault(picture.dataset, SetScore())
        score.pictures += 1
        _match(find(np.asarray(image, np.uint8)), picture, score)
    return scores


def _match(found: Candidates, picture: LabelledPicture, score: SetScore) -> None:
    used = np.zeros(len(found), bool)
    for plate in picture.plates:
        overlaps = np.array([extent_iou(quad, plate.quad) for quad in found.quads])
        best = int(overlaps.argmax()) if len(overlaps) else -1
        used |= overlaps >= 0.3 if len(overlaps) else False
        if plate.ignore:
            continue
        if best < 0 or overlaps[best] <= 0:
            score.overlaps.append((0.0, 0.0))
            continue
        confidence = float(found.scores[best])
        score.overlaps.append((float(overlaps[best]), confidence))
        if plate.exact and overlaps[best] >= 0.5:
            gaps = np.linalg.norm(found.quads[best] - plate.quad, axis=1)
            width = float(np.ptp(plate.quad[:, 0]))
            score.corner_errors.append((float(gaps.mean()) / width, confidence))
        if overlaps[best] >= 0.5:
            score.hits.append(confidence)
    score.strays += [float(s) for s in found.scores[~used]]


def extent_iou(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    """Intersection over union of the upright boxes around two 4x2 quads, 0 to 1."""
    low = np.maximum(a.min(axis=0), b.min(axis=0))
    high = np.minimum(a.max(axis=0), b.max(axis=0))
    inter = float(np.clip(high - low, 0, None).prod())
    union = float(np.ptp(a, axis=0).prod() + np.ptp(b, axis=0).prod()) - inter
    return inter / max(union, 1e-6)


def summarize(scores: dict[str, SetScore], threshold: float) -> dict[str, float]:
    """Flat figures at one threshold: recalls over all sets and by set, strays, corner error."""
    scenes = {name: s for name, s in scores.items() if name != NEGATIVES}
    own = SetScore(
        [pair for name, s in scenes.items() if name not in EVALUATION_ONLY for pair in s.overlaps],
    )
    figures = {
        "recall50": own.recall(0.5, threshold),
        "recall70": own.recall(0.7, threshold),
    }
    for name, s in sorted(scenes.items()):
        figures[f"{name}/recall50"] = s.recall(0.5, threshold)
        figures[f"{name}/recall70"] = s.recall(0.7, threshold)
        figures[f"{name}/strays"] = s.strays_per_100(threshold)
        if s.corner_errors:
            figures[f"{name}/corner"] = s.corner_error(threshold)
    if NEGATIVES in scores:
        figures["false_per_100_negatives"] = scores[NEGATIVES].strays_per_100(threshold)
    return figures
