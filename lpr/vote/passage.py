"""One vehicle's passage: its ballot, what was seen of it, and what was said about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from lpr.geometry import Point, Quad
from lpr.types import Reading, Track
from lpr.vote.alignment import have_little_in_common
from lpr.vote.ballot import Ballot, Standing, make_vote
from lpr.vote.options import VoterOptions
from lpr.vote.prior import TextScorer
from lpr.vote.scene import SceneMotion, Stillness
from lpr.vote.weights import (
    LookMemory,
    effective_width,
    look_weight,
    quality_weight,
    size_weight,
)

_APART: Final = 0.5
_SAME_PLACE: Final = 0.2
_SAME_SIZE: Final = 0.08
_COMES_IN: Final = 0.15
"""Share of its height by which a plate at the picture's border moves before it is read again."""
_JITTER: Final = 2.0
"""Pixels by which a plate that stands still may seem to move."""
_HIDDEN: Final = 0.5
"""Seconds out of sight after which another plate may have taken a plate's place."""
_HIDDEN_BETWEEN: Final = 1.5
"""The same where no frame came in between: a parked car is looked at twice a second or so."""
_JUMP: Final = 1.5
_SHRINK: Final = 1.3
_CONTESTING: Final = 0.75
_TO_TELL_ANOTHER: Final = 3
_LONGEST_DOUBT: Final = 3.0
"""Seconds after which a plate that stays illegible is no longer read for it."""
SLIP_CONFIDENCE: Final = 0.5
"""Least confidence of a reading that speaks for another vehicle on the track."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was last said about a plate.

    Attributes:
        text: the voted text.
        rule: the rule that allowed it.
        time: media seconds.
        probability: that the text is right, as it was said, 0 to 1.
        sure: whether it was as sure then as whoever asked for more (`sure_probability`) needs.
    """

    text: str
    rule: str
    time: float
    probability: float
    sure: bool


@dataclass(slots=True)
class Looks:
    """What was seen of a plate, whether read or not.

    Attributes:
        hits: detections.
        score_sum: sum of the detector's scores.
        best_width: greatest effective width, pixels.
        best_sharpness: greatest sharpness of the crops read, 0 to 1.
        best_read_width: greatest effective width that was read, pixels.
        attempts: readings, empty ones included.
        repeats: latest readings in a row that were made from one place.
        last_read: media seconds of the latest reading, None before any.
        place: where the plate was when the present run of repeats began, frame pixels.
        best_attempt: weight, frame number and place of the best look, whatever it said.
        cut_place: where the plate was at the latest reading if the picture's border may have cut
            it there, frame pixels; None if not.
    """

    hits: int = 0
    score_sum: float = 0.0
    best_width: float = 0.0
    best_sharpness: float = 0.0
    best_read_width: float = 0.0
    attempts: int = 0
    repeats: int = 0
    last_read: float | None = None
    place: Quad | None = None
    best_attempt: tuple[float, int, Quad] | None = None
    cut_place: Quad | None = None

    def comes_in(self, quad: Quad) -> bool:
        """Whether a plate that the picture's border may cut moves: it may be whole soon."""
        last = self.cut_place
        return last is not None and math.dist(quad.center, last.center) > max(
            _JITTER, _COMES_IN * quad.height
        )

    def at_same_place(self, quad: Quad) -> bool:
        """Whether a plate has not moved nor grown since a run of repeats began."""
        last = self.place
        if last is None:
            return False
        width = max(1.0, quad.width)
        return (
            math.dist(quad.center, last.center) < _SAME_PLACE * width
            and abs(math.log(width / max(1.0, last.width))) < _SAME_SIZE
        )

    def attempt(self, quad: Quad, width: float, quality: float, frame: int, time: float) -> None:
        """A reading was made, whatever it said."""
        self.attempts += 1
        self.last_read = time
        if self.at_same_place(quad):
            self.repeats += 1
        else:
            self.repeats, self.place = 0, quad
        self.best_read_width = max(self.best_read_width, width)
        if self.best_attempt is None or quality > self.best_attempt[0]:
            self.best_attempt = (quality, frame, quad)


