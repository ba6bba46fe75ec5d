"""What came of one try to deliver a message, and the protocol of whatever tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lpr.sinks.message import OutboxMessage


class Outcome(StrEnum):
    """How a try went, and who waits because of it."""

    DELIVERED = "delivered"
    """The receiver has it."""
    UNREACHABLE = "unreachable"
    """There is no receiver: every message waits."""
    BUSY = "busy"
    """The receiver cannot take it now: the messages of its camera wait."""
    REFUSED = "refused"
    """The receiver does not want it: after some tries it is put aside."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one try.

    Attributes:
        outcome: how it went.
        reason: why it was not delivered, without secrets and without the receiver's own words.
        wait: seconds for which the receiver asked to be left alone.
    """

    outcome: Outcome
    reason: str = ""
    wait: float = 0.0


DELIVERED = Delivery(Outcome.DELIVERED)


class Transport(Protocol):
    """Delivers messages, one at a time, from one thread."""

    def start(self, reached: Callable[[], None]) -> None:
        """Begin to look for the receiver.

        Args:
            reached: to be called from any thread when the receiver can be reached again.
        """
        ...

    def deliver(self, message: OutboxMessage) -> Delivery:
        """Try once, for a bounded time; failures are told, not raised."""
        ...

    def close(self) -> None:
        """Let go of the connection, in a bounded time; closing twice is harmless."""
        ...
