"""Photographs in, texts out: everything that reads single pictures together."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lpr.evaluate.calibration import Calibration, calibration
from lpr.evaluate.datasets import (
    DOUBTFUL,
    NOT_A_PLATE,
    PlateLabel,
    Scene,
    load_scenes,
    read_image,
    require_pictures,
    require_some,
)
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Proportion
from lpr.evaluate.matching import match_detections
from lpr.evaluate.report import Progress, table
from lpr.evaluate.strays import (
    PictureTexts,
    StrayRow,
    stray_rows,
    strays_markdown,
    texts_of,
)
from lpr.evaluate.text import folded, readable, script_of
from lpr.geometry import Quad
from lpr.stills import StillPlate
from lpr.types import Detection, Image

IOU = 0.3
"""Least overlap at which a reading belongs to a label; the text decides, not the box."""
RIGHT, WRONG, NO_READ, MISSED = "right", "wrong", "no read", "missed"


class PictureReader(Protocol):
    """Finds and reads the plates of a picture, as `lpr.stills.StillReader` does."""

    def read(self, image: Image) -> Sequence[StillPlate]:
        """The plates of an HxWx3 uint8 BGR picture."""
        ...


@dataclass(frozen=True, slots=True)
class PlateRead:
    """What became of one labelled plate in a photograph.

    Attributes:
        outcome: right, wrong, no read (found, but nothing accepted) or missed (not found).
        exact_folded: right when O=0 and I=1.
    """

    set: str
    path: Path
    label: PlateLabel
    apart: bool
    outcome: str
    exact_folded: bool
    got: str
    confidence: float
    found: Quad | None

    @property
    def vehicle(self) -> tuple[str, str | None]:
        """One and the same for pictures of one vehicle, as far as labels tell."""
        return self.set, self.label.text


@dataclass(frozen=True, slots=True)
class EndToEndRow:
    """Figures of one group of plates; right, wrong, no read and missed add up to all.

    Attributes:
        distinct: how many texts within a set: pictures of one vehicle are not independent.
    """

    name: str
    distinct: int
    right: Proportion
    folded: Proportion
    wrong: Proportion
    no_read: Proportion
    missed: Proportion

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "name": self.name,
            "distinct_plates": self.distinct,
            "exact": self.right.to_json(),
            "exact_folded": self.folded.to_json(),
            "wrong": self.wrong.to_json(),
            "no_read": self.no_read.to_json(),
            "missed": self.missed.to_json(),
        }


@dataclass(frozen=True, slots=True)
class EndToEndReport:
    """Every figure of detector and recognizer together.

    Attributes:
        min_confidence: readings below it are not accepted.
        calibration: of the readings of plates that were found, accepted or not.
        strays: texts on no label and second texts, of all pictures, then by set.
    """

    split: str
    min_confidence: float
    overall: EndToEndRow
    by_set: tuple[EndToEndRow, ...]
    by_script: tuple[EndToEndRow, ...]
    by_lines: tuple[EndToEndRow, ...]
    apart: EndToEndRow
    calibration: Calibration
    strays: tuple[StrayRow, ...]
    failures: tuple[Failure, ...]

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval."""
        return {
            "task": "end-to-end",
            "split": self.split,
            "min_confidence": self.min_confidence,
            "overall": self.overall.to_json(),
            "by_set": [row.to_json() for row in self.by_set],
            "by_script": [row.to_json() for row in self.by_script],
            "by_lines": [row.to_json() for row in self.by_lines],
            "apart": self.apart.to_json(),
            "calibration": self.calibration.to_json(),
            "strays": [row.to_json() for row in self.strays],
            "failures": [failure.to_json() for failure in self.failures],
        }

    def to_markdown(self) -> str:
        """The same for people."""
        return "\n\n".join(
            [
                f"# End to end, {self.split}",
                "Labelled plates with text in photographs: found, cut out and read. Readings with "
                f"a confidence below {self.min_confidence:g} count as no read. Wilson 95% "
                "intervals.",
                _rows_table("set", (self.overall, *self.by_set)),
                f"Apart, doubtful labels or characters outside the alphabet: {self.apart.right}",
                "## By script",
                _rows_table("script", self.by_script),
                "## By rows",
                _rows_table("rows", self.by_lines),
                "## Texts on no label, and second texts of a plate",
                "An upper bound of what was read that is no plate: labels miss plates.",
                strays_markdown(self.strays),
                "## Calibration of the plates found",
                self.calibration.to_markdown(),
            ]
        )


