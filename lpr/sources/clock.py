"""Presentation timestamps turned into strictly rising media seconds."""

from __future__ import annotations

import math

DEFAULT_STEP = 1 / 25
_LONG_STEP_BACK = 1.0
_NUDGE = 0.1
_SWAP = 3.0
"""Frames by which timestamps of frames in a wrong order may lie back, several in a row."""
_LONG_GAP = 3600.0
"""Seconds without a picture that one timestamp alone does not vouch for."""
_COARSE = 2.0
"""Seconds for which frames may share a timestamp: some are made of whole seconds."""


class MediaClock:
    """Media time of a recording: seconds since its first frame.

    A missing timestamp continues at the nominal rate. A small step back (a duplicate, a swap) is
    nudged forward by a tenth of a frame and forgotten; a long one, or one that stays for a second
    frame (a joined or wrapped stream), moves the origin, so that time goes on from where it was.
    Timestamps that stand still for two seconds' worth of frames count as missing from then on, as
    does one alone that lies more than an hour ahead.

    Args:
        step: nominal seconds between two frames.
    """

    def __init__(self, step: float | None = None) -> None:
        self.step = step if step and math.isfinite(step) and step > 0 else DEFAULT_STEP
        self.repaired = 0
        self._origin: float | None = None
        self._last: float | None = None
        self._late = False
        self._previous: float | None = None
        self._repeats = 0
        self._far = False

    def time(self, pts: float | None) -> float:
        """Return the media time of the next frame.

        Args:
            pts: the frame's presentation time in seconds from any origin, None where missing.
        """
        if pts is not None and not math.isfinite(pts):
            pts = None
        if self._last is None:
            self._origin = self._previous = pts
            self._last = 0.0
            return 0.0
        if pts is None or self._is_useless(pts, self._last):
            # A bare stream has no timestamps at all, and lacks none.
            self.repaired += self._origin is not None
            self._last += self.step
            return self._last
        if self._repeats:
            self.repaired += 1
            self._last += _NUDGE * self.step
            return self._last
        if self._origin is None:
            self._origin = pts - self._last - self.step
        now = pts - self._origin
        back, late = self._last - now, self._late
        self._late = back >= 0
        if self._late:
            self.repaired += 1
            if back > (_SWAP * self.step if late else _LONG_STEP_BACK):
                now = self._last + self.step
                self._origin, self._late = pts - now, False
            else:
                now = self._last + _NUDGE * self.step
        self._last = now
        return now

    def _is_useless(self, pts: float, last: float) -> bool:
        """Whether a timestamp stands still, or lies alone in a far future."""
        before, self._previous = self._previous, pts
        self._repeats = self._repeats + 1 if pts == before else 0
        if self._repeats:
            return self._repeats * self.step > _COARSE
        ahead = 0.0 if self._origin is None else pts - self._origin - last
        # Of pictures that are hours apart each lies far ahead of the one before.
        again, self._far = self._far, before is not None and pts - before > _LONG_GAP
        confirmed = before is not None and (abs(pts - before) <= _LONG_GAP or (again and self._far))
        return ahead > _LONG_GAP and not confirmed


