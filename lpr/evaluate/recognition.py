"""How well a recognizer reads plates: exact texts, characters, calibration, by group."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

from lpr.evaluate.calibration import calibration
from lpr.evaluate.datasets import (
    DOUBTFUL,
    PlatePicture,
    load_plates,
    read_image,
    require_pictures,
    require_some,
)
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Proportion, bootstrap_ratio
from lpr.evaluate.recognition_report import (
    MAIN,
    ReadingOutcome,
    RecognitionReport,
    RecognitionRow,
)
from lpr.evaluate.report import Progress
from lpr.evaluate.text import (
    WILDCARD,
    folded,
    matches_wildcard,
    readable,
    script_of,
)
from lpr.evaluate.widths import width_name
from lpr.protocols import Recognizer, Rectifier
from lpr.types import Image, Reading
from lpr.vote.alignment import edit_distance

BATCH = 16
WIDTH_BINS = (0, 40, 60, 90, 130, 200)
"""Lower ends of the bins of plate width, pixels."""


def evaluate_recognition(
    recognizer: Recognizer,
    rectifier: Rectifier,
    data: Path,
    split: str = "val",
    *,
    sets: Sequence[str] | None = None,
    alphabet: Container[str] | None = None,
    risk: float = 0.001,
    progress: Progress | None = None,
) -> RecognitionReport:
    """Read labelled plates, cut out by their labelled corners (or boxes) as serving does.

    Args:
        recognizer: what is measured.
        rectifier: cuts a plate out of its picture.
        data: the data folder.
        split: train, val or all.
        sets: names of plate sets; None is all.
        alphabet: the recognizer's characters; plates with others are reported apart. None: any.
        risk: allowed share of errors among accepted readings, for the acceptance figure.
        progress: is told how many plates are read.

    Raises:
        SourceError: labels or pictures are missing, or there are none to measure on.
    """
    plates = load_plates(data, split, sets)
    require_some(plates, data / "plates", split)
    require_pictures(plates)
    outcomes: list[ReadingOutcome] = []
    for start in range(0, len(plates), BATCH):
        batch = plates[start : start + BATCH]
        readings = recognizer.read([_crop(rectifier, plate) for plate in batch])
        for plate, reading in zip(batch, readings, strict=True):
            outcomes.append(_outcome(plate, reading, alphabet))
        if progress is not None:
            progress(len(outcomes), len(plates))
    return score_readings(outcomes, split, risk=risk)


def score_readings(
    outcomes: Sequence[ReadingOutcome], split: str, *, risk: float = 0.001
) -> RecognitionReport:
    """Turn outcomes into figures. The main figures are those of the group `main` alone."""
    main = [one for one in outcomes if one.group == MAIN]
    others = sorted({one.group for one in outcomes} - {MAIN})
    return RecognitionReport(
        split=split,
        overall=_row("all", main),
        by_set=_by(main, lambda one: one.set),
        by_script=_by(main, lambda one: one.script),
        by_lines=_by(main, lambda one: {1: "1 row", 2: "2 rows"}.get(one.lines or 0, "unknown")),
        by_width=_by(main, lambda one: width_name(one.width, WIDTH_BINS)),
        apart=tuple(_row(name, [one for one in outcomes if one.group == name]) for name in others),
        calibration=calibration(
            [one.confidence for one in main], [one.exact for one in main], risk=risk
        ),
        failures=tuple(_failures(outcomes)),
    )


def group_of(plate: PlatePicture, alphabet: Container[str] | None) -> str:
    """`main`, or the reason why a plate is reported apart."""
    if WILDCARD in plate.text:
        return "partly painted over"
    if not readable(plate.text, alphabet):
        return "outside the alphabet"
    return DOUBTFUL if plate.plate.note == DOUBTFUL else MAIN


def _crop(rectifier: Rectifier, plate: PlatePicture) -> Image:
    return rectifier.rectify(read_image(plate.path), plate.plate.shape).image


def _outcome(
    plate: PlatePicture, reading: Reading, alphabet: Container[str] | None
) -> ReadingOutcome:
    group = group_of(plate, alphabet)
    exact = reading.text == plate.text or (
        WILDCARD in plate.text and matches_wildcard(reading.text, plate.text)
    )
    return ReadingOutcome(
        set=plate.set,
        path=plate.path,
        place=plate.plate.shape,
        group=group,
        script=script_of(plate.text),
        lines=plate.plate.lines,
        width=plate.plate.shape.width,
        expected=plate.text,
        got=reading.text,
        confidence=reading.confidence,
        exact=exact,
        exact_folded=exact or folded(reading.text) == folded(plate.text),
        track=plate.track,
        errors=0 if exact else edit_distance(reading.text, plate.text),
    )


def _row(name: str, outcomes: Sequence[ReadingOutcome]) -> RecognitionRow:
    plates: dict[tuple[str, str | int], list[ReadingOutcome]] = {}
    for one in outcomes:
        plates.setdefault(one.vehicle, []).append(one)
    return RecognitionRow(
        name=name,
        exact=Proportion.of(one.exact for one in outcomes),
        exact_folded=Proportion.of(one.exact_folded for one in outcomes),
        distinct=len(plates),
        character_error_rate=bootstrap_ratio(
            [
                (sum(one.errors for one in part), sum(len(one.expected) for one in part))
                for part in plates.values()
            ]
        ),
        plate_error_rate=bootstrap_ratio(
            [
                (sum(one.errors / len(one.expected) for one in part), len(part))
                for part in plates.values()
            ]
        ),
    )


def _by(
    outcomes: Sequence[ReadingOutcome], key: Callable[[ReadingOutcome], str]
) -> tuple[RecognitionRow, ...]:
    names = sorted({key(one) for one in outcomes}, key=_order)
    return tuple(_row(name, [one for one in outcomes if key(one) == name]) for name in names)


def _order(name: str) -> tuple[int, str]:
    digits = name.removeprefix(">= ").split("-")[0].split(" ")[0]
    return (int(digits) if digits.isdigit() else 0, name)


def _failures(outcomes: Sequence[ReadingOutcome]) -> Iterator[Failure]:
    for one in outcomes:
        if one.exact:
            continue
        cause = "wrong" if one.group == MAIN else one.group
        yield Failure(cause, one.path, one.expected, one.got, one.confidence, one.place, None)
