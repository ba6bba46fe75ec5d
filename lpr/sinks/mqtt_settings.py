"""An MQTT broker: the `[mqtt]` table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lpr.settings import StrictTable
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.tls import TlsSettings
from lpr.types import EventKind

TopicPrefix = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*$", max_length=200)
]
"""Levels of letters, digits, `_` and `-`, separated by `/`."""


class HomeAssistantSettings(StrictTable):
    """What is announced to Home Assistant."""

    enabled: bool = Field(
        default=False, description="Whether cameras are announced as devices (MQTT discovery)."
    )
    prefix: TopicPrefix = Field(
        default="homeassistant", description="Discovery prefix, as configured in Home Assistant."
    )
    opened_seconds: int = Field(
        default=5, ge=1, le=3600, description="Seconds for which an opening is shown."
    )


class MqttSettings(StrictTable):
    """A broker, and what is published there."""

    host: str = Field(min_length=1, description="Name or number of the broker.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; 8883 with TLS, 1883 without."
    )
    protocol: Literal["5", "3.1.1"] = Field(
        default="5",
        description="MQTT version; with 3.1.1 a broker cannot say that it refuses a message.",
    )
    prefix: TopicPrefix = Field(
        default="lpr", description="What topics begin with; one for each site on a broker."
    )
    client_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name towards the broker, unique there; by default made from the prefix.",
    )
    username: str | None = Field(default=None, min_length=1, description="User name.")
    password_env: str | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    password_file: Path | None = Field(default=None, description="File that holds the password.")
    tls: TlsSettings | None = Field(
        default=None, description="Certificates; an empty table for the system's authorities."
    )
    keepalive: int = Field(
        default=30, ge=5, le=3600, description="Seconds after which a dead connection is noticed."
    )
    timeout: float = Field(
        default=10.0, gt=0, le=120, description="Seconds to wait for the broker at each step."
    )
    events: tuple[EventKind, ...] = Field(
        default=tuple(EventKind), description="Kinds of plate events that are published."
    )
    decisions: bool = Field(default=True, description="Whether decisions are published.")
    clear_text: bool = Field(
        default=False,
        description="Whether plates on no list are told although the store keeps pseudonyms.",
    )
    home_assistant: HomeAssistantSettings = Field(
        default=HomeAssistantSettings(), description="Announcement to Home Assistant."
    )
    outbox: OutboxSettings = Field(
        default=OutboxSettings(), description="Where messages wait, and for how long."
    )

    def outbox_file(self, folder: Path) -> Path:
        """Its outbox, `mqtt.outbox` in a folder unless the table names another file."""
        return folder / (self.outbox.file or "mqtt.outbox")

    @model_validator(mode="after")
    def _check(self) -> Self:
        has_password = self.password_env is not None or self.password_file is not None
        if has_password and self.username is None:
            raise ValueError("a password goes with username")
        return self