class LiveClock:
    """Time of a live camera: its timestamps, mapped to the wall clock once, at the first frame.

    The distance between frames is the camera's, free of network jitter. Arrival times only catch
    what a camera's clock cannot: a new connection, a jump of its timestamps, a first frame that was
    late, and slow drift, which is taken out at one part in a thousand so that no step is seen.
    Frames whose timestamps stand still get their arrival times. So does the rest of a connection
    whose timestamps did that, or were late for good, twice in five minutes, or run away.

    Args:
        max_jump: seconds by which a step of the timestamps may be longer than the step of arrivals,
            or frames may be late or early for good, before it is called a jump.
    """

    drift_allowed = 0.5
    late_allowed = 5.0
    drift_rate = 0.001
    still_allowed = 0.5
    faults_apart = 300.0

    def __init__(self, *, max_jump: float = 3.0) -> None:
        self.jumps = 0
        self._max_jump = max_jump
        self._wall_offset: float | None = None
        self._anchor: tuple[float, float] | None = None
        self._previous: tuple[float, float] | None = None
        self._late_since: float | None = None
        self._early: tuple[float, float, bool] | None = None
        self._moved: tuple[float, float] | None = None
        self._fault_at: float | None = None
        self._useless = False
        self._last = -math.inf

    @property
    def offset(self) -> float | None:
        """Unix time less the time of the clock that never steps; None before the first frame."""
        return self._wall_offset

    def restart(self) -> None:
        """Begin a new connection: its timestamps have a new origin."""
        self._forget()
        self._moved = self._fault_at = None
        self._useless = False

    def time(self, pts: float | None, *, arrival: float, wall: float) -> float:
        """Return the next frame's Unix time, strictly rising.

        Args:
            pts: the frame's presentation time in seconds from any origin, None where missing.
            arrival: when the frame came in, seconds of a clock that never steps.
            wall: the wall clock's Unix time at that moment; only the first is used.
        """
        if self._wall_offset is None:
            self._wall_offset = wall - arrival
        now = self._media(pts, arrival) + self._wall_offset
        if now <= self._last:
            now = self._last + 0.001
        self._last = now
        return now

    def _media(self, pts: float | None, arrival: float) -> float:
        if self._useless or pts is None or not math.isfinite(pts) or self._still(pts, arrival):
            self._forget()
            return arrival
        if self._anchor is None or self._previous is None:
            self._anchor = (pts, arrival)
        elif self._jumped(pts, arrival):
            self.jumps += 1
            if self._late_since is not None:
                self._fault(arrival)
            self._anchor = (pts, arrival)
            self._late_since = self._early = None
        else:
            self._slew(pts, arrival)
        self._previous = (pts, arrival)
        return self._anchor[1] + (pts - self._anchor[0])

    def _forget(self) -> None:
        self._anchor = self._previous = self._late_since = self._early = None

    def _still(self, pts: float, arrival: float) -> bool:
        """Whether frames have come for a while, all with this timestamp."""
        if self._moved is None or pts != self._moved[0]:
            self._moved = (pts, arrival)
        still = arrival - self._moved[1] > self.still_allowed
        if still and self._anchor is not None:
            self.jumps += 1
            self._fault(arrival)
        return still

    def _fault(self, arrival: float) -> None:
        """Note that the timestamps do not keep time; the second one soon after is enough."""
        soon = self._fault_at is not None and arrival - self._fault_at < self.faults_apart
        self._useless = self._useless or soon
        self._fault_at = arrival

    def _jumped(self, pts: float, arrival: float) -> bool:
        """Whether the timestamps broke; a network that stalls and catches up breaks nothing."""
        assert self._anchor is not None
        assert self._previous is not None
        step, waited = pts - self._previous[0], arrival - self._previous[1]
        if step < 0 or step - waited > self._max_jump:
            return True
        late = arrival - (self._anchor[1] + pts - self._anchor[0])
        if late <= self._max_jump:
            self._late_since = None
            return self._runs_away(-late, arrival)
        if self._late_since is None:
            self._late_since = arrival
        return arrival - self._late_since > self.late_allowed

    def _runs_away(self, early: float, arrival: float) -> bool:
        """Whether frames come ever earlier: a burst is over soon, what is too fast for `_slew` not.

        The timestamps of such a connection keep no time.
        """
        if early <= self._max_jump:
            self._early = None
            return False
        if self._early is None:
            self._early = (arrival, early, False)
        since, before, grew = self._early
        if arrival - since <= self.late_allowed:
            return False
        grows = early > before
        self._early = (arrival, early, grows)
        self._useless = grows and grew
        return self._useless

    def _slew(self, pts: float, arrival: float) -> None:
        """Follow the fastest frames: none comes before it was taken, most come a little later.

        This shrinks no step to less than half, so that speeds stay believable.
        """
        assert self._anchor is not None
        assert self._previous is not None
        error = arrival - (self._anchor[1] + pts - self._anchor[0])
        step = max(0.0, pts - self._previous[0])
        if error < 0:
            shift = max(error, -0.5 * step)
        elif error > self.drift_allowed:
            shift = min(error, self.drift_rate * step)
        else:
            return
        self._anchor = (self._anchor[0], self._anchor[1] + shift)
