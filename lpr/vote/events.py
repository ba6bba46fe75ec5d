"""What a passage says to the outside."""

from __future__ import annotations

from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent, UnreadReason
from lpr.vote.passage import Passage


def make_event(
    kind: EventKind,
    passage: Passage,
    *,
    camera: str,
    time: float,
    reason: UnreadReason | None = None,
) -> PlateEvent:
    """Turn a passage's present state into an event.

    The frame and the quad are those of the best look that says the voted text, so that the picture
    kept as evidence shows what the event says; without such a look, of the best look of all; of a
    plate that was never read, of the last time it was seen.

    Args:
        kind: what happened.
        passage: to whom.
        camera: name of the camera.
        time: now, media seconds.
        reason: why the plate is unread.
    """
    best, verdict = passage.ballot.best_look, passage.verdict
    ballot = passage.ballot
    tally = ballot.tally() if verdict is None else ballot.tally_of(verdict.text)
    unread = kind is EventKind.UNREAD
    frame_index, quad = _evidence(passage, tally.text)
    return PlateEvent(
        kind=kind,
        camera=camera,
        track_id=passage.id,
        text="" if unread else tally.text,
        raw_text="" if best is None else best.reading.text,
        confidence=tally.probability,
        char_scores=() if unread else tally.char_scores,
        alternatives=tally.alternatives,
        region=None if unread else tally.region,
        readings=tally.readings,
        agreeing=tally.agreeing,
        first_seen=passage.first_seen,
        time=time,
        frame_index=frame_index,
        quad=quad,
        reason=reason,
    )


def _evidence(passage: Passage, text: str) -> tuple[int, Quad]:
    look = passage.ballot.best_agreeing(text) or passage.ballot.best_look
    if look is not None:
        return look.frame_index, look.quad
    if passage.looks.best_attempt is not None:
        return passage.looks.best_attempt[1:]
    return passage.frame_index, passage.quad
