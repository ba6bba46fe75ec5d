"""How well a detector finds plates: recall, corners, false alarms, by set, width and rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr.evaluate.datasets import (
    NOT_A_PLATE,
    PlateLabel,
    Scene,
    load_negatives,
    load_scenes,
    read_image,
    require_pictures,
    require_some,
)
from lpr.evaluate.detection_report import DetectionReport, DetectionRow, PlateOutcome
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Estimate, Proportion, bootstrap
from lpr.evaluate.matching import Match, match_detections
from lpr.evaluate.report import Progress
from lpr.evaluate.widths import width_name, width_names
from lpr.geometry import Quad, box_iou
from lpr.protocols import Detector
from lpr.types import Detection

IOU = 0.5
TIGHT_IOU = 0.7
LOOSE_IOU = 0.1
"""A missed plate that a detection overlaps by this much is shown as loosely found."""
WIDTH_BINS = (0, 30, 45, 60, 90, 130, 200)
"""Lower ends of the bins of plate width, picture pixels."""
SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Score thresholds at which recall and false detections are given."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One scene's outcome at the operating threshold.

    Attributes:
        scene: the picture and its labels.
        detections: all that reach the threshold.
        outcomes: one for each plate.
        unmatched: numbers of the detections that lie on no label.
        judged: how many detections are right or wrong.
    """

    scene: Scene
    detections: tuple[Detection, ...]
    outcomes: tuple[PlateOutcome, ...]
    unmatched: tuple[int, ...]
    judged: int


def evaluate_detection(
    detector: Detector,
    data: Path,
    split: str = "val",
    *,
    sets: Sequence[str] | None = None,
    min_score: float = 0.0,
    negatives: str | None = None,
    progress: Progress | None = None,
) -> DetectionReport:
    """Run a detector over labelled scenes and pictures without plates.

    Args:
        detector: what is measured.
        data: the data folder.
        split: train, val or all.
        sets: names of scene sets; None is all.
        min_score: operating threshold; detections below it count only in the table by score.
        negatives: split of the negatives; None is `split`.
        progress: is told how many pictures are done.

    Raises:
        SourceError: labels or pictures are missing, or there are none to measure on.
    """
    scenes = load_scenes(data, split, sets)
    require_some(scenes, data / "scenes", split)
    clean = load_negatives(data, negatives or split)
    require_pictures((*scenes, *clean))
    total = len(scenes) + len(clean)
    seen: list[tuple[Scene, tuple[Detection, ...]]] = []
    for number, scene in enumerate((*scenes, *clean), 1):
        seen.append((scene, tuple(detector.detect(read_image(scene.path)))))
        if progress is not None:
            progress(number, total)
    return score_detections(seen[: len(scenes)], seen[len(scenes) :], split, min_score)


def score_detections(
    scenes: Sequence[tuple[Scene, Sequence[Detection]]],
    negatives: Sequence[tuple[Scene, Sequence[Detection]]],
    split: str,
    min_score: float = 0.0,
) -> DetectionReport:
    """Compare detections already made with the labels."""
    found = [_score_scene(scene, detections, min_score) for scene, detections in scenes]
    outcomes = [one for scene in found for one in scene.outcomes]
    false = [[one for one in detections if one.score >= min_score] for _, detections in negatives]
    counts = [100.0 * len(one) for one in false]
    return DetectionReport(
        split=split,
        min_score=min_score,
        pictures=len(scenes),
        overall=_row("all", outcomes, found),
        by_set=_rows(found, lambda one: one.set),
        by_width=_grouped(
            outcomes, lambda one: width_name(one.width, WIDTH_BINS), width_names(WIDTH_BINS)
        ),
        by_lines=_grouped(outcomes, lambda one: _lines_name(one.lines), None),
        by_score=tuple((score, *_at_score(outcomes, negatives, score)) for score in SCORES),
        corner_error=bootstrap([o.corner_error for o in outcomes if o.corner_error is not None]),
        lines_right=Proportion.of(o.lines == o.found_lines for o in outcomes if _has_lines(o)),
        false_per_100=bootstrap(counts),
        negatives_with_false=Proportion.of(bool(one) for one in false),
        failures=(*_failures(found), *_false_alarms(negatives, min_score)),
    )


def corner_error(quad: Quad, label: Quad) -> float:
    """Mean distance of the four corners as a share of the labelled plate's width."""
    distances = [math.dist(a, b) for a, b in zip(quad.points, label.points, strict=True)]
    return sum(distances) / 4 / max(label.width, 1e-6)


