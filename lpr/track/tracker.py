"""Follows the plates of one camera.

The two rounds of association, sure detections first and doubtful ones only to continue a track,
are those of ByteTrack (Zhang et al., ECCV 2022); the rest is made for plates: small, alike, growing
as they come near, and seen at anything from 5 to 60 frames a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from lpr.geometry import box_iou
from lpr.track.assignment import assign
from lpr.track.association import may_have_jumped, pair_cost, within_reach
from lpr.track.motion import Measured, MotionModel, measure
from lpr.track.options import TrackerOptions
from lpr.track.shake import common_shift
from lpr.types import Detection, Track, TrackState

_SAME_PLATE_OVERLAP: Final = 0.3
_DOUBTFUL_WITHIN: Final = 1.0
_JUMP_WITHIN: Final = 0.3
_NEXT_FRAME: Final = 1.5
"""Frame intervals within which a plate that was seen once may be seen again."""
_UNREST_MEMORY: Final = 0.5


Sighting = tuple[Detection, Measured]
"""A detection of this frame and its measurement."""


class _Followed:
    """One plate's state while it is followed."""

    __slots__ = ("confirmed", "detection", "first_seen", "hits", "id", "last_seen", "model")

    def __init__(
        self, track_id: int, sighting: Sighting, time: float, options: TrackerOptions
    ) -> None:
        detection, measured = sighting
        self.id = track_id
        self.model = MotionModel(measured, options)
        self.first_seen = self.last_seen = time
        self.hits = 1
        self.detection: Detection | None = detection
        self.confirmed = options.min_hits == 1 or detection.score >= options.confirm_score

    def take(self, sighting: Sighting, time: float, *, stopped: bool, min_hits: int) -> None:
        detection, measured = sighting
        self.model.correct(measured, stopped=stopped)
        self.last_seen = time
        self.hits += 1
        self.detection = detection
        self.confirmed = self.confirmed or self.hits >= min_hits

    def snapshot(self, *, ended: bool = False) -> Track:
        if ended:
            state = TrackState.ENDED
        elif not self.confirmed:
            state = TrackState.TENTATIVE
        else:
            state = TrackState.LOST if self.detection is None else TrackState.ACTIVE
        seen = self.detection
        return Track(
            id=self.id,
            quad=self.model.quad if seen is None else seen.quad,
            state=state,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            hits=self.hits,
            detection=seen,
        )


