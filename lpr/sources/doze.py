"""Packets of a still picture that need not be decoded.

Decoding is what an idle camera costs. While nothing moves, packets are held back; a key frame makes
those before it superfluous. A packet far larger than its like tells of motion before anything is
decoded (motion vectors and residuals cost bits). Cameras that keep their bit rate constant do not
tell, so the picture is decoded at least once in `longest` seconds whatever comes.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

T = TypeVar("T")

_SHORTEST: Final = 0.25
_SURGE: Final = 4.0
_SURGE_BYTES: Final = 400
_MEMORY: Final = 0.05
_MAX_HELD: Final = 600


class Doze(Generic[T]):
    """Holds packets back while the picture is still, and gives them out when they are needed.

    Args:
        longest: seconds between two decoded pictures, at most.

    Attributes:
        skipped: packets that were never decoded.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._held: list[T] = []
        self._usual: float | None = None
        self._spread = 0.0
        self._decoded = -float("inf")
        self.skipped = 0

    def due(self, packet: T, *, size: int, key: bool, asleep: bool, time: float) -> tuple[T, ...]:
        """Take the next packet; return those to decode now, in order.

        Args:
            packet: the packet.
            size: its bytes.
            key: whether decoding may begin with it.
            asleep: whether the picture is still.
            time: now, seconds of a clock that never steps.
        """
        surge = not key and self._surge(size)
        if key and asleep:
            self.skipped += len(self._held)
            self._held.clear()
        self._held.append(packet)
        waited = time - self._decoded
        needed = not asleep or surge or waited >= (_SHORTEST if key else self._longest)
        if not needed and len(self._held) < _MAX_HELD:
            return ()
        self._decoded = time
        due = tuple(self._held)
        self._held.clear()
        return due

    def _surge(self, size: int) -> bool:
        """Whether a packet is far larger than usual: beyond the usual spread of sizes."""
        usual = self._usual
        if usual is None:
            self._usual = float(size)
            return False
        more = size - usual
        surge = more > _SURGE * self._spread + _SURGE_BYTES
        self._usual = usual + _MEMORY * more
        self._spread += _MEMORY * (abs(more) - self._spread)
        return surge
