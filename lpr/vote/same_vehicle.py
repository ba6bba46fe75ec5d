"""Whether a new passage is an old one again: pieces of one track, echoes, quick returns."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lpr.geometry import Quad
from lpr.vote.alignment import edit_distance, have_little_in_common
from lpr.vote.options import VoterOptions
from lpr.vote.passage import Passage

_NEAR: Final = 0.75
_SPEED: Final = 4.0
_CLOSE: Final = 2.0
"""Widths of the plate."""
_FARTHEST: Final = 1.5
"""Seconds out of sight after which a longer wait brings no farther place into reach: a plate that
appears there is another vehicle's."""
LONGEST_GAP: Final = 6.0
"""Seconds; what was out of sight for longer does not go on where it was lost."""
_SIZE_STEP: Final = 0.3
_SIZE_RATE: Final = 0.35
_MOST_REPORTED: Final = 512
_LONG: Final = 5
_VERY_LONG: Final = 10


@dataclass(frozen=True, slots=True)
class Reported:
    """A text that was confirmed and whose passage is over.

    Attributes:
        text: the last verdict.
        last_seen: media seconds at which its plate was last seen.
    """

    text: str
    last_seen: float


class ReportedTexts:
    """The verdicts of passages that are over, for as long as they must not be repeated.

    Args:
        options: `retrigger_seconds`.
    """

    def __init__(self, options: VoterOptions) -> None:
        self._options = options
        self._reported: deque[Reported] = deque(maxlen=_MOST_REPORTED)

    def __len__(self) -> int:
        return len(self._reported)

    def remember(self, text: str, last_seen: float) -> None:
        """A passage with this verdict, or a silent repetition of it, is over."""
        for known in self._reported:
            if known.text == text:
                last_seen = max(known.last_seen, last_seen)
                self._reported.remove(known)
                break
        self._reported.append(Reported(text, last_seen))

    def recently(self, text: str, first_seen: float) -> bool:
        """Whether this very text was last seen shortly before `first_seen`.

        One that was still seen then was in the picture at the same time: another vehicle, if the
        options take equal texts for several.
        """
        together = self._options.one_vehicle_per_text
        return any(
            known.text == text
            and (together or first_seen >= known.last_seen)
            and first_seen - known.last_seen <= self._options.retrigger_seconds
            for known in self._reported
        )

    def forget_before(self, time: float) -> None:
        """Drop what can no longer be repeated at media second `time`."""
        # A passage that began in time may decide later: remember twice as long.
        oldest = time - 2 * self._options.retrigger_seconds
        while self._reported and self._reported[0].last_seen < oldest:
            self._reported.popleft()


def find_twin(passage: Passage, others: Iterable[Passage], options: VoterOptions) -> Passage | None:
    """The open passage with a verdict that `passage` is another piece of, None if there is none."""
    for other in others:
        said = other.verdict
        if said is not None and _is_same(passage, other, said.text, options):
            return other
    return None


def repeats_silently(passage: Passage, others: Iterable[Passage], options: VoterOptions) -> bool:
    """Whether `passage` is another piece of an open passage that is silent."""
    return any(
        other.silent is not None and _is_same(passage, other, other.silent.text, options)
        for other in others
    )


def is_echo(passage: Passage, others: Iterable[Passage]) -> bool:
    """Whether a silent passage was seen beside the one that was told its text, which is open yet.

    A lorry's painted text or a reflection: what it says otherwise is misread.
    """
    return passage.silent is not None and any(
        other.id in passage.seen_beside
        and other.verdict is not None
        and other.verdict.text == passage.silent.text
        for other in others
    )


