"""When a ballot becomes a verdict, and when its absence is worth an event."""

from __future__ import annotations

from typing import Final

from lpr.types import UnreadReason
from lpr.vote.alignment import have_little_in_common
from lpr.vote.ballot import Vote
from lpr.vote.options import VoterOptions
from lpr.vote.passage import SLIP_CONFIDENCE, Passage
from lpr.vote.same_vehicle import similar

EARLY: Final = "early"
DUE: Final = "due"
END: Final = "end"
SINGLE_LOOK: Final = "single_look"
REVISION: Final = "revision"
SURE: Final = "sure"

RULES: Final = {
    EARLY: "confirmed as soon as the probability reached early_probability",
    DUE: "confirmed when max_delay had passed, at due_probability or more",
    END: "confirmed when the plate was gone, at confirm_probability or more",
    SINGLE_LOOK: "confirmed on one very good reading when the plate was gone",
    REVISION: "replaced when another text reached revise_probability",
    SURE: "said again when the same text reached sure_probability",
}
"""What each rule means, for people."""

_MIN_SEEN: Final = 0.3
_STRONG_HITS: Final = 2
_SURE_HITS: Final = 3
_SURE_SCORE: Final = 0.75
_MORE_LIKELY_THAN_NOT: Final = 0.5
_SLIP_READINGS: Final = 3


def verdict_rule(
    passage: Passage, *, time: float, ended: bool, options: VoterOptions
) -> str | None:
    """The rule by which the leading text may be confirmed now, None if it may not.

    Args:
        passage: one without a verdict.
        time: now, media seconds.
        ended: whether the plate is gone for good.
        options: thresholds.
    """
    standing = passage.standing
    if not _can_be_plate(passage, options) or passage.still.burnt_in or _flickers(passage):
        return None
    exactly = standing.agreeing >= options.min_agreeing
    agreed = exactly or standing.compatible >= 2 * options.min_agreeing
    if ended:
        return _rule_at_end(passage, agreed=agreed, options=options)
    if not agreed:
        return None
    # Text that stands still waits its full time, so that others can show that they move.
    sure = standing.probability >= options.early_probability
    if sure and exactly and not passage.still.still:
        return EARLY
    due = passage.first_legible is not None and time - passage.first_legible >= options.max_delay
    return DUE if due and standing.probability >= due_probability(options) else None


def due_probability(options: VoterOptions) -> float:
    """What a verdict needs that is due while the plate may be looked at again."""
    return max(options.confirm_probability, options.due_probability)


def _rule_at_end(passage: Passage, *, agreed: bool, options: VoterOptions) -> str | None:
    standing, best = passage.standing, passage.ballot.best_look
    if agreed:
        return END if standing.probability >= options.confirm_probability else None
    if (
        best is not None
        and best.reading.text == standing.text
        and best.reading.confidence >= options.single_confidence
        and standing.probability > _MORE_LIKELY_THAN_NOT
        and standing.readings == standing.compatible
        and passage.looks.hits >= _STRONG_HITS
        and not passage.still.still
    ):
        return SINGLE_LOOK
    return None


def _flickers(passage: Passage) -> bool:
    """Whether it was detected but once or twice, and weakly."""
    return passage.looks.hits < _SURE_HITS and passage.mean_score < _SURE_SCORE


def _can_be_plate(passage: Passage, options: VoterOptions) -> bool:
    standing = passage.standing
    if len(standing.text) < options.min_length or _is_sign(passage) or not standing.whole:
        return False
    return standing.region is not None or not options.strict_format


def _is_sign(passage: Passage) -> bool:
    """Whether it is more likely a word on a wall than a plate: no digit, and it never moves."""
    digits = any(char.isdigit() for char in passage.standing.text)
    return passage.still.unmoved and not digits


def revision_allowed(passage: Passage, options: VoterOptions) -> bool:
    """Whether the leading text may replace the standing verdict.

    Something else altogether, just after the plate was hidden or jumped or in place of a text that
    was settled, waits: another vehicle may have taken its place, which is no revision (see
    `replaced`). Where a settled text's plate is gone before that can be told, it is one.
    """
    standing, verdict = passage.standing, passage.verdict
    settled = bool(passage.living) and passage.surest >= options.settle_probability
    return (
        verdict is not None
        and standing.text != verdict.text
        and not (
            (passage.doubted or settled) and have_little_in_common(standing.text, verdict.text)
        )
        and standing.probability >= options.revise_probability
        and standing.agreeing >= options.min_agreeing
        and _can_be_plate(passage, options)
    )