class PlateTracker:
    """A `lpr.protocols.Tracker` for plates; one per camera.

    Args:
        options: settings.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self._options = options or TrackerOptions()
        self._followed: list[_Followed] = []
        self._next_id = 1
        self._time: float | None = None
        self._step = 0.0
        self._unrest = 0.0

    def reset(self) -> None:
        """Forget everything but which ids were given: no two tracks of a tracker share one."""
        self._followed = []
        self._time = None
        self._step = 0.0
        self._unrest = 0.0

    def update(self, detections: Sequence[Detection], *, time: float) -> tuple[Track, ...]:
        """Take one frame's detections at media second `time`.

        The order of the detections does not matter.

        Returns:
            Every living track, and once each track that ended now, by id.

        Raises:
            ValueError: `time` is not finite or earlier than before.
        """
        step = self._step = self._step_to(time)
        usable = [
            (one, measure(one.quad))
            for one in sorted(detections, key=_order)
            if one.score >= self._options.low_score
        ]
        for followed in self._followed:
            followed.detection = None
            followed.model.predict(step, unrest=self._unrest)
        self._feel_shake(usable, time - step)
        left = self._associate(usable, time)
        left = self._recover(left, time)
        self._learn_unrest(step)
        self._start(left, time)
        return self._report(time)

    def _step_to(self, time: float) -> float:
        if not math.isfinite(time) or (self._time is not None and time < self._time):
            raise ValueError(f"track: time must rise, not go from {self._time} to {time}")
        step = 0.0 if self._time is None else time - self._time
        self._time = time
        return step

    def _feel_shake(self, sightings: Sequence[Sighting], previous: float) -> None:
        seen = [one.model for one in self._followed if one.last_seen >= previous]
        dx, dy = common_shift(seen, [measured for _, measured in sightings])
        if dx or dy:
            for followed in self._followed:
                followed.model.shift(dx, dy)

    def _associate(self, sightings: Sequence[Sighting], time: float) -> list[Sighting]:
        """Give detections to tracks; returns the sure ones that are left."""
        high = self._options.high_score
        alive = [one for one in self._followed if time - one.last_seen <= self._patience(one)]
        sure = [one for one in sightings if one[0].score >= high]
        left = self._match(alive, sure, time)
        unseen = [
            one
            for one in alive
            if one.detection is None and time - one.last_seen <= _DOUBTFUL_WITHIN
        ]
        self._match(unseen, [one for one in sightings if one[0].score < high], time)
        return left

    def _recover(self, sightings: Sequence[Sighting], time: float) -> list[Sighting]:
        """Take a plate back that jumped out of its gate, where there is no doubt which it is.

        That is a track missed just now and a detection of the same size that have only each other.
        """
        lost = [
            one
            for one in self._followed
            if one.detection is None and 0 < time - one.last_seen <= _JUMP_WITHIN
        ]
        pairs = [
            (followed, sighting)
            for followed in lost
            for sighting in sightings
            if may_have_jumped(followed.model, sighting[1])
        ]
        left = list(sightings)
        for followed, sighting in pairs:
            rivals = sum(one is followed or other is sighting for one, other in pairs)
            if rivals == 1:
                followed.take(sighting, time, stopped=False, min_hits=self._options.min_hits)
                left.remove(sighting)
        return left

    def _learn_unrest(self, step: float) -> None:
        """How much the camera shakes: what surprises even the calmest plate, remembered a while.

        Half of a surprise is the expected place's own error; the rest falls on two axes.
        """
        surprises = [
            one.model.surprise
            for one in self._followed
            if one.detection is not None and one.hits > 2
        ]
        memory = math.exp(-step / _UNREST_MEMORY)
        fresh = min(surprises) / 4 if surprises else 0.0
        self._unrest = memory * self._unrest + (1 - memory) * fresh

    def _match(
        self, candidates: Sequence[_Followed], sightings: Sequence[Sighting], time: float
    ) -> list[Sighting]:
        if not candidates or not sightings:
            return list(sightings)
        costs: dict[tuple[int, int], float] = {}
        stops: dict[tuple[int, int], bool] = {}
        speed = self._options.max_speed
        places = [(*measured.center, measured.size) for _, measured in sightings]
        for i, followed in enumerate(candidates):
            unseen = time - followed.last_seen
            model = followed.model
            for j in within_reach(model, places, unseen=unseen, max_speed=speed):
                found = pair_cost(model, sightings[j][1], unseen=unseen, options=self._options)
                if found is not None:
                    costs[i, j], stops[i, j] = found
        chosen = assign(costs)
        for i, j in chosen.items():
            candidates[i].take(
                sightings[j], time, stopped=stops[i, j], min_hits=self._options.min_hits
            )
        taken = set(chosen.values())
        return [one for j, one in enumerate(sightings) if j not in taken]

    def _start(self, sightings: Iterable[Sighting], time: float) -> None:
        """Start a track for each detection that is not a second look at a followed plate."""
        for sighting in sorted(sightings, key=lambda one: (-one[0].score, _order(one[0]))):
            quad = sighting[0].quad
            seen = [one.detection for one in self._followed if one.detection is not None]
            if any(box_iou(quad, one.quad) > _SAME_PLATE_OVERLAP for one in seen):
                continue
            self._followed.append(_Followed(self._next_id, sighting, time, self._options))
            self._next_id += 1

    def _patience(self, followed: _Followed) -> float:
        options = self._options
        if followed.confirmed:
            return options.max_lost
        # At one frame a second the next frame would otherwise always come too late.
        return min(options.max_lost, max(options.max_lost_tentative, _NEXT_FRAME * self._step))

    def _report(self, time: float) -> tuple[Track, ...]:
        alive: list[_Followed] = []
        tracks: list[Track] = []
        for followed in self._followed:
            ended = time - followed.last_seen > self._patience(followed)
            tracks.append(followed.snapshot(ended=ended))
            if not ended:
                alive.append(followed)
        self._followed = alive
        return tuple(tracks)


def _order(detection: Detection) -> tuple[float, ...]:
    quad = detection.quad
    corners = (*quad.top_left, *quad.top_right, *quad.bottom_right, *quad.bottom_left)
    return (*corners, detection.score)