def _is_same(passage: Passage, other: Passage, said: str, options: VoterOptions) -> bool:
    """Whether a passage is another piece of one that said a text.

    The same text is the same vehicle, unless both are in the picture at once and the options take
    that for two. A similar text is the same vehicle only if the two were never seen side by side
    and the one begins where the other was lost.
    """
    text = passage.standing.text
    beside = other.id in passage.seen_beside or passage.id in other.seen_beside
    if other is passage:
        return False
    if text == said:
        return options.one_vehicle_per_text or not beside
    return (
        not beside
        and similar(text, said)
        and continues(passage, other)
        and _still_near(passage, other)
    )


def find_interrupted(
    passage: Passage, others: Iterable[Passage], options: VoterOptions
) -> Passage | None:
    """The ended passage that was told the text that `passage` is just read to say, at its place.

    It needs no verdict of its own: one that stands level and still would wait for it for long.
    """
    standing = passage.standing
    for other in others:
        if (
            other is not passage
            and other.verdict is not None
            and not other.living
            and other.id not in passage.seen_beside
            and standing.text == other.verdict.text
            and standing.agreeing >= options.min_agreeing
            and continues(passage, other)
        ):
            return other
    return None


def find_lost_piece(passage: Passage, others: Iterable[Passage]) -> Passage | None:
    """An ended passage without a verdict that `passage` is the continuation of."""
    for other in others:
        if (
            other is not passage
            and other.said is None
            and other.ended_at is not None
            and other.id not in passage.seen_beside
            and passage.id not in other.seen_beside
            and continues(passage, other)
            and (
                other.standing.readings == 0 or similar(passage.standing.text, other.standing.text)
            )
        ):
            return other
    return None


def may_be_continued(passage: Passage, others: Iterable[Passage]) -> bool:
    """Whether a passage in view, undecided yet, began where this one was lost and reads like it."""
    said = passage.standing.text if passage.verdict is None else passage.verdict.text
    return any(
        other is not passage
        and other.living
        and other.said is None
        and other.id not in passage.seen_beside
        and continues(other, passage)
        and not (said and other.standing.text and have_little_in_common(said, other.standing.text))
        for other in others
    )


def is_piece(passage: Passage, others: Iterable[Passage], options: VoterOptions) -> bool:
    """Whether a passage that was not read is a piece of another one that is still open."""
    others = [other for other in others if other is not passage]
    if passage.standing.text and find_twin(passage, others, options) is not None:
        return True
    for other in others:
        if other.id in passage.seen_beside or passage.id in other.seen_beside:
            continue
        if other.verdict is not None and continues(passage, other):
            return True
        unlike = passage.standing.readings and not similar(
            passage.standing.text, other.standing.text
        )
        if continues(other, passage) and not unlike:
            return True
    return False


def similar(a: str, b: str) -> bool:
    """Whether two texts may be readings of one plate: one error, or two in very long ones."""
    if min(len(a), len(b)) < _LONG:
        return a == b
    return edit_distance(a, b) <= (2 if min(len(a), len(b)) >= _VERY_LONG else 1)


def continues(later: Passage, earlier: Passage) -> bool:
    """Whether the one began where and when the other was lost."""
    gap = later.first_seen - earlier.last_seen
    if not 0 <= gap <= LONGEST_GAP:
        return False
    return plausible_move(earlier.quad, later.still.first_quad, gap)


def _still_near(later: Passage, earlier: Passage) -> bool:
    """Whether the one began close to where the other was lost, however long ago.

    A vehicle can have crossed the picture meanwhile; so can have the next one of its fleet come.
    """
    width = max(later.still.first_quad.width, earlier.quad.width)
    return math.dist(earlier.quad.center, later.still.first_quad.center) <= _CLOSE * width


def plausible_move(before: Quad, after: Quad, gap: float) -> bool:
    """Whether a plate can get from one place and size to another within `gap` seconds."""
    distance = math.dist(before.center, after.center)
    width = max(1.0, before.width, after.width)
    step = abs(math.log(max(1.0, after.width) / max(1.0, before.width)))
    reach = _NEAR + _SPEED * min(gap, _FARTHEST)
    return distance <= reach * width and step <= _SIZE_STEP + _SIZE_RATE * gap
