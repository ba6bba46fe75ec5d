"""How webcams and network cameras are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in frame pixels; right and bottom are outside."""


@dataclass(frozen=True, slots=True)
class MotionOptions:
    """What counts as motion in a live camera's picture, and how long it counts.

    Attributes:
        threshold: grey levels (of 256) by which a cell of 16x16 pixels differs from the background
            where something moves.
        cells: cells that must differ.
        settle: seconds in which the background takes over what stands still.
        hold: seconds for which pictures go on after the last motion.
        doze_after: further seconds without motion after which not every picture is decoded.
        longest_doze: seconds between two decoded pictures then, at most; half of the camera's
            `timeout` where that is shorter.
        roi: only this part of the picture counts; all of it where None.
    """

    threshold: float = 10.0
    cells: int = 2
    settle: float = 4.0
    hold: float = 2.0
    doze_after: float = 3.0
    longest_doze: float = 2.1
    roi: Box | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a number is not positive, or the region has no area.
        """
        numbers = (self.threshold, self.cells, self.settle, self.longest_doze)
        if min(numbers) <= 0 or min(self.hold, self.doze_after) < 0:
            raise ValueError("the numbers of the motion gate must be positive")
        if self.roi is not None and not (self.roi[0] < self.roi[2] and self.roi[1] < self.roi[3]):
            raise ValueError("roi needs left < right and top < bottom")


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How a live camera is read.

    Attributes:
        timeout: seconds without a frame after which the connection is given up; the process that
            reads it is ended where that alone does not help.
        retry_delay: seconds before the first new try; doubled with each failed one.
        max_retry_delay: longest wait between two tries, seconds.
        reconnect: False ends the source with SourceError when the camera is lost.
        wait: True also waits for a camera that does not answer at first; False raises SourceError.
        transport: how RTSP carries its pictures.
        size: width and height asked of a webcam, its own choice where None.
        fps: frames a second asked of a webcam, its own choice where None.
        motion: what counts as motion, for consumers that want fewer pictures while nothing moves
            (`CameraSource.still_every`); None hands over everything.
        withheld: variables of the environment that hold secrets: the process that reads the camera
            does not get them.
    """

    timeout: float = 10.0
    retry_delay: float = 0.25
    max_retry_delay: float = 2.0
    reconnect: bool = True
    wait: bool = False
    transport: Literal["tcp", "udp"] = "tcp"
    size: tuple[int, int] | None = None
    fps: float | None = None
    motion: MotionOptions | None = None
    withheld: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a time is not positive, or the delays are the wrong way round.
        """
        if not (self.timeout > 0 and 0 < self.retry_delay <= self.max_retry_delay):
            raise ValueError("timeout and delays must be positive, retry_delay at most the maximum")
