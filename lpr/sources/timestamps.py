"""The presentation times of a recording's frames, also where its container has none."""

from __future__ import annotations

import av

from lpr.sources.decode import seconds

_WITHOUT = frozenset({"avi"})
"""Containers that store when a frame is decoded, not when it is shown."""


class Timestamps:
    """Takes each frame's presentation time, or its decoding time where that is the sounder one.

    Where a container has no presentation times, FFmpeg makes them up, and those of B-frames may
    come out swapped. Frames leave the decoder in the order of presentation, so the time at which
    each was decoded rises. As with FFmpeg's best-effort timestamp, the kind that went back less
    often is believed, the presentation time where both did as often.

    Args:
        container: FFmpeg's name of the format.
    """

    def __init__(self, container: str) -> None:
        self._pts_faults, self._dts_faults = int(container in _WITHOUT), 0
        self._last_pts: int | None = None
        self._last_dts: int | None = None
        self._last: int | None = None

    def of(self, frame: av.VideoFrame) -> float | None:
        """Return the next frame's time in seconds from any origin, None where it is missing."""
        pts, dts = frame.pts, frame.dts
        if pts is not None:
            self._pts_faults += self._last_pts is not None and pts < self._last_pts
            self._last_pts = pts
        if dts is not None:
            self._dts_faults += self._last_dts is not None and dts <= self._last_dts
            self._last_dts = dts
        if self._pts_faults > self._dts_faults:
            pts = dts if dts is not None else self._following(frame, pts)
        self._last = pts
        return seconds(pts, frame.time_base)

    def _following(self, frame: av.VideoFrame, pts: int | None) -> int | None:
        """The decoder's last frames come when there is nothing more to decode: each after one."""
        if self._last is None or not frame.duration:
            return pts
        return self._last + frame.duration
