"""The vocabulary: frozen records that cross the borders between modules.

Live objects (networks, trackers, open files) never do.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from lpr.geometry import Quad

Image = npt.NDArray[np.uint8]
"""HxWx3, uint8, BGR, C-contiguous unless a docstring says otherwise."""
Layout = Literal["nchw", "nhwc"]
"""Order of a network's input: one plane a colour, or the colours of each pixel side by side."""


def check_image(image: object) -> None:
    """Enforce the pixel contract.

    Raises:
        ValueError: not a non-empty HxWx3 uint8 array.
    """
    found = type(image).__name__
    if isinstance(image, np.ndarray):
        if image.dtype == np.uint8 and image.shape[2:] == (3,) and image.size > 0:
            return
        found = f"{image.dtype} {image.shape}"
    raise ValueError(f"a picture must be a non-empty HxWx3 uint8 BGR array, not {found}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one camera.

    Attributes:
        image: HxWx3 uint8 BGR, C-contiguous; made read-only here.
        index: number of the frame in its source, from 0, with gaps where frames were dropped.
        time: media time in seconds, finite, strictly rising within a source.
        camera: name of the camera or source.
    """

    image: Image
    index: int
    time: float
    camera: str = ""

    def __post_init__(self) -> None:
        """Enforce the contract of pixels and time.

        Raises:
            ValueError: not a non-empty HxWx3 uint8 array, or the time is not finite.
            TypeError: the index is no whole number, or the time no number.
        """
        check_image(self.image)
        # PyAV counts in fractions, numpy in numbers of its own; what is told later are plain ones.
        object.__setattr__(self, "index", operator.index(self.index))
        object.__setattr__(self, "time", float(self.time))
        if not math.isfinite(self.time):
            raise ValueError(f"a frame's time must be finite seconds, not {self.time}")
        contiguous = np.ascontiguousarray(self.image)
        view = contiguous.view()
        view.flags.writeable = False
        object.__setattr__(self, "image", view)


@dataclass(frozen=True, slots=True)
class Detection:
    """One plate found in one frame.

    Attributes:
        quad: the plate's corners, frame pixels.
        score: calibrated probability that this is a plate, 0 to 1.
        lines: rows of text, 1 or 2.
    """

    quad: Quad
    score: float
    lines: int = 1


@dataclass(frozen=True, slots=True)
class CharCandidates:
    """The candidates for one character place, best first; probabilities sum to at most 1."""

    chars: tuple[str, ...]
    probs: tuple[float, ...]


_CUT_EDGE: Final = 0.15
_CUT_EDGE_ROWS: Final = 0.05
_SHORT_ROW: Final = 5
_CUT_SHORT_ROW: Final = 0.5
"""Distances to the frame border, in plate heights, within which text may be missing. Beside the
text it is a character; above or below it a row of a two-line plate, of which the rest is short."""


@dataclass(frozen=True, slots=True)
class CropQuality:
    """How good one look at a plate was.

    Attributes:
        width: plate width in frame pixels.
        sharpness: 0 (blurred away) to 1 (crisp), independent of contrast.
        angle: how far the plate is turned from the camera's axis, radians, 0 to pi/2.
        contrast: spread of the grey levels between ink and ground, 0 to 1.
        edge: distance to the frame border before or behind the text, whichever is nearer, as a
            share of the plate's height, 0 where cut.
        exposure: middle between its dark and its bright grey levels, 0 (black) to 1 (white).
        edge_rows: the same distance to the border above or below the text.
    """

    width: float
    sharpness: float
    angle: float = 0.0
    contrast: float = 1.0
    edge: float = 1.0
    exposure: float = 0.5
    edge_rows: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PlateCrop:
    """One plate with its perspective undone.

    Attributes:
        image: HxWx3 uint8 BGR, the recognizer's input size.
        quality: how good the look was.
        quad: the corners it was cut by, picture pixels.
        looks: how many looks at the plate the picture is made of; the rest is of the best of them.
    """

    image: Image
    quality: CropQuality
    quad: Quad
    looks: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at a plate says.

    Attributes:
        text: best text: upper case, no separators, rows joined top row first; may be empty.
        char_scores: probability of each character of `text`, 0 to 1, same length.
        alternatives: for each character of `text` the candidates at its place, best first.
        confidence: calibrated probability that the whole text is right, 0 to 1.
        quality: how good the look was; None for pictures that are plates already.
        looks: how many looks at the plate the picture that was read is made of.
    """

    text: str
    char_scores: tuple[float, ...]
    alternatives: tuple[CharCandidates, ...]
    confidence: float
    quality: CropQuality | None = None
    looks: int = 1

    def __post_init__(self) -> None:
        """Check that the scores line up with the text.

        Raises:
            ValueError: they do not.
        """
        if not len(self.text) == len(self.char_scores) == len(self.alternatives):
            raise ValueError(
                f"scores do not line up with the {len(self.text)} characters of the text"
            )

    @property
    def may_be_cut(self) -> bool:
        """Whether the plate lies so near the frame's border that a part of its text may be missing.

        A detector that sees one row of a two-line plate may take it for a plate, a little away from
        the border that hides the other row.
        """
        quality = self.quality
        if quality is None:
            return False
        rows = _CUT_SHORT_ROW if len(self.text) <= _SHORT_ROW else _CUT_EDGE_ROWS
        return quality.edge < _CUT_EDGE or quality.edge_rows < rows


class TrackState(StrEnum):
    """Where a track is in its life."""

    TENTATIVE = "tentative"
    ACTIVE = "active"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Track:
    """A snapshot of one plate followed over time.

    Attributes:
        id: unique within one tracker, from 1.
        quad: where the plate is (measured, or predicted while lost), frame pixels.
        state: tentative, active, lost (unseen for now) or ended (reported once).
        first_seen: media seconds of the first detection.
        last_seen: media seconds of the latest detection.
        hits: number of detections.
        detection: the detection of this very frame; None where there was none.
    """

    id: int
    quad: Quad
    state: TrackState
    first_seen: float
    last_seen: float
    hits: int
    detection: Detection | None


class EventKind(StrEnum):
    """What an event says about its track."""

    CONFIRMED = "confirmed"
    REVISED = "revised"
    DEPARTED = "departed"
    UNREAD = "unread"


class UnreadReason(StrEnum):
    """Why a plate was seen but not read."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    VOTES_DISAGREE = "votes_disagree"
    BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True, slots=True)
class TextCandidate:
    """A whole text and the probability that it is right, 0 to 1."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class PlateEvent:
    """The public contract: what happened to one vehicle's plate. Its JSON form is `lpr.sinks.wire`.

    Attributes:
        kind: confirmed, revised, departed or unread. The last confirmed or revised event of a
            track is its verdict.
        camera: name of the camera or source.
        track_id: unique within the camera's engine.
        text: voted text; empty for unread.
        raw_text: the best single reading's text, before voting and format prior.
        confidence: calibrated probability that the whole text is right, 0 to 1.
        char_scores: voted probability of each character of `text`, 0 to 1.
        alternatives: the best whole texts with their probabilities, best first.
        region: ISO 3166 alpha-2 code of the plate's country, None where it cannot be told.
        readings: how many readings were voted on.
        agreeing: how many of them say exactly `text`.
        first_seen: media seconds of the track's first detection.
        time: media seconds at which the event was made.
        frame_index: frame of the best look.
        quad: the plate in that frame, pixels.
        reason: why the plate is unread; None for the other kinds.
    """

    kind: EventKind
    camera: str
    track_id: int
    text: str
    raw_text: str
    confidence: float
    char_scores: tuple[float, ...]
    alternatives: tuple[TextCandidate, ...]
    region: str | None
    readings: int
    agreeing: int
    first_seen: float
    time: float
    frame_index: int
    quad: Quad
    reason: UnreadReason | None = None


@dataclass(frozen=True, slots=True)
class TrackReading:
    """A reading and the track that it belongs to."""

    track_id: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class StageTimings:
    """Seconds spent in each stage of one frame."""

    detect: float = 0.0
    track: float = 0.0
    rectify: float = 0.0
    read: float = 0.0
    vote: float = 0.0

    @property
    def total(self) -> float:
        """Seconds over all stages."""
        return self.detect + self.track + self.rectify + self.read + self.vote


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Everything that one frame brought.

    Attributes:
        index: the frame's number.
        time: the frame's media time, seconds.
        detections: plates found in this frame.
        tracks: every living track, and those that ended with this frame.
        readings: readings made from this frame.
        fused: readings of pictures that are made of several looks, this frame's among them.
        events: events made with this frame.
        timings: seconds by stage.
    """

    index: int
    time: float
    detections: tuple[Detection, ...]
    tracks: tuple[Track, ...]
    readings: tuple[TrackReading, ...]
    events: tuple[PlateEvent, ...]
    timings: StageTimings
    fused: tuple[TrackReading, ...] = ()

    @property
    def of_frame(self) -> bool:
        """Whether a frame was worked on: what the end of a source brings is of none."""
        return self.timings.total > 0
