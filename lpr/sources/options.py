"""How webcams and network cameras are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
    """

    timeout: float = 10.0
    retry_delay: float = 0.25
    max_retry_delay: float = 2.0
    reconnect: bool = True
    wait: bool = False
    transport: Literal["tcp", "udp"] = "tcp"
    size: tuple[int, int] | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a time is not positive, or the delays are the wrong way round.
        """
        if not (self.timeout > 0 and 0 < self.retry_delay <= self.max_retry_delay):
            raise ValueError("timeout and delays must be positive, retry_delay at most the maximum")
