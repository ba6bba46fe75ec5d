"""When a live picture is worth a look although nothing moves in it."""

from __future__ import annotations

from lpr.sources.motion import Luma, MotionMeter
from lpr.sources.options import MotionOptions


class Attention:
    """Decides which pictures of a camera are handed over while its owner is idle.

    Pictures are wanted while something moves, for a while after, and once in `still_every` seconds
    whatever happens.

    Args:
        options: what counts as motion, and the times.

    Attributes:
        still_every: seconds between two pictures while nothing moves; 0 wants all of them.
    """

    def __init__(self, options: MotionOptions) -> None:
        self._options = options
        self._meter = MotionMeter(options)
        self._active_until = -float("inf")
        self._looked = -float("inf")
        self.still_every = 0.0

    def wants(self, luma: Luma | None, *, time: float) -> bool:
        """Take the next picture; whether its owner should see it.

        Args:
            luma: its brightness, HxW; None where it is not to be had.
            time: now, seconds of a clock that never steps.
        """
        if self._meter.moved(luma, time=time):
            self._active_until = time + self._options.hold
        return time < self._active_until or time - self._looked >= self.still_every

    def looked(self, time: float) -> None:
        """A picture was handed over."""
        self._looked = time

    def asleep(self, time: float) -> bool:
        """Whether nothing has moved for so long that not every picture need be decoded."""
        resting = self.still_every > self._options.longest_doze
        return resting and time >= self._active_until + self._options.doze_after
