"""Two clocks at one instant: one that only runs forward, and one that knows the date."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

from lpr.errors import GateError
from lpr.gate.schedule import check_aware


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant.

    Attributes:
        time: seconds of a clock that only runs forward, of any origin; spans are measured with it.
        now: the wall clock, aware, kept in UTC; schedules are judged by it.
    """

    time: float
    now: datetime

    def __post_init__(self) -> None:
        """Check both clocks, and turn the wall clock to UTC.

        Differences of two moments of one local zone would leave out its changes to summer time.

        Raises:
            GateError: the time is not finite, or the wall clock has no time zone.
        """
        if not math.isfinite(self.time):
            raise GateError("the time is not finite")
        check_aware(self.now)
        object.__setattr__(self, "now", self.now.astimezone(UTC))

    def later(self, seconds: float) -> Moment:
        """The instant that many seconds later on both clocks."""
        return Moment(self.time + seconds, self.now + timedelta(seconds=seconds))


def system_moment() -> Moment:
    """Read the computer's clocks: the one place of the gate that does."""
    return Moment(monotonic(), datetime.now(UTC))