def evaluate_end_to_end(
    reader: PictureReader,
    data: Path,
    split: str = "val",
    *,
    sets: Sequence[str] | None = None,
    alphabet: Container[str] | None = None,
    min_confidence: float = 0.0,
    risk: float = 0.001,
    progress: Progress | None = None,
) -> EndToEndReport:
    """Find and read the plates of every labelled photograph with a text.

    Args:
        reader: finds and reads the plates of a picture.
        data: the data folder.
        split: train, val or all.
        sets: names of scene sets; None is all.
        alphabet: the recognizer's characters; None: any.
        min_confidence: readings below it are not accepted.
        risk: allowed share of errors among accepted readings, for the acceptance figure.
        progress: is told how many photographs are done.

    Raises:
        SourceError: labels or pictures are missing, or there are none to measure on.
    """
    scenes = [
        scene
        for scene in load_scenes(data, split, sets)
        if any(plate.text and plate.note != NOT_A_PLATE for plate in scene.plates)
    ]
    require_some(scenes, data / "scenes", split)
    require_pictures(scenes)
    reads: list[PlateRead] = []
    pictures: list[PictureTexts] = []
    for number, scene in enumerate(scenes, 1):
        plates = reader.read(read_image(scene.path))
        matches = _matches(scene, plates)
        reads += score_scene(scene, plates, matches, alphabet, min_confidence)
        pictures.append(texts_of(scene, plates, matches, IOU, min_confidence))
        if progress is not None:
            progress(number, len(scenes))
    return score_reads(reads, pictures, split, min_confidence, risk)


def score_scene(
    scene: Scene,
    plates: Sequence[StillPlate],
    matches: dict[int, int],
    alphabet: Container[str] | None = None,
    min_confidence: float = 0.0,
) -> list[PlateRead]:
    """Compare one photograph's readings with its labelled texts."""
    reads = []
    for number, label in enumerate(scene.plates):
        if not label.text or label.note == NOT_A_PLATE:
            continue
        match = matches.get(number)
        reading = plates[match].reading if match is not None else None
        got = reading.text if reading else ""
        confidence = reading.confidence if reading else 0.0
        if match is None:
            outcome = MISSED
        elif not got or confidence < min_confidence:
            outcome = NO_READ
        else:
            outcome = RIGHT if got == label.text else WRONG
        reads.append(
            PlateRead(
                set=scene.set,
                path=scene.path,
                label=label,
                apart=label.note == DOUBTFUL or not readable(label.text, alphabet),
                outcome=outcome,
                exact_folded=outcome in (RIGHT, WRONG) and folded(got) == folded(label.text),
                got=got,
                confidence=confidence,
                found=plates[match].quad if match is not None else None,
            )
        )
    return reads


def score_reads(
    reads: Sequence[PlateRead],
    pictures: Sequence[PictureTexts],
    split: str,
    min_confidence: float = 0.0,
    risk: float = 0.001,
) -> EndToEndReport:
    """Turn outcomes into figures."""
    main = [one for one in reads if not one.apart]
    found = [one for one in main if one.got]
    return EndToEndReport(
        split=split,
        min_confidence=min_confidence,
        overall=_row("all", main),
        by_set=_by(main, lambda one: one.set),
        by_script=_by(main, lambda one: script_of(one.label.text or "")),
        by_lines=_by(main, lambda one: f"{one.label.lines or '?'} row(s)"),
        apart=_row("apart", [one for one in reads if one.apart]),
        calibration=calibration(
            [one.confidence for one in found],
            [one.got == one.label.text for one in found],
            risk=risk,
        ),
        strays=stray_rows(pictures),
        failures=(
            *(_failure(one) for one in reads if one.outcome != RIGHT),
            *(failure for picture in pictures for failure in picture.failures),
        ),
    )


def _matches(scene: Scene, plates: Sequence[StillPlate]) -> dict[int, int]:
    """For each label that is found the number of its plate."""
    detections = [Detection(plate.quad, plate.score, plate.lines) for plate in plates]
    return {one.label: one.detection for one in match_detections(scene.plates, detections, IOU)}


def _failure(read: PlateRead) -> Failure:
    return Failure(
        read.outcome,
        read.path,
        read.label.text or "",
        read.got,
        read.confidence,
        read.label.shape,
        read.found,
    )


def _row(name: str, reads: Sequence[PlateRead]) -> EndToEndRow:
    def share(outcome: str) -> Proportion:
        return Proportion.of(one.outcome == outcome for one in reads)

    return EndToEndRow(
        name=name,
        distinct=len({one.vehicle for one in reads}),
        right=share(RIGHT),
        folded=Proportion.of(one.exact_folded for one in reads),
        wrong=share(WRONG),
        no_read=share(NO_READ),
        missed=share(MISSED),
    )


def _by(reads: Sequence[PlateRead], key: Callable[[PlateRead], str]) -> tuple[EndToEndRow, ...]:
    return tuple(
        _row(name, [one for one in reads if key(one) == name])
        for name in sorted({key(one) for one in reads})
    )


def _rows_table(name: str, rows: Sequence[EndToEndRow]) -> str:
    header = [name, "distinct plates", "exact", "exact, O=0 I=1", "wrong", "no read", "missed"]
    return table(
        header,
        [
            [
                row.name,
                row.distinct,
                row.right,
                row.folded,
                *(f"{one.hits}" for one in (row.wrong, row.no_read, row.missed)),
            ]
            for row in rows
        ],
    )