@dataclass(slots=True, eq=False)
class Passage:
    """One vehicle's passage through the picture, over one track or several pieces.

    Attributes:
        id: track id that its events carry.
        ballot: its readings.
        memory: its looks.
        still: whether it ever moved.
        quad: where it was last seen, frame pixels.
        frame_index: number of the frame in which it was last seen.
        center: its centre.
        width: its width, at least 1.
        first_seen: media seconds.
        last_seen: media seconds.
        looks: what was seen of it.
        living: ids of its tracks that have not ended.
        members: ids of all its tracks.
        visible: whether it was seen in the latest frame.
        missed: whether it was looked for in vain since it was last seen.
        seen_beside: ids of passages seen in one frame with it, elsewhere.
        first_legible: media seconds of the first legible reading.
        verdict: the standing verdict.
        silent: what it would have said, had it not been reported already.
        ended_at: media seconds at which its last track ended.
        changed: whether readings came since it was last judged.
        surest: the highest probability that the text of its verdict has had, 0 to 1.
        contested: whether the latest legible reading of a large look does not say the verdict,
            told or silent, or a later one of any size surely says something that has little in
            common with it.
        doubted: legible readings still wanted since it was hidden or jumped: it may be another
            plate.
        doubted_since: media seconds at which it was last hidden or jumped.
    """

    id: int
    ballot: Ballot
    memory: LookMemory
    still: Stillness
    quad: Quad
    frame_index: int
    center: Point
    width: float
    first_seen: float
    last_seen: float
    looks: Looks = field(default_factory=Looks)
    living: set[int] = field(default_factory=set)
    members: set[int] = field(default_factory=set)
    visible: bool = False
    missed: bool = False
    seen_beside: set[int] = field(default_factory=set)
    first_legible: float | None = None
    verdict: Verdict | None = None
    silent: Verdict | None = None
    ended_at: float | None = None
    changed: bool = False
    surest: float = 0.0
    contested: bool = False
    doubted: int = 0
    doubted_since: float = math.inf

    @classmethod
    def begin(
        cls,
        track: Track,
        scene: SceneMotion,
        scorer: TextScorer,
        options: VoterOptions,
        *,
        first_seen: float,
        number: int | None = None,
    ) -> Passage:
        """A passage that starts with a track, and has its number unless another one is given."""
        return cls(
            id=track.id if number is None else number,
            ballot=Ballot(options, scorer),
            memory=LookMemory(options),
            still=Stillness(track.quad, first_seen, scene),
            quad=track.quad,
            frame_index=0,
            center=track.quad.center,
            width=max(1.0, track.quad.width),
            first_seen=first_seen,
            last_seen=track.last_seen,
            living={track.id},
            members={track.id},
        )

    @property
    def standing(self) -> Standing:
        """Where its ballot stands."""
        return self.ballot.standing()

    @property
    def said(self) -> Verdict | None:
        """What was said of it, by itself or, where it is silent, by another passage."""
        return self.verdict or self.silent

    @property
    def mean_score(self) -> float:
        """Mean score of its detections."""
        return self.looks.score_sum / self.looks.hits if self.looks.hits else 0.0

    def observe(self, track: Track, frame_index: int, time: float) -> None:
        """Take this frame's snapshot of one of its living tracks."""
        detection = track.detection
        if detection is None:
            return
        self.visible = True
        quad, looks = detection.quad, self.looks
        center, width = quad.center, max(1.0, quad.width)
        if looks.hits and self._jumped(center, width, track.last_seen - self.last_seen):
            self.doubted, self.doubted_since = _TO_TELL_ANOTHER, time
        elif time > self.doubted_since + _LONGEST_DOUBT:
            self.doubted = 0
        self.missed = False
        self.quad, self.center, self.width = quad, center, width
        self.frame_index = frame_index
        self.last_seen = max(self.last_seen, track.last_seen)
        self.still.update(center, width, quad.angle, time)
        looks.hits += 1
        looks.score_sum += detection.score
        looks.best_width = max(looks.best_width, effective_width(width, detection.lines))

    def lose(self, track_id: int, time: float) -> None:
        """One of its tracks has ended."""
        self.living.discard(track_id)
        if not self.living:
            self.ended_at = time
        self.changed = True

    def read(
        self,
        track: Track,
        reading: Reading,
        *,
        frame_index: int,
        time: float,
        options: VoterOptions,
    ) -> None:
        """Take one reading, of one look or of several together."""
        detection = track.detection
        score, lines = (1.0, 1) if detection is None else (detection.score, detection.lines)
        quad = track.quad if detection is None else detection.quad
        quality = quality_weight(reading.quality, score=score, lines=lines, options=options)
        size = size_weight(reading.quality, lines, options)
        cast = partial(
            make_vote,
            reading,
            options=options,
            quality=quality,
            size=size,
            frame_index=frame_index,
            time=time,
            quad=quad,
        )
        if reading.looks > 1:
            # While it may be another plate, the looks may not all be of one.
            if not self.doubted:
                weight = options.fused_weight * look_weight(reading, quality, size, options)
                # The mean of copies knows no more than they do.
                news = min(1.0, self.memory.news / reading.looks)
                self.ballot.fuse(cast(weight=weight * news))
                self.changed = True
            return
        looks = self.looks
        looks.attempt(quad, effective_width(quad.width, lines), quality, frame_index, time)
        looks.cut_place = quad if reading.may_be_cut else None
        if reading.quality is not None:
            looks.best_sharpness = max(looks.best_sharpness, reading.quality.sharpness)
        if not reading.text:
            return
        doubted = self.doubted > 0
        if reading.confidence >= SLIP_CONFIDENCE:
            self.doubted = max(0, self.doubted - 1)
        self.ballot.add(cast(weight=self.memory.weigh(reading, quad, quality, size)))
        self.changed = True
        legible = (
            reading.confidence >= options.legible_confidence
            and len(reading.text) >= options.min_length
        )
        if legible and self.first_legible is None:
            self.first_legible = time
        said = self.said
        if not legible or said is None:
            return
        other = reading.text != said.text
        if not other:
            self.doubted = 0
        # Far looks of a plate that leaves contradict a verdict made near, and mean nothing, unless
        # they say something else altogether.
        large = effective_width(quad.width, lines) >= _CONTESTING * looks.best_read_width
        sure = doubted or reading.confidence >= SLIP_CONFIDENCE
        unlike = sure and have_little_in_common(reading.text, said.text)
        if large or doubted or not other or unlike:
            self.contested = other

    def absorb(self, other: Passage) -> None:
        """Take over another passage that proved to be the same vehicle."""
        self.ballot.absorb(other.ballot.votes)
        if other.ballot.fused is not None:
            self.ballot.fuse(other.ballot.fused)
        self.memory.absorb(other.memory)
        self.living |= other.living
        self.members |= other.members
        self.seen_beside |= other.seen_beside
        self.visible = self.visible or other.visible
        if other.last_seen >= self.last_seen:
            self.last_seen = other.last_seen
            self.quad, self.center, self.width = other.quad, other.center, other.width
            self.frame_index = other.frame_index
        if self.verdict is None:  # what was told about keeps the beginning that was told
            self.first_seen = min(self.first_seen, other.first_seen)
        legible = [t for t in (self.first_legible, other.first_legible) if t is not None]
        self.first_legible = min(legible, default=None)
        self.looks = _joined(self.looks, other.looks)
        if self.living:
            self.ended_at = None
        self.changed = True

    def _jumped(self, center: Point, width: float, gap: float) -> bool:
        hidden = gap > (_HIDDEN if self.missed else _HIDDEN_BETWEEN)
        return (
            hidden
            or math.dist(center, self.center) > _JUMP * max(width, self.width)
            or width * _SHRINK < self.width
        )


def apart(one: Quad, other: Quad) -> bool:
    """Whether two plates of one frame lie at different places."""
    narrower = max(1.0, min(one.width, other.width))
    return math.dist(one.center, other.center) > _APART * narrower


def _joined(a: Looks, b: Looks) -> Looks:
    late = b if (b.last_read or 0.0) >= (a.last_read or 0.0) else a
    attempts = [one.best_attempt for one in (a, b) if one.best_attempt is not None]
    return Looks(
        hits=a.hits + b.hits,
        score_sum=a.score_sum + b.score_sum,
        best_width=max(a.best_width, b.best_width),
        best_sharpness=max(a.best_sharpness, b.best_sharpness),
        best_read_width=max(a.best_read_width, b.best_read_width),
        attempts=a.attempts + b.attempts,
        repeats=late.repeats,
        last_read=late.last_read,
        place=late.place,
        best_attempt=max(attempts, key=lambda attempt: attempt[0], default=None),
    )
