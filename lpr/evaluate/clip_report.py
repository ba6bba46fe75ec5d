"""The figures of an engine on clips, as JSON and Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lpr.evaluate.calibration import Calibration, calibration
from lpr.evaluate.failures import Failure
from lpr.evaluate.intervals import Estimate, Proportion, bootstrap
from lpr.evaluate.report import table
from lpr.evaluate.text import folded

RIGHT, WRONG, MISSED = "right", "wrong", "missed"
NO_EVENT = "no event"
SURE = 0.99
"""Verdicts of at least this probability are reported on their own."""


@dataclass(frozen=True, slots=True)
class PlateVerdict:
    """What became of one vehicle's plate.

    Attributes:
        text: the label.
        outcome: right, wrong (misread and never right) or missed.
        got: misreadings of this plate that stand as verdicts.
        duplicates: verdicts about it beyond the first.
        confidence: of the right verdict, None where there is none.
        seconds: media seconds from the first legible frame to the right verdict, 0 if earlier.
        reason: for a missed plate the reason of its unread event, or `no event`.
    """

    text: str
    outcome: str
    got: tuple[str, ...]
    duplicates: int
    confidence: float | None
    seconds: float | None
    reason: str | None

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "text": self.text,
            "outcome": self.outcome,
            "got": list(self.got),
            "duplicates": self.duplicates,
            "confidence": self.confidence,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """What became of one clip.

    Attributes:
        name: file name.
        tags: conditions.
        plates: one per labelled plate.
        false: verdicts that are about no labelled plate: text and confidence.
        verdicts: confidence, and whether it is right, of every verdict.
        unread: reasons of the unread events.
        early_wrong: tracks whose first confirmed text differs from the last.
    """

    name: str
    tags: tuple[str, ...]
    plates: tuple[PlateVerdict, ...]
    false: tuple[tuple[str, float], ...]
    verdicts: tuple[tuple[float, bool], ...]
    unread: tuple[str, ...]
    early_wrong: int

    @property
    def wrong_verdicts(self) -> int:
        """Standing verdicts with a text that no labelled plate has."""
        return len(self.false) + sum(len(plate.got) for plate in self.plates)

    @property
    def beyond_look_alikes(self) -> int:
        """Those of the wrong verdicts that stay wrong with O as 0 and I as 1."""
        misread = sum(
            folded(text) != folded(plate.text) for plate in self.plates for text in plate.got
        )
        return len(self.false) + misread

    @property
    def entirely_right(self) -> bool:
        """Every plate right, once, and nothing else said."""
        return self.wrong_verdicts == 0 and all(
            plate.outcome == RIGHT and plate.duplicates == 0 for plate in self.plates
        )

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "name": self.name,
            "tags": list(self.tags),
            "entirely_right": self.entirely_right,
            "plates": [plate.to_json() for plate in self.plates],
            "false": [list(one) for one in self.false],
            "unread": list(self.unread),
            "early_wrong": self.early_wrong,
        }


@dataclass(frozen=True, slots=True)
class ClipsReport:
    """Every figure of an engine on a set of clips."""

    outcomes: tuple[ClipOutcome, ...]

    @property
    def plates(self) -> tuple[PlateVerdict, ...]:
        """Every labelled plate's verdict."""
        return tuple(plate for one in self.outcomes for plate in one.plates)

    @property
    def entirely_right(self) -> Proportion:
        """Clips in which everything is right."""
        return Proportion.of(one.entirely_right for one in self.outcomes)

    @property
    def wrong_verdicts(self) -> Proportion:
        """Standing verdicts with a wrong text, of all verdicts."""
        wrong = sum(one.wrong_verdicts for one in self.outcomes)
        return Proportion(wrong, sum(len(one.verdicts) for one in self.outcomes))

    @property
    def wrong_beyond_look_alikes(self) -> Proportion:
        """The same but for O read as 0 and I as 1, which many countries print alike."""
        wrong = sum(one.beyond_look_alikes for one in self.outcomes)
        return Proportion(wrong, sum(len(one.verdicts) for one in self.outcomes))

    @property
    def duplicates(self) -> Proportion:
        """Plates with more than one verdict."""
        return Proportion.of(one.duplicates > 0 for one in self.plates)

    @property
    def false_on_empty(self) -> Proportion:
        """Clips without a legible plate in which a verdict was given."""
        return Proportion.of(bool(one.false) for one in self.outcomes if not one.plates)

    @property
    def sure_right(self) -> Proportion:
        """Right ones of the verdicts with a probability of 0.99 or more."""
        verdicts = (verdict for one in self.outcomes for verdict in one.verdicts)
        return Proportion.of(right for confidence, right in verdicts if confidence >= SURE)

    @property
    def calibration(self) -> Calibration:
        """Reliability of the verdicts' probabilities."""
        pairs = [pair for one in self.outcomes for pair in one.verdicts]
        return calibration([conf for conf, _ in pairs], [right for _, right in pairs])

    @property
    def early_wrong(self) -> Proportion:
        """Verdicts whose track first said something else."""
        total = sum(len(one.verdicts) for one in self.outcomes)
        return Proportion(sum(one.early_wrong for one in self.outcomes), total)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Clips are looked at as clips: there are no contact sheets of them."""
        return ()

    def plates_that(self, outcome: str) -> Proportion:
        """Plates that are right, wrong or missed."""
        return Proportion.of(one.outcome == outcome for one in self.plates)

    def delay(self, percentile: float) -> Estimate:
        """Percentile of the media seconds from first legible frame to right verdict."""
        delays = [one.seconds for one in self.plates if one.seconds is not None]
        return bootstrap(delays, lambda sample: float(np.percentile(sample, percentile)))

    def unread_reasons(self) -> dict[str, int]:
        """How often each reason was given for an unread plate, the most frequent first."""
        return dict(Counter(reason for one in self.outcomes for reason in one.unread).most_common())

    def missed_reasons(self) -> dict[str, int]:
        """Why legible plates got no verdict."""
        return dict(Counter(one.reason for one in self.plates if one.reason).most_common())

    def by_tag(self) -> dict[str, ClipsReport]:
        """The report of the clips of each condition."""
        tags = sorted({tag for one in self.outcomes for tag in one.tags})
        return {
            tag: ClipsReport(tuple(one for one in self.outcomes if tag in one.tags)) for tag in tags
        }

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval, and every clip."""
        return {
            "task": "clips",
            **self._figures(),
            "unread": self.unread_reasons(),
            "missed": self.missed_reasons(),
            "calibration": self.calibration.to_json(),
            "by_tag": {tag: part._figures() for tag, part in self.by_tag().items()},
            "clips": [one.to_json() for one in self.outcomes],
        }

    def to_markdown(self) -> str:
        """The same for people."""
        rows = [[name, text] for name, text in self.lines()]
        parts = [
            f"# Clips, {len(self.outcomes)}",
            table(["figure", "value (95% interval)"], rows),
        ]
        tags = self.by_tag()
        if tags:
            header = ["condition", "clips right", "plates right", "wrong", "missed", "duplicates"]
            parts += ["## By condition", table(header, [_tag_row(*one) for one in tags.items()])]
        wrong = [one for one in self.outcomes if not one.entirely_right]
        if wrong:
            header = ["clip", "plates", "false verdicts"]
            parts += ["## Clips not entirely right", table(header, [_clip_row(o) for o in wrong])]
        return "\n\n".join([*parts, "## Calibration", self.calibration.to_markdown()])

    def lines(self) -> list[tuple[str, str]]:
        """The figures as names and texts."""
        return [
            ("clips entirely right", str(self.entirely_right)),
            ("plates right", str(self.plates_that(RIGHT))),
            ("plates wrong", str(self.plates_that(WRONG))),
            ("plates missed", str(self.plates_that(MISSED))),
            ("wrong verdicts", str(self.wrong_verdicts)),
            ("wrong verdicts, O=0 I=1", str(self.wrong_beyond_look_alikes)),
            ("plates with duplicates", str(self.duplicates)),
            ("false verdicts, clips without legible plate", str(self.false_on_empty)),
            ("verdicts first said otherwise", str(self.early_wrong)),
            (f"right at probability >= {SURE}", str(self.sure_right)),
            (
                "first legible look to verdict, seconds",
                f"p50 {self.delay(50)}; p95 {self.delay(95)}",
            ),
            ("unread events", _counts(self.unread_reasons())),
            ("why plates were missed", _counts(self.missed_reasons())),
        ]

    def _figures(self) -> dict[str, object]:
        return {
            "entirely_right": self.entirely_right.to_json(),
            "plates_right": self.plates_that(RIGHT).to_json(),
            "plates_wrong": self.plates_that(WRONG).to_json(),
            "plates_missed": self.plates_that(MISSED).to_json(),
            "wrong_verdicts": self.wrong_verdicts.to_json(),
            "wrong_verdicts_folded": self.wrong_beyond_look_alikes.to_json(),
            "duplicates": self.duplicates.to_json(),
            "false_on_empty": self.false_on_empty.to_json(),
            "first_said_otherwise": self.early_wrong.to_json(),
            "right_when_sure": self.sure_right.to_json(),
            "seconds_to_verdict": {
                "p50": self.delay(50).to_json(),
                "p95": self.delay(95).to_json(),
            },
        }


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _tag_row(tag: str, part: ClipsReport) -> list[object]:
    return [
        tag,
        part.entirely_right,
        part.plates_that(RIGHT),
        part.wrong_verdicts.hits,
        part.plates_that(MISSED).hits,
        part.duplicates.hits,
    ]


def _clip_row(outcome: ClipOutcome) -> list[object]:
    plates = "; ".join(_plate_text(plate) for plate in outcome.plates) or "none"
    return [outcome.name, plates, ", ".join(text for text, _ in outcome.false)]


def _plate_text(plate: PlateVerdict) -> str:
    detail = (
        f" ({', '.join(plate.got)})" if plate.got else f" ({plate.reason})" * bool(plate.reason)
    )
    twice = f", {plate.duplicates} duplicates" * bool(plate.duplicates)
    return f"{plate.text} {plate.outcome}{detail}{twice}"
