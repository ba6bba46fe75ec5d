"""Verdicts that may heal without another look: a direction shows, room is made, hours begin."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from lpr.gate.decision import Reason
from lpr.gate.post import Post
from lpr.types import PlateEvent

_HEALING: Final = (
    Reason.DIRECTION_UNKNOWN,
    Reason.COOL_DOWN,
    Reason.STALE_EVIDENCE,
    Reason.NOT_RECORDED,
)
_CHANGING: Final = (
    Reason.NOT_LISTED,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.OUT_OF_SCHEDULE,
    Reason.PASS_USED_UP,
    Reason.AREA_FULL,
    Reason.RATE_LIMIT,
)
"""What the hour, another list, another vehicle's leaving or openings of long ago may change."""
_LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether it has."""
_MAX_WAITING: Final = 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """A verdict that is tried again while its plate is in view.

    Attributes:
        event: the verdict.
        reason: what it lacked.
        since: second that `wait_for` or `retry_for` counts from: the first try, or where the
            direction lacks, the last second in view.
        tried: second of the last try.
    """

    event: PlateEvent
    reason: Reason
    since: float
    tried: float

    @property
    def quiet(self) -> bool:
        """Whether nobody hears of another try before the rules would open."""
        return self.reason in _CHANGING


class WaitingRoom:
    """The waiting verdicts of a site, one per passage."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], Waiting] = {}

    def settle(
        self, event: PlateEvent, reason: Reason, *, time: float, before: Waiting | None
    ) -> None:
        """Take what was decided about an event at second `time`; keep it if it may heal.

        Args:
            event: the event.
            reason: the decision's reason.
            time: now.
            before: the verdict that was tried again; None for a first try.
        """
        self._waiting.pop((event.camera, event.track_id), None)
        if reason in _HEALING or reason in _CHANGING:
            waiting = Waiting(event, reason, time, time)
            # For a direction it is waited from now: it is in view.
            lacks_way = reason is Reason.DIRECTION_UNKNOWN
            if before is not None and before.quiet == waiting.quiet and not lacks_way:
                waiting = replace(waiting, since=before.since)
            self._waiting[event.camera, event.track_id] = waiting
            if len(self._waiting) > _MAX_WAITING:
                del self._waiting[next(iter(self._waiting))]

    def due(self, post: Post, in_view: AbstractSet[int], *, time: float) -> tuple[Waiting, ...]:
        """Return a camera's verdicts that may have healed; forget those that waited too long.

        A missing direction is waited for as long as the plate is in view, and `retry_for` longer.

        Args:
            post: the camera.
            in_view: passages whose plates were detected in this frame.
            time: now.
        """
        policy = post.gate.policy
        due: list[Waiting] = []
        for (camera, track_id), waiting in list(self._waiting.items()):
            if camera != post.camera.name:
                continue
            if time - waiting.since > (policy.wait_for if waiting.quiet else policy.retry_for):
                del self._waiting[camera, track_id]
            elif track_id in in_view:
                if self._healed(waiting, post, time):
                    self._waiting[camera, track_id] = replace(waiting, tried=time)
                    due.append(waiting)
                elif waiting.reason is Reason.DIRECTION_UNKNOWN:
                    # Who queues before the line shows no direction until it is crossed.
                    self._waiting[camera, track_id] = replace(waiting, since=time)
        return tuple(due)

    def camera_started(self, camera: str) -> None:
        """Forget the tracks of a camera that begins to count them anew."""
        for key in [one for one in self._waiting if one[0] == camera]:
            del self._waiting[key]

    def _healed(self, waiting: Waiting, post: Post, time: float) -> bool:
        if waiting.reason is Reason.DIRECTION_UNKNOWN:
            return post.direction(waiting.event.track_id) is not None
        if waiting.quiet:
            return time - waiting.tried >= _LOOK_EVERY
        return time - waiting.tried >= post.gate.policy.cool_down
