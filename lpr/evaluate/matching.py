"""Which detection is which labelled plate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpr.evaluate.datasets import PlateLabel
from lpr.geometry import box_iou
from lpr.types import Detection


@dataclass(frozen=True, slots=True)
class Match:
    """One labelled plate and the detection that found it.

    Attributes:
        label: number of the label.
        detection: number of the detection.
        iou: overlap of their boxes, 0 to 1.
    """

    label: int
    detection: int
    iou: float


def match_detections(
    labels: Sequence[PlateLabel], detections: Sequence[Detection], threshold: float
) -> tuple[Match, ...]:
    """Give each detection, the best scored first, the free label that it overlaps most.

    Overlap is that of upright boxes, as most labels have no corners.

    Args:
        labels: plates of one picture.
        detections: detections in the same picture.
        threshold: least intersection over union, above 0.
    """
    free = set(range(len(labels)))
    matches: list[Match] = []
    for number in sorted(range(len(detections)), key=lambda one: -detections[one].score):
        overlaps = [(box_iou(labels[one].box, detections[number].quad), one) for one in free]
        best = max(overlaps, default=(0.0, -1))
        if best[0] >= threshold:
            free.remove(best[1])
            matches.append(Match(best[1], number, best[0]))
    return tuple(matches)
