"""What voting over real tracks gains: plate crops of which several show one vehicle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lpr.evaluate.datasets import (
    PlatePicture,
    load_plates,
    read_image,
    require_pictures,
    require_some,
)
from lpr.evaluate.events import verdicts_of
from lpr.evaluate.report import Progress
from lpr.evaluate.text import matches_wildcard
from lpr.evaluate.track_report import TrackOutcome, TracksReport
from lpr.geometry import Quad
from lpr.protocols import Fuser, Recognizer, Rectifier
from lpr.types import Detection, PlateCrop, PlateEvent, Reading, Track, TrackState
from lpr.vote.voter import PlateVoter

_LOOK_SECONDS: Final = 1 / 6
"""Media seconds between two crops of a track: every fifth frame of a dash-cam at 30 a second."""
_SCORE: Final = 0.9
_APART: Final = 1.2
"""Crops do not tell where in the frame they were; each look is put so many widths beside the last,
so that none counts as a copy of another."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A crop, what it says, and what it says together with those before, None if nothing yet."""

    crop: PlateCrop
    reading: Reading
    fused: Reading | None


def evaluate_tracks(
    recognizer: Recognizer,
    rectifier: Rectifier,
    voter: Callable[[], PlateVoter],
    fuser: Callable[[], Fuser | None],
    data: Path,
    split: str = "val",
    *,
    sets: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> TracksReport:
    """Read every crop of each labelled track and let the voter decide.

    Args:
        recognizer: reads the crops.
        rectifier: cuts the plate out of its crop.
        voter: makes a voter, one for each track.
        fuser: makes a fuser, one for each track, or None to vote on single looks only.
        data: the data folder; its `plates` sets with a `track` in their labels are used.
        split: train, val or all.
        sets: names of plate sets; None is all.
        progress: is told how many crops are read.

    Raises:
        SourceError: labels or pictures are missing, or there are none to measure on.
    """
    pictures = [one for one in load_plates(data, split, sets) if one.track is not None]
    require_some(pictures, data / "plates", split)
    require_pictures(pictures)
    outcomes: list[TrackOutcome] = []
    done = 0
    tracks: dict[tuple[str, int | None], list[PlatePicture]] = {}
    for picture in pictures:
        tracks.setdefault((picture.set, picture.track), []).append(picture)
    for crops in tracks.values():
        looks = _looks(recognizer, rectifier, fuser(), crops)
        outcomes.append(_outcome(crops[0], looks, voter()))
        done += len(crops)
        if progress is not None:
            progress(done, len(pictures))
    return TracksReport(split, tuple(outcomes))


def surest_text(readings: Sequence[Reading]) -> str:
    """The text of the surest reading that has one, "" where none has.

    A look can be sure that there is nothing to read: no rule would answer that.
    """
    said = [reading for reading in readings if reading.text]
    return max(said, key=lambda one: one.confidence).text if said else ""


def majority(readings: Sequence[Reading]) -> str:
    """The text that most readings say, "" where none says any.

    Of texts that are said equally often it is the one with the surest reading: by their order a
    tie would be a matter of luck, and in short tracks most tracks are ties.
    """
    said = [reading for reading in readings if reading.text]
    times = Counter(reading.text for reading in said)
    best = max(said, key=lambda one: (times[one.text], one.confidence), default=None)
    return best.text if best else ""


def _looks(
    recognizer: Recognizer,
    rectifier: Rectifier,
    fuser: Fuser | None,
    pictures: Sequence[PlatePicture],
) -> list[_Look]:
    looks = []
    for picture in pictures:
        crop = rectifier.rectify(read_image(picture.path), picture.plate.shape)
        reading = _read(recognizer, crop)
        together = None if fuser is None else fuser.add(1, crop)
        fused = None if together is None else _read(recognizer, together)
        looks.append(_Look(crop, reading, fused))
    return looks


def _read(recognizer: Recognizer, crop: PlateCrop) -> Reading:
    return replace(recognizer.read([crop.image])[0], looks=crop.looks)


def _outcome(picture: PlatePicture, looks: Sequence[_Look], voter: PlateVoter) -> TrackOutcome:
    readings = [look.reading for look in looks]
    voted, said, probability = _vote(looks, voter)
    return TrackOutcome(
        set=picture.set,
        path=picture.path,
        place=picture.plate.shape,
        expected=picture.text,
        looks=tuple(matches_wildcard(one.text, picture.text) for one in readings),
        surest=surest_text(readings),
        majority=majority(readings),
        voted=voted,
        verdict=said,
        probability=probability,
    )


def _vote(looks: Sequence[_Look], voter: PlateVoter) -> tuple[str, str, float]:
    """The leading text at the end, the standing verdict or "", the leader's probability."""
    events: list[PlateEvent] = []
    for number, look in enumerate(looks):
        width = max(1.0, look.crop.quality.width)
        left, time = number * _APART * width, number * _LOOK_SECONDS
        quad = Quad.from_box(left, 0.0, left + width, 0.3 * width)
        track = Track(1, quad, TrackState.ACTIVE, 0.0, time, number + 1, Detection(quad, _SCORE, 1))
        for reading in (look.reading, look.fused):
            if reading is not None:
                voter.add(track, reading, frame_index=5 * number, time=time)
        events += voter.collect([track], frame_index=5 * number, time=time)
    events += voter.flush(time=len(looks) * _LOOK_SECONDS)
    verdicts = verdicts_of(events)
    why = voter.explain(1)
    voted, probability = ("", 0.0) if why is None else (why.text, why.probability)
    return voted, verdicts[-1].text if verdicts else "", probability
