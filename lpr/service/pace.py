"""How often a still picture is looked at: a living track is never left alone."""

from __future__ import annotations

from typing import Final

from lpr.types import FrameResult, TrackState

PARKED_EVERY: Final = 0.4
_NEW_FOR: Final = 6.0


class Pace:
    """Says after each frame how long a picture in which nothing moves may be left unseen.

    Nothing followed: `look_every`. A track is followed: every picture for some seconds from its
    beginning; then, should it stand still, about two looks a second, which keep it alive: a
    tracker ends a track only after longer. Motion always brings every picture.

    Args:
        look_every: seconds between two looks while nothing is followed.
    """

    def __init__(self, look_every: float) -> None:
        self._look_every = look_every

    def after(self, result: FrameResult) -> float:
        """Return the seconds between two pictures from now on; 0 wants every one."""
        begun = [track.first_seen for track in result.tracks if track.state is not TrackState.ENDED]
        if not begun:
            return self._look_every
        return PARKED_EVERY if result.time - max(begun) > _NEW_FOR else 0.0
