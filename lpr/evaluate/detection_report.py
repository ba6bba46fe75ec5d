"""The figures of a detector, as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Estimate, Proportion
from lpr.evaluate.report import table


@dataclass(frozen=True, slots=True)
class PlateOutcome:
    """What became of one labelled plate.

    Attributes:
        set: the scene's set.
        number: number of the label in its scene.
        width: labelled plate width, picture pixels.
        lines: labelled rows, None where not labelled.
        iou: overlap with its detection at the operating threshold, 0 where missed.
        score: score of its detection at any threshold, None where there is none.
        corner_error: mean corner distance as a share of plate width; None without exact corners.
        found_lines: rows that the detector says, None where missed.
    """

    set: str
    number: int
    width: float
    lines: int | None
    iou: float
    score: float | None
    corner_error: float | None
    found_lines: int | None


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """Figures of one group of plates.

    Attributes:
        recall: found with an overlap of 0.5 or more.
        tight_recall: found with 0.7 or more.
        precision: detections that match a label; a lower bound, as background plates are often
            not labelled. None where detections cannot be told apart by group.
        mean_iou: over the plates found.
        corner_error: mean corner distance as a share of plate width.
    """

    name: str
    recall: Proportion
    tight_recall: Proportion
    precision: Proportion | None
    mean_iou: Estimate
    corner_error: Estimate

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "name": self.name,
            "recall": self.recall.to_json(),
            "recall_iou_0.7": self.tight_recall.to_json(),
            "precision_lower_bound": self.precision.to_json() if self.precision else None,
            "mean_iou": self.mean_iou.to_json(),
            "corner_error": self.corner_error.to_json(),
        }


@dataclass(frozen=True, slots=True)
class DetectionReport:
    """Every figure of a detector.

    Attributes:
        split: the data's split.
        min_score: operating threshold.
        pictures: how many pictures with labels were seen.
        overall: all plates.
        by_set: by data set.
        by_width: by plate width in picture pixels.
        by_lines: by labelled rows.
        by_score: score threshold, recall, false detections per 100 negatives.
        corner_error: mean corner distance as a share of plate width.
        lines_right: found plates whose rows are told rightly.
        false_per_100: false detections per 100 pictures without plates.
        negatives_with_false: pictures without plates that have any.
        failures: missed plates, unmatched detections and false alarms.
    """

    split: str
    min_score: float
    pictures: int
    overall: DetectionRow
    by_set: tuple[DetectionRow, ...]
    by_width: tuple[DetectionRow, ...]
    by_lines: tuple[DetectionRow, ...]
    by_score: tuple[tuple[float, Proportion, Estimate], ...]
    corner_error: Estimate
    lines_right: Proportion
    false_per_100: Estimate
    negatives_with_false: Proportion
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval."""
        return {
            "task": "detection",
            "split": self.split,
            "min_score": self.min_score,
            "pictures": self.pictures,
            "overall": self.overall.to_json(),
            "by_set": [row.to_json() for row in self.by_set],
            "by_width": [row.to_json() for row in self.by_width],
            "by_lines": [row.to_json() for row in self.by_lines],
            "by_score": [
                {
                    "score": score,
                    "recall": recall.to_json(),
                    "false_per_100": false.to_json(),
                }
                for score, recall, false in self.by_score
            ],
            "corner_error": self.corner_error.to_json(),
            "lines_right": self.lines_right.to_json(),
            "false_per_100_negatives": self.false_per_100.to_json(),
            "negatives_with_false": self.negatives_with_false.to_json(),
            "failures": [failure.to_json() for failure in self.failures],
        }

    def to_markdown(self) -> str:
        """The same for people."""
        false = [[f"{score:.1f}", recall, per_100] for score, recall, per_100 in self.by_score]
        parts = [
            f"# Detection, {self.split}, {self.pictures} pictures",
            f"Score >= {self.min_score:g}; Wilson 95% intervals. Precision is a lower bound: "
            "background plates are often not labelled.",
            _rows_table("set", (self.overall, *self.by_set)),
            f"- Corner error as a share of plate width: {self.corner_error}",
            f"- Rows told rightly: {self.lines_right}",
            f"- False detections per 100 pictures without plates: {self.false_per_100}",
            f"- Pictures without plates that have any: {self.negatives_with_false}",
            "## By plate width",
            _rows_table("width", self.by_width),
            "## By rows",
            _rows_table("rows", self.by_lines),
            "## By score threshold",
            table(["score", "recall IoU 0.5", "false per 100 negatives"], false),
        ]
        return "\n\n".join(parts)


def _rows_table(name: str, rows: Sequence[DetectionRow]) -> str:
    header = [name, "recall IoU 0.5", "recall IoU 0.7", "precision", "mean IoU", "corner error"]
    return table(
        header,
        [
            [
                row.name,
                row.recall,
                row.tight_recall,
                row.precision if row.precision is not None else "",
                row.mean_iou,
                row.corner_error,
            ]
            for row in rows
        ],
    )
