"""What the same readings give without the vote: the best frame, and the majority of strings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bench.clips600.passages import PassageReadings
from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent
from lpr.vote.options import VoterOptions

LEAST_CONFIDENCE = 0.5
"""A reading below it is no answer."""
LONE_CONFIDENCE = VoterOptions().single_confidence
"""From here on a text that was read once is an answer of the majority, as it is of the engine."""


def best_frame(passage: PassageReadings) -> tuple[PlateEvent, ...]:
    """The surest reading with a text, if it reaches the least, and its departure.

    A look can be sure that there is nothing to read: that is no frame to answer from.
    """
    spoken = [n for n, reading in enumerate(passage.readings) if reading.text]
    best = max(spoken, key=lambda n: passage.readings[n].confidence, default=None)
    if best is None or passage.readings[best].confidence < LEAST_CONFIDENCE:
        return ()
    reading = passage.readings[best]
    return _told(passage, reading.text, reading.confidence, best)


def majority(passage: PassageReadings) -> tuple[PlateEvent, ...]:
    """The text read most often, of the looks that reach the least, and its departure.

    Of several such texts, the one with the surest look. One that was read once needs as sure a
    look as the engine's rule for a single look does.
    """
    sure = [
        n
        for n, reading in enumerate(passage.readings)
        if reading.text and reading.confidence >= LEAST_CONFIDENCE
    ]
    if not sure:
        return ()
    counts = Counter(passage.readings[n].text for n in sure)
    surest: dict[str, float] = {}
    for n in sure:
        reading = passage.readings[n]
        surest[reading.text] = max(reading.confidence, surest.get(reading.text, 0.0))
    text = max(counts, key=lambda one: (counts[one], surest[one]))
    count = counts[text]
    if count < 2 and surest[text] < LONE_CONFIDENCE:
        return ()
    last = max(n for n in sure if passage.readings[n].text == text)
    return _told(passage, text, surest[text] if count < 2 else count / len(sure), last)


def _told(
    passage: PassageReadings, text: str, confidence: float, number: int
) -> tuple[PlateEvent, ...]:
    """A verdict made at one reading; as the engine's, it stands until its plate is gone."""
    verdict = PlateEvent(
        kind=EventKind.CONFIRMED,
        camera="",
        track_id=passage.passage_id,
        text=text,
        raw_text=text,
        confidence=confidence,
        char_scores=(confidence,) * len(text),
        alternatives=(),
        region=None,
        readings=len(passage.readings),
        agreeing=sum(reading.text == text for reading in passage.readings),
        first_seen=passage.first_seen,
        time=passage.times[number],
        frame_index=passage.frames[number],
        quad=Quad.from_box(0.0, 0.0, 1.0, 1.0),
    )
    return verdict, replace(verdict, kind=EventKind.DEPARTED, time=passage.gone)
