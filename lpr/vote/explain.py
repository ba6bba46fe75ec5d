"""Why a plate got the verdict that it got: readings, weights, votes and the rule."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from lpr.types import TextCandidate, UnreadReason
from lpr.vote.ballot import Vote
from lpr.vote.passage import Passage
from lpr.vote.rules import RULES


@dataclass(frozen=True, slots=True)
class ExplainedReading:
    """One reading and how much it counted.

    Attributes:
        frame_index: the frame it was read from.
        time: media seconds.
        text: what it said.
        confidence: how sure it was, 0 to 1.
        width: plate width in that frame, pixels.
        quality: weight by size, sharpness, angle, contrast, edge and detector score, 0 to 1.
        weight: what it counted: quality, times the share of the look that was new, times how far
            the reading believes itself; 0 to 1 (times `fused_weight` where it is of several looks).
        agrees: whether it says exactly the voted text.
        looks: how many looks at the plate the picture that was read is made of; then the frame is
            that of the latest.
    """

    frame_index: int
    time: float
    text: str
    confidence: float
    width: float
    quality: float
    weight: float
    agrees: bool
    looks: int = 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a plate got the verdict that it got.

    Attributes:
        track_id: the id on its events.
        tracks: ids of all tracks that were found to be this vehicle.
        text: the leading text.
        probability: that it is right, 0 to 1.
        region: its region, if it could be told.
        verdict: the standing verdict; empty if there is none.
        rule: name of the rule that made it, see `lpr.vote.rules.RULES`; empty without a verdict.
        decided: media seconds of the verdict, None without one.
        reason: why it was reported as unread, None if it was not.
        repeats: the text that was reported before, for whose sake this passage said nothing.
        burnt_in: whether it was taken for text in the video.
        total_readings: readings made; those kept are in `readings`.
        readings: the readings kept, oldest first.
        positions: for each character of `text` the characters voted for with their shares.
        alternatives: whole texts with their probabilities, best first.
        fused: what the looks say together, None where nobody told.
    """

    track_id: int
    tracks: tuple[int, ...]
    text: str
    probability: float
    region: str | None
    verdict: str
    rule: str
    decided: float | None
    reason: UnreadReason | None
    repeats: str | None
    burnt_in: bool
    total_readings: int
    readings: tuple[ExplainedReading, ...]
    positions: tuple[tuple[TextCandidate, ...], ...]
    alternatives: tuple[TextCandidate, ...]
    fused: ExplainedReading | None = None


@dataclass(frozen=True, slots=True)
class ExplanationTable:
    """A table for people.

    Attributes:
        title: what it shows.
        header: names of the columns.
        rows: the cells.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def explain_passage(passage: Passage, *, reason: UnreadReason | None = None) -> Explanation:
    """Write down why a passage stands where it stands."""
    ballot, verdict = passage.ballot, passage.verdict
    tally, table, fused = ballot.tally(), ballot.positions(), ballot.fused
    positions = () if table is None else table.distributions()
    return Explanation(
        track_id=passage.id,
        tracks=tuple(sorted(passage.members)),
        text=tally.text,
        probability=tally.probability,
        region=tally.region,
        verdict="" if verdict is None else verdict.text,
        rule="" if verdict is None else verdict.rule,
        decided=None if verdict is None else verdict.time,
        reason=reason,
        repeats=None if passage.silent is None else passage.silent.text,
        burnt_in=passage.still.burnt_in,
        total_readings=passage.looks.attempts,
        readings=tuple(_explained(vote, tally.text) for vote in ballot.votes),
        positions=tuple(
            tuple(TextCandidate(char, share) for char, share in place) for place in positions
        ),
        alternatives=tally.alternatives,
        fused=None if fused is None else _explained(fused, tally.text),
    )


def _explained(vote: Vote, text: str) -> ExplainedReading:
    return ExplainedReading(
        frame_index=vote.frame_index,
        time=vote.time,
        text=vote.reading.text,
        confidence=vote.reading.confidence,
        width=vote.quad.width,
        quality=vote.quality,
        weight=vote.weight,
        agrees=vote.reading.text == text,
        looks=vote.reading.looks,
    )


def summarize(explanation: Explanation) -> str:
    """Say in one sentence what happened to a plate and why."""
    name = f"track {explanation.track_id}"
    leading = f"{explanation.text or 'nothing'} at {explanation.probability:.3f}"
    if explanation.repeats is not None:
        return f"{name}: silent, {explanation.repeats} was reported before"
    if explanation.verdict:
        return f"{name}: {explanation.verdict}, {RULES[explanation.rule]}; now {leading}"
    if explanation.burnt_in:
        return f"{name}: no verdict, it stood still while others moved, as text in a video does"
    if explanation.reason is not None:
        return f"{name}: unread ({explanation.reason.value}), leading {leading}"
    return f"{name}: no verdict, leading {leading}"


def tabulate(explanation: Explanation) -> tuple[ExplanationTable, ...]:
    """Lay an explanation out as tables: readings, votes by position, whole texts."""
    shown = explanation.readings
    if explanation.fused is not None:
        shown = (*shown, explanation.fused)
    readings = ExplanationTable(
        "readings",
        ("frame", "time", "text", "confidence", "width", "quality", "weight", "agrees", "looks"),
        tuple(
            (
                str(one.frame_index),
                f"{one.time:.3f}",
                one.text,
                f"{one.confidence:.3f}",
                f"{one.width:.0f}",
                f"{one.quality:.2f}",
                f"{one.weight:.2f}",
                "yes" if one.agrees else "no",
                str(one.looks),
            )
            for one in shown
        ),
    )
    positions = ExplanationTable(
        "votes by position",
        ("position", "character", "votes"),
        tuple(
            (str(number), char, ", ".join(f"{one.text} {one.probability:.3f}" for one in place[:4]))
            for number, (char, place) in enumerate(
                zip(explanation.text, explanation.positions, strict=True), 1
            )
        ),
    )
    texts = ExplanationTable(
        "whole texts",
        ("text", "probability"),
        tuple((one.text, f"{one.probability:.4f}") for one in explanation.alternatives),
    )
    return readings, positions, texts


class ExplanationStore:
    """The explanations of the latest ended passages.

    Args:
        capacity: how many are kept; the oldest go first.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[int, Explanation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, explanation: Explanation) -> None:
        """Remember one, instead of an older one of the same id."""
        self._kept.pop(explanation.track_id, None)
        self._kept[explanation.track_id] = explanation
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def find(self, track_id: int) -> Explanation | None:
        """The explanation of a passage by its id, or by any of its tracks; None if forgotten."""
        found = self._kept.get(track_id)
        if found is not None:
            return found
        return next((one for one in reversed(self._kept.values()) if track_id in one.tracks), None)
