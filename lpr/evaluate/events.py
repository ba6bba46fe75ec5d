"""Clips in, verdicts out: was there one right plate per vehicle, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr.evaluate.clip_report import (
    MISSED,
    NO_EVENT,
    RIGHT,
    WRONG,
    ClipOutcome,
    ClipsReport,
    PlateVerdict,
)
from lpr.evaluate.datasets import Clip, ClipPlate
from lpr.evaluate.report import Progress
from lpr.types import EventKind, PlateEvent
from lpr.vote.alignment import edit_distance

TOLERANCE_FRAMES = 10
"""Labels say between which frames a person can read a plate, give or take these."""
TOLERANCE_SECONDS = 0.5
MISREAD_SHARE = 0.5
"""A verdict that differs from a plate in at most this share of characters is a misreading of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an engine finally says about one track.

    Attributes:
        track_id: the track.
        text: text of its last confirmed or revised event.
        confidence: stated probability that the text is right.
        first_seen: media seconds of the track's first detection.
        time: media seconds at which `text` was first said and then stood.
        first_text: text of the track's first confirmed event.
        until: media seconds of the track's last event: its departure, where it departed.
    """

    track_id: int
    text: str
    confidence: float
    first_seen: float
    time: float
    first_text: str
    until: float


def verdicts_of(events: Sequence[PlateEvent]) -> tuple[Verdict, ...]:
    """The verdict of every track that has one, in the order of the first confirmed events."""
    said: dict[int, list[PlateEvent]] = {}
    until = {event.track_id: event.time for event in events}
    for event in events:
        if event.kind in (EventKind.CONFIRMED, EventKind.REVISED):
            said.setdefault(event.track_id, []).append(event)
    return tuple(_verdict(track, chain, until[track]) for track, chain in said.items())


def evaluate_clips(
    run: Callable[[Path], Sequence[PlateEvent]],
    clips: Sequence[Clip],
    *,
    progress: Progress | None = None,
) -> ClipsReport:
    """Run an engine over clips and compare its verdicts with the labels.

    Args:
        run: takes a clip's path, returns all its events in order.
        clips: labelled clips, for example of `load_clips`.
        progress: is told how many clips are done.
    """
    outcomes = []
    for number, clip in enumerate(clips, 1):
        outcomes.append(score_clip(clip, run(clip.path)))
        if progress is not None:
            progress(number, len(clips))
    return ClipsReport(tuple(outcomes))


def score_clip(clip: Clip, events: Sequence[PlateEvent]) -> ClipOutcome:
    """Compare one clip's events with its labels.

    A verdict is right where its text is a labelled plate's and its track's life overlaps the time
    in which that plate can be read. A further such verdict is a duplicate. Any other verdict is
    a misreading of the nearest overlapping plate, or false where there is none. Verdicts listed
    as uncertain in the labels count for nothing.
    """
    open_verdicts = [one for one in verdicts_of(events) if one.text not in clip.uncertain]
    rights: dict[int, list[Verdict]] = {number: [] for number in range(len(clip.plates))}
    misreads: dict[int, list[Verdict]] = {number: [] for number in range(len(clip.plates))}
    false: list[Verdict] = []
    for verdict in open_verdicts:
        near = [n for n, plate in enumerate(clip.plates) if _overlap(clip, plate, verdict)]
        exact = [n for n in near if clip.plates[n].text == verdict.text]
        if exact:
            # Two vehicles may bear one text: fill the plates that have no verdict yet.
            rights[min(exact, key=lambda n: len(rights[n]))].append(verdict)
            continue
        number = min(near, key=lambda n: _misread_rank(clip, n, verdict, rights), default=None)
        if number is not None and _similar(verdict.text, clip.plates[number].text):
            misreads[number].append(verdict)
        else:
            false.append(verdict)
    reasons = _reasons(clip, [n for n in rights if not rights[n] and not misreads[n]], events)
    return ClipOutcome(
        name=clip.path.name,
        tags=clip.tags,
        plates=tuple(
            _plate(clip, plate, rights[number], misreads[number], reasons.get(number, NO_EVENT))
            for number, plate in enumerate(clip.plates)
        ),
        false=tuple((one.text, one.confidence) for one in false),
        verdicts=tuple(
            (one.confidence, any(one in chain for chain in rights.values()))
            for one in open_verdicts
        ),
        unread=tuple(
            event.reason.value if event.reason else "no reason"
            for event in events
            if event.kind is EventKind.UNREAD
        ),
        early_wrong=sum(one.first_text != one.text for one in open_verdicts),
    )


def _verdict(track: int, chain: Sequence[PlateEvent], until: float) -> Verdict:
    last = chain[-1]
    stood = last.time
    for event in reversed(chain):
        if event.text != last.text:
            break
        stood = event.time
    return Verdict(track, last.text, last.confidence, last.first_seen, stood, chain[0].text, until)


def _window(clip: Clip, plate: ClipPlate) -> tuple[float, float]:
    slack = max(TOLERANCE_SECONDS, TOLERANCE_FRAMES / clip.fps)
    return plate.first_frame / clip.fps - slack, (plate.last_frame + 1) / clip.fps + slack


def _overlap(clip: Clip, plate: ClipPlate, verdict: Verdict) -> bool:
    start, end = _window(clip, plate)
    return verdict.first_seen <= end and verdict.until >= start


def _similar(text: str, label: str) -> bool:
    return edit_distance(text, label) <= MISREAD_SHARE * max(len(text), len(label))


def _misread_rank(
    clip: Clip, number: int, verdict: Verdict, rights: dict[int, list[Verdict]]
) -> tuple[int, int]:
    distance = edit_distance(verdict.text, clip.plates[number].text)
    return distance, len(rights[number])


def _plate(
    clip: Clip,
    plate: ClipPlate,
    rights: Sequence[Verdict],
    misreads: Sequence[Verdict],
    reason: str,
) -> PlateVerdict:
    start = plate.first_frame / clip.fps
    outcome = RIGHT if rights else WRONG if misreads else MISSED
    first = min(rights, key=lambda one: one.time, default=None)
    return PlateVerdict(
        text=plate.text,
        outcome=outcome,
        got=tuple(one.text for one in misreads),
        duplicates=max(0, len(rights) - 1) + (len(misreads) if rights else len(misreads[1:])),
        confidence=first.confidence if first else None,
        seconds=max(0.0, first.time - start) if first else None,
        reason=reason if outcome == MISSED else None,
    )


def _reasons(clip: Clip, missed: Sequence[int], events: Sequence[PlateEvent]) -> dict[int, str]:
    """Why each missed plate was not read, as far as there are unread events.

    Each event is of one vehicle: it explains one plate, the one whose time it shares longest.
    """
    unread = [event for event in events if event.kind is EventKind.UNREAD]
    pairs = []
    for number in missed:
        start, end = _window(clip, clip.plates[number])
        for place, event in enumerate(unread):
            shared = min(end, event.time) - max(start, event.first_seen)
            if shared >= 0:
                pairs.append((-shared, number, place))
    reasons: dict[int, str] = {}
    used: set[int] = set()
    for _, number, place in sorted(pairs):
        if number not in reasons and place not in used:
            used.add(place)
            reason = unread[place].reason
            reasons[number] = reason.value if reason else "no reason"
    return reasons
