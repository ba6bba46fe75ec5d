"""What opens a barrier: the settings of each kind, and the one place that builds them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lpr.gate.gpio_relay import GpioRelay, GpioRelaySettings
from lpr.gate.http_relay import HttpRelay, HttpRelaySettings
from lpr.gate.serial_relay import SerialRelay, SerialRelaySettings

ActuatorSettings = Annotated[
    HttpRelaySettings | SerialRelaySettings | GpioRelaySettings, Field(discriminator="type")
]
"""The `[gates.actuator]` table; `type` is `http`, `serial` or `gpio`."""

Relay = HttpRelay | SerialRelay | GpioRelay
"""An actuator that ships with the package; it can be closed."""


def build_actuator(settings: ActuatorSettings, *, gate: str) -> Relay:
    """Build the actuator of a gate.

    Raises:
        ConfigError: a secret is missing.
        GateError: the device cannot be used.
        MissingExtraError: its package is not installed.
    """
    if isinstance(settings, HttpRelaySettings):
        return HttpRelay(settings, gate=gate)
    if isinstance(settings, SerialRelaySettings):
        return SerialRelay(settings)
    return GpioRelay(settings)
