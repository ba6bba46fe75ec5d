"""How much an outbox holds and how its messages are tried again."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lpr.settings import StrictTable


class OutboxLimits(StrictTable):
    """How much waits at most; beyond it messages are dropped, counted and logged."""

    max_messages: int = Field(
        default=100_000, ge=1, le=10_000_000, description="Messages that wait at most."
    )
    max_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, description="Bytes of their texts at most."
    )
    max_age_days: float = Field(
        default=7.0, gt=0, le=3650, description="Days after which a message is given up."
    )
    max_message_bytes: int = Field(
        default=256 * 1024, ge=1024, description="Bytes of one message at most."
    )

    @model_validator(mode="after")
    def _one_message_fits(self) -> Self:
        if self.max_message_bytes > self.max_bytes:
            raise ValueError("max_message_bytes must not be more than max_bytes")
        return self


class RetrySettings(StrictTable):
    """When an undelivered message is tried again."""

    first_wait: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds before the second try; they double."
    )
    longest_wait: float = Field(
        default=60.0, gt=0, le=86400, description="Seconds between two tries at most."
    )
    max_tries: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Refusals after which a message is put aside so that the others go on.",
    )
    close_timeout: float = Field(
        default=5.0, ge=0, le=300, description="Seconds that closing may take at most."
    )

    @model_validator(mode="after")
    def _waits_are_in_order(self) -> Self:
        if self.first_wait > self.longest_wait:
            raise ValueError("first_wait must not be more than longest_wait")
        return self


class OutboxSettings(OutboxLimits, RetrySettings):
    """The outbox of one receiver."""

    file: str | None = Field(
        default=None,
        description=(
            "Its file, relative to the configuration; by default named after the receiver, beside "
            "the decision log."
        ),
    )
