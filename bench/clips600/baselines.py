"""What the same readings give without the vote: the best frame, and the majority of strings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent, Reading

LEAST_CONFIDENCE = 0.5
"""A reading below it is no answer."""


@dataclass(slots=True)
class TrackReadings:
    """Every reading of one track."""

    track_id: int
    readings: list[Reading] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)

    def add(self, reading: Reading, time: float, frame: int) -> None:
        """Take one reading, made at a media second in a frame."""
        self.readings.append(reading)
        self.times.append(time)
        self.frames.append(frame)


def best_frame(track: TrackReadings) -> tuple[PlateEvent, ...]:
    """The reading of the highest confidence alone, if it reaches the least, and its departure."""
    best = max(range(len(track.readings)), key=lambda n: track.readings[n].confidence)
    reading = track.readings[best]
    if reading.confidence < LEAST_CONFIDENCE or not reading.text:
        return ()
    return _told(track, reading.text, reading.confidence, best)


def majority(track: TrackReadings) -> tuple[PlateEvent, ...]:
    """The text read most often, by at least two looks that reach the least, and its departure.

    Of several such texts, the first.
    """
    sure = [
        n
        for n, reading in enumerate(track.readings)
        if reading.text and reading.confidence >= LEAST_CONFIDENCE
    ]
    if not sure:
        return ()
    (text, count), *_ = Counter(track.readings[n].text for n in sure).most_common(1)
    if count < 2:
        return ()
    last = max(n for n in sure if track.readings[n].text == text)
    return _told(track, text, count / len(sure), last)


def _told(
    track: TrackReadings, text: str, confidence: float, number: int
) -> tuple[PlateEvent, ...]:
    """A verdict made at one reading; as the engine's, it stands until the track's last one."""
    verdict = PlateEvent(
        kind=EventKind.CONFIRMED,
        camera="",
        track_id=track.track_id,
        text=text,
        raw_text=text,
        confidence=confidence,
        char_scores=(confidence,) * len(text),
        alternatives=(),
        region=None,
        readings=len(track.readings),
        agreeing=sum(reading.text == text for reading in track.readings),
        first_seen=track.times[0],
        time=track.times[number],
        frame_index=track.frames[number],
        quad=Quad.from_box(0.0, 0.0, 1.0, 1.0),
    )
    return verdict, replace(verdict, kind=EventKind.DEPARTED, time=track.times[-1])