def is_sure(passage: Passage, options: VoterOptions) -> bool:
    """Whether the leading text is as sure as `sure_probability` asks; so is all where it is 1."""
    standing = passage.standing
    return options.sure_probability >= 1.0 or (
        standing.probability >= options.sure_probability
        and standing.agreeing >= options.min_agreeing
    )


def became_sure(passage: Passage, options: VoterOptions) -> bool:
    """Whether a verdict that was not sure has become so, with its plate still followed."""
    verdict = passage.verdict
    return (
        verdict is not None
        and not verdict.sure
        and bool(passage.living)
        and passage.standing.text == verdict.text
        and is_sure(passage, options)
    )


def replaced(passage: Passage, options: VoterOptions) -> bool:
    """Whether the track has slipped to another vehicle's plate.

    The latest readings since the verdict have little in common with it, but much with each other,
    as mere misreadings would not; a few sure ones or many doubtful ones, as of a plate far away.
    """
    latest = [vote.reading for vote in unlike_the_verdict(passage, options)]
    evidence, agreeing, others = 0.0, 0, 0
    for reading in reversed(latest):
        if not have_little_in_common(reading.text, latest[-1].text):
            evidence += reading.confidence
            agreeing += 1
        elif reading.confidence >= SLIP_CONFIDENCE:
            break
        else:
            others += 1
    enough = evidence >= _SLIP_READINGS * SLIP_CONFIDENCE
    return enough and agreeing >= max(_SLIP_READINGS, 2 * others)


def unlike_the_verdict(passage: Passage, options: VoterOptions) -> tuple[Vote, ...]:
    """The latest readings since the verdict that have little in common with it, oldest first.

    The verdict of a silent passage is the one that it did not tell.
    After the plate was hidden or jumped, readings that differ from a settled verdict by more than a
    misread character do: the next vehicle's plate may begin and end as this one's.
    """
    verdict, votes = passage.said, passage.ballot.votes
    if verdict is None:
        return ()
    settled = verdict.probability >= options.settle_probability
    first = len(votes)
    while first > 0 and votes[first - 1].time > verdict.time:
        vote = votes[first - 1]
        strange = settled and vote.time >= passage.doubted_since
        text = vote.reading.text
        differs = strange and not similar(text, verdict.text)
        if not differs and not have_little_in_common(text, verdict.text):
            break
        first -= 1
    return votes[first:]


def unread_reason(passage: Passage, options: VoterOptions) -> UnreadReason | None:
    """Why a plate was not read; None where it is not sure to have been a plate at all.

    Flickers, signs and text burnt into the picture are no vehicles: a plate must have been
    detected often enough, surely enough, large enough and over some time, must not have stood
    still like an overlay, and what was read of it must not be a word too short for a plate.
    """
    looks, standing = passage.looks, passage.standing
    surely_plate = (
        looks.hits >= options.unread_hits
        and passage.mean_score >= options.unread_score
        and looks.best_width >= options.unread_width
        and passage.last_seen - passage.first_seen >= _MIN_SEEN
        and not passage.still.burnt_in
    )
    if not surely_plate or (passage.still.still and standing.readings < options.min_agreeing):
        return None
    if standing.readings and len(standing.text) < options.min_length and standing.agreeing > 1:
        return None
    if looks.best_width < options.legible_width:
        return UnreadReason.TOO_SMALL
    if _has_quality(passage) and looks.best_sharpness < options.legible_sharpness:
        return UnreadReason.BLURRED
    if standing.readings >= 2 and 2 * standing.agreeing <= standing.readings:
        return UnreadReason.VOTES_DISAGREE
    return UnreadReason.BELOW_THRESHOLD


def _has_quality(passage: Passage) -> bool:
    best = passage.ballot.best_look
    return best.reading.quality is not None if best is not None else passage.looks.attempts > 0