def _score_scene(scene: Scene, detections: Sequence[Detection], min_score: float) -> _Found:
    kept = tuple(one for one in detections if one.score >= min_score)
    loose = {match.label: match for match in match_detections(scene.plates, kept, IOU)}
    every = {match.label: match for match in match_detections(scene.plates, detections, IOU)}
    outcomes = tuple(
        _outcome(scene.set, number, label, loose, kept, every, detections)
        for number, label in enumerate(scene.plates)
        if label.note != NOT_A_PLATE
    )
    matched = {match.detection for match in loose.values()}
    unmatched = tuple(one for one in range(len(kept)) if one not in matched)
    # What lies on something that is neither plate nor background is neither right nor wrong.
    left_out = sum(scene.plates[match.label].note == NOT_A_PLATE for match in loose.values())
    return _Found(scene, kept, outcomes, unmatched, len(kept) - left_out)


def _outcome(
    name: str,
    number: int,
    label: PlateLabel,
    loose: dict[int, Match],
    kept: Sequence[Detection],
    every: dict[int, Match],
    detections: Sequence[Detection],
) -> PlateOutcome:
    match, any_match = loose.get(number), every.get(number)
    found = kept[match.detection] if match else None
    error = corner_error(found.quad, label.quad) if found and label.quad else None
    return PlateOutcome(
        set=name,
        number=number,
        width=label.shape.width,
        lines=label.lines,
        iou=match.iou if match else 0.0,
        score=detections[any_match.detection].score if any_match else None,
        corner_error=error,
        found_lines=found.lines if found else None,
    )


def _row(name: str, outcomes: Sequence[PlateOutcome], found: Sequence[_Found]) -> DetectionRow:
    detections = sum(one.judged for one in found)
    unmatched = sum(len(one.unmatched) for one in found)
    return DetectionRow(
        name=name,
        recall=Proportion.of(one.iou >= IOU for one in outcomes),
        tight_recall=Proportion.of(one.iou >= TIGHT_IOU for one in outcomes),
        precision=Proportion(detections - unmatched, detections) if found else None,
        mean_iou=bootstrap([o.iou for o in outcomes if o.iou > 0]),
        corner_error=bootstrap([o.corner_error for o in outcomes if o.corner_error is not None]),
    )


def _rows(found: Sequence[_Found], key: Callable[[Scene], str]) -> tuple[DetectionRow, ...]:
    names = sorted({key(one.scene) for one in found})
    rows = []
    for name in names:
        part = [one for one in found if key(one.scene) == name]
        rows.append(_row(name, [outcome for one in part for outcome in one.outcomes], part))
    return tuple(rows)


def _grouped(
    outcomes: Sequence[PlateOutcome],
    key: Callable[[PlateOutcome], str],
    order: Sequence[str] | None,
) -> tuple[DetectionRow, ...]:
    names = Counter(key(one) for one in outcomes)
    ordered: Iterable[str] = sorted(names) if order is None else (n for n in order if n in names)
    return tuple(_row(name, [o for o in outcomes if key(o) == name], ()) for name in ordered)


def _at_score(
    outcomes: Sequence[PlateOutcome],
    negatives: Sequence[tuple[Scene, Sequence[Detection]]],
    score: float,
) -> tuple[Proportion, Estimate]:
    """Recall and false detections per 100 negatives with this threshold."""
    recall = Proportion.of(one.score is not None and one.score >= score for one in outcomes)
    false = [sum(one.score >= score for one in detections) for _, detections in negatives]
    return recall, bootstrap([100.0 * one for one in false])


def _lines_name(lines: int | None) -> str:
    return "rows not labelled" if lines is None else f"{lines} row{'s' if lines > 1 else ''}"


def _has_lines(outcome: PlateOutcome) -> bool:
    return outcome.lines is not None and outcome.found_lines is not None


def _failures(found: Sequence[_Found]) -> Iterator[Failure]:
    """Missed plates, loosely found ones (a detection overlaps too little), unmatched detections."""
    for one in found:
        left = list(one.unmatched)
        for outcome in one.outcomes:
            if outcome.iou >= IOU:
                continue
            label = one.scene.plates[outcome.number]
            text = f"{label.text or 'plate'} {outcome.width:.0f}px"
            overlaps = [(box_iou(one.detections[n].quad, label.box), n) for n in left]
            overlap, near = max(overlaps, default=(0.0, -1))
            if overlap >= LOOSE_IOU:
                left.remove(near)
                loose = one.detections[near]
                yield Failure(
                    "loose", one.scene.path, text, "plate", loose.score, label.shape, loose.quad
                )
            else:
                yield Failure("missed", one.scene.path, text, "", 0.0, label.shape, None)
        for number in left:
            other = one.detections[number]
            yield Failure("unmatched", one.scene.path, "", "plate", other.score, None, other.quad)


def _false_alarms(
    negatives: Sequence[tuple[Scene, Sequence[Detection]]], min_score: float
) -> list[Failure]:
    return [
        Failure("false", scene.path, "", "plate", detection.score, None, detection.quad)
        for scene, detections in negatives
        for detection in detections
        if detection.score >= min_score
    ]
