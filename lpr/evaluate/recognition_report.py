"""The figures of a recognizer, as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr.evaluate.calibration import Calibration
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Estimate, Proportion
from lpr.evaluate.report import table
from lpr.geometry import Quad

MAIN = "main"
"""The group of plates that the main figures are about."""


@dataclass(frozen=True, slots=True)
class ReadingOutcome:
    """What became of one labelled plate.

    Attributes:
        set: its data set.
        path: the picture.
        place: the plate in the picture, pixels.
        group: `main`, or why it is reported apart.
        script: latin, chinese, korean or other.
        lines: labelled rows, None where not labelled.
        width: plate width, picture pixels.
        expected: the label.
        got: what was read.
        confidence: stated probability that `got` is right.
        exact: `got` is the label.
        exact_folded: the same with O=0 and I=1.
        errors: edit distance between the two.
        track: number of the vehicle where several pictures show the same one, else None.
    """

    set: str
    path: Path
    place: Quad
    group: str
    script: str
    lines: int | None
    width: float
    expected: str
    got: str
    confidence: float
    exact: bool
    exact_folded: bool
    errors: int
    track: int | None = None

    @property
    def vehicle(self) -> tuple[str, str | int]:
        """One and the same for pictures of one vehicle, as far as labels tell."""
        return self.set, self.expected if self.track is None else self.track


@dataclass(frozen=True, slots=True)
class RecognitionRow:
    """Figures of one group of plates.

    Attributes:
        distinct: how many tracks, or texts within a set: pictures of one vehicle are not
            independent.
        exact: whole texts right.
        exact_folded: the same with O=0 and I=1.
        character_error_rate: edit distance over all characters.
        plate_error_rate: mean over plates of edit distance by length.
    """

    name: str
    distinct: int
    exact: Proportion
    exact_folded: Proportion
    character_error_rate: Estimate
    plate_error_rate: Estimate

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "name": self.name,
            "distinct_plates": self.distinct,
            "exact": self.exact.to_json(),
            "exact_folded": self.exact_folded.to_json(),
            "character_error_rate": self.character_error_rate.to_json(),
            "plate_error_rate": self.plate_error_rate.to_json(),
        }


@dataclass(frozen=True, slots=True)
class RecognitionReport:
    """Every figure of a recognizer.

    Attributes:
        split: the data's split.
        overall: all plates of the group `main`.
        by_set: by data set.
        by_script: by script of the label.
        by_lines: by labelled rows.
        by_width: by plate width in picture pixels.
        apart: plates left out of the figures above, by reason.
        calibration: of the stated confidence.
        failures: every wrong reading.
    """

    split: str
    overall: RecognitionRow
    by_set: tuple[RecognitionRow, ...]
    by_script: tuple[RecognitionRow, ...]
    by_lines: tuple[RecognitionRow, ...]
    by_width: tuple[RecognitionRow, ...]
    apart: tuple[RecognitionRow, ...]
    calibration: Calibration
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval."""
        return {
            "task": "recognition",
            "split": self.split,
            "overall": self.overall.to_json(),
            "by_set": [row.to_json() for row in self.by_set],
            "by_script": [row.to_json() for row in self.by_script],
            "by_lines": [row.to_json() for row in self.by_lines],
            "by_width": [row.to_json() for row in self.by_width],
            "apart": [row.to_json() for row in self.apart],
            "calibration": self.calibration.to_json(),
            "failures": [failure.to_json() for failure in self.failures],
        }

    def to_markdown(self) -> str:
        """The same for people."""
        parts = [
            f"# Recognition, {self.split}",
            "Plates cut out by their labels as corrected in serving; Wilson 95% intervals; "
            "those of error rates are bootstraps over distinct plates.",
            _rows_table("set", (self.overall, *self.by_set)),
            "## By script",
            _rows_table("script", self.by_script),
            "## By rows",
            _rows_table("rows", self.by_lines),
            "## By plate width",
            _rows_table("width", self.by_width),
        ]
        if self.apart:
            parts += [
                "## Reported apart (not in the figures above)",
                _rows_table("why", self.apart),
            ]
        return "\n\n".join([*parts, "## Calibration", self.calibration.to_markdown()])


def _rows_table(name: str, rows: Sequence[RecognitionRow]) -> str:
    return table(
        [
            name,
            "distinct plates",
            "exact",
            "exact, O=0 I=1",
            "character error rate",
            "mean error of a plate",
        ],
        [
            [
                row.name,
                row.distinct,
                row.exact,
                row.exact_folded,
                row.character_error_rate,
                row.plate_error_rate,
            ]
            for row in rows
        ],
    )
