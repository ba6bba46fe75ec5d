"""Whether the wall clock can be believed: what expired must not open by a date that is wrong.

A board without a clock of its own begins in the past after every power cut, and any clock may be
set wrong. So a time that is behind the records, or behind what the clock showed before, keeps gates
shut. It may be that one that was wrong, and then no clock would ever be right: a time that has
lasted for a day, on the clock or in the records, is believed against all that is ahead of it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from lpr.gate.moment import Moment
from lpr.gate.policy import GatePolicy

_HOUR: Final = 3600.0
_DAY: Final = timedelta(days=1)
_FIRST_YEAR: Final = 2020
_PUT_RIGHT: Final = timedelta(hours=1)
"""By so much a clock may be set back for good, and behind the records when it starts."""
_GAP: Final = timedelta(days=90)
"""What is older was recorded under another time than the present one."""
_EVEN: Final = 60.0
"""Seconds by which the two clocks may part while the wall clock counts as running on."""
_SHOWN: Final = 60.0
"""Seconds for which a time runs on before one behind it is wrong: not what is put right at once."""


class WallClock:
    """Holds the wall clock against the records, and against the clock that only runs forward.

    Args:
        started: when the gate began.
    """

    def __init__(self, started: Moment) -> None:
        self._started = started
        self._last = started
        # (when, how far) the clocks disagreed; only what no later step outdoes.
        self._steps: deque[tuple[float, float]] = deque()
        self._latest = datetime.min.replace(tzinfo=UTC)
        # The first record behind the latest, and that behind a latest which proved wrong.
        self._since: datetime | None = None
        self._proved: datetime | None = None
        # Since then both clocks have run alike.
        self._even = started

    def recorded(self, now: datetime) -> None:
        """Take the wall clock of a record from before the start; oldest first.

        Args:
            now: wall clock, aware.
        """
        if not self._lasts(now):
            self._latest, self._since = max(self._latest, now), None

    def restored(self) -> None:
        """Hold the start against the records; call it once all were `recorded`."""
        self._lasts(self._started.now)

    def _lasts(self, now: datetime) -> bool:
        """Whether a time is behind the latest; where that lasts for a day, the latest was wrong."""
        if self._latest - now <= _PUT_RIGHT:
            return False
        if not _is_set(now):
            return True
        ran = None if self._since is None else now - self._since
        if ran is None or not timedelta() <= ran <= _GAP:
            self._since = now
        elif ran >= _DAY:
            self._latest, self._proved, self._since = now, self._since, None
        return True

    def seconds_ago(self, now: datetime) -> float:
        """Seconds from a record to the start, 0 or more; call it after `restored`.

        Args:
            now: the record's wall clock, aware.
        """
        # Where the clock begins in the past, the newest record is no older than a power cut.
        latest = max(self._started.now, self._latest)
        if self._proved is not None and now > latest:
            # Its date is wrong; it is older than what was recorded next.
            now = self._proved
        return max(0.0, (latest - now).total_seconds())

    def watch(self, moment: Moment) -> None:
        """Compare the two clocks with the last call; a jump keeps gates shut for a while.

        Threads may come with moments that are a little older than the last; that is no jump.
        """
        step = max(abs(_parted(self._last, moment)), self._last.time - moment.time)
        while self._steps and self._steps[-1][1] <= step:
            self._steps.pop()
        self._steps.append((moment.time, step))
        while moment.time - self._steps[0][0] > _HOUR:
            self._steps.popleft()
        self._last = moment
        parted = _parted(self._even, moment)
        if parted > _EVEN and self._latest - moment.now > _PUT_RIGHT:
            # The machine slept, or was set forward and is behind all the same.
            self._even = replace(self._even, now=self._even.now + timedelta(seconds=parted))
        elif abs(parted) > _EVEN:
            self._even = moment
        ran = moment.time - self._even.time
        if not _is_set(moment.now):
            return
        if ran >= _DAY.total_seconds():
            self._latest = moment.now
        elif ran >= _SHOWN:
            self._latest = max(self._latest, moment.now)

    def objection(self, policy: GatePolicy, moment: Moment) -> tuple[str, str] | None:
        """Return the rule that keeps a gate shut, and what to do; None where the time is right."""
        if not _is_set(moment.now):
            return "fail closed", f"the clock is not set: it shows the year {moment.now.year}"
        if self._latest - moment.now > _PUT_RIGHT:
            shown = f"{self._latest.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            remedy = "set it right, or stop the gate and move the log (`decisions`) away"
            detail = (
                f"the clock is behind {shown}, which it or the decision log has shown: {remedy}; "
                "a clock that has run on for a day is believed"
            )
            return "fail closed", detail
        jumps = [when for when, step in self._steps if step > policy.max_clock_jump]
        left = max(jumps, default=-math.inf) + policy.clock_settle - moment.time
        if left <= 0:
            return None
        return (
            "policy.clock_settle",
            f"a clock jumped; the gate stays shut for another {left:.0f} s",
        )


def _parted(before: Moment, after: Moment) -> float:
    """Seconds that the wall clock ran more than the clock that only runs forward."""
    return (after.now - before.now).total_seconds() - (after.time - before.time)


def _is_set(now: datetime) -> bool:
    """Whether somebody has set the clock: it shows no year before this library's."""
    return now.year >= _FIRST_YEAR
