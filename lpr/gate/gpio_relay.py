"""A relay on a pin of a single-board computer."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

from pydantic import Field

from lpr.errors import GateError, MissingExtraError
from lpr.gate.relay_settings import PulseSettings


class GpioRelaySettings(PulseSettings):
    """An output pin that closes a relay."""

    type: Literal["gpio"]
    pin: int | str = Field(description="Pin as gpiozero names it: 17, 'GPIO17', 'BOARD11'.")
    active_high: bool = Field(
        default=True, description="False for boards that close at a low level."
    )


class GpioRelay:
    """Opens a barrier by closing a relay for a moment; the pin rests in the shut state.

    Args:
        settings: the pin.
        pin_factory: gpiozero's pin factory; None for the computer's own pins.
        sleep: waits for seconds.

    Raises:
        GateError: the pin cannot be used.
        MissingExtraError: gpiozero is not installed.
    """

    def __init__(
        self,
        settings: GpioRelaySettings,
        *,
        pin_factory: object | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        gpiozero = _import_gpiozero()
        self._settings = settings
        self._sleep = sleep
        try:
            self._pin = gpiozero.OutputDevice(
                settings.pin,
                active_high=settings.active_high,
                initial_value=False,
                pin_factory=pin_factory,
            )
        # gpiozero's back ends raise whatever their libraries raise, BaseException aside.
        except Exception as error:
            raise GateError(f"pin {settings.pin}: cannot be used: {error}") from error

    def open(self) -> None:
        """Close the relay for the length of the pulse; returns when the pulse is over.

        Raises:
            GateError: the pin did not switch.
        """
        try:
            try:
                self._pin.on()
                self._sleep(self._settings.pulse)
            finally:
                self._pin.off()
        except Exception as error:
            raise GateError(f"pin {self._settings.pin}: did not switch: {error}") from error

    def close(self) -> None:
        """Give the pin back; closing twice is harmless."""
        self._pin.close()


def _import_gpiozero() -> Any:
    try:
        return import_module("gpiozero")
    except ImportError as error:
        raise MissingExtraError("gpiozero", "gpio") from error
