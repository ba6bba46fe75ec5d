"""A USB relay on a serial port: CH340 boards (LCUS-1), KMTronic, Numato, or any by its bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from lpr.errors import GateError, MissingExtraError
from lpr.gate.relay_settings import PulseSettings

Preset = Literal["lcus", "kmtronic", "numato"]


class SerialRelaySettings(PulseSettings):
    """A relay board on a serial port; give a preset, or the bytes that switch it on and off."""

    type: Literal["serial"]
    port: str = Field(min_length=1, description="Serial port, e.g. /dev/ttyUSB0 or COM3.")
    preset: Preset | None = Field(
        default=None, description="lcus (CH340, LCUS-1 to LCUS-8), kmtronic or numato."
    )
    channel: int = Field(default=1, ge=1, le=8, description="Relay of the board, from 1.")
    on_hex: str = Field(default="", description="Bytes that close the relay, in hex.")
    off_hex: str = Field(default="", description="Bytes that open the relay, in hex.")
    baud: int = Field(default=9600, ge=300, le=921600, description="Baud rate.")
    timeout: float = Field(default=2.0, gt=0, le=30, description="Seconds for a write, at most.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.preset is None) == (not self.on_hex):
            raise ValueError("give either preset, or on_hex and off_hex")
        if bool(self.on_hex) != bool(self.off_hex):
            raise ValueError("on_hex and off_hex go together")
        relay_commands(self)
        return self


def relay_commands(settings: SerialRelaySettings) -> tuple[bytes, bytes]:
    """Return the bytes that close and that open the relay.

    Raises:
        ValueError: the hex digits cannot be read.
    """
    if settings.preset is None:
        return bytes.fromhex(settings.on_hex), bytes.fromhex(settings.off_hex)
    on, off = _PRESETS[settings.preset](settings.channel)
    return on, off


def _lcus(channel: int) -> tuple[bytes, bytes]:
    """Start byte A0, channel, state, and the sum of the three as a check."""
    on, off = (bytes((0xA0, channel, state)) for state in (1, 0))
    return on + bytes((sum(on) & 0xFF,)), off + bytes((sum(off) & 0xFF,))


def _kmtronic(channel: int) -> tuple[bytes, bytes]:
    return bytes((0xFF, channel, 1)), bytes((0xFF, channel, 0))


def _numato(channel: int) -> tuple[bytes, bytes]:
    """A command line; its relays count from 0."""
    return f"relay on {channel - 1}\r".encode(), f"relay off {channel - 1}\r".encode()


_PRESETS: Final[dict[Preset, Callable[[int], tuple[bytes, bytes]]]] = {
    "lcus": _lcus,
    "kmtronic": _kmtronic,
    "numato": _numato,
}


class SerialRelay:
    """Opens a barrier by closing a relay for a moment.

    The port is opened for each pulse and closed after it, so that a board that was unplugged and
    plugged in again works. Building the relay opens its contact first: a process that was killed in
    the middle of a pulse leaves no barrier open behind it.

    Args:
        settings: the port and its commands.
        sleep: waits for seconds.

    Raises:
        GateError: the port cannot be used.
        MissingExtraError: pyserial is not installed.
    """

    def __init__(
        self, settings: SerialRelaySettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._serial = _import_serial()
        self._settings = settings
        self._on, self._off = relay_commands(settings)
        self._sleep = sleep
        self.release()

    def open(self) -> None:
        """Close the relay for the length of the pulse; returns when the pulse is over.

        Raises:
            GateError: the board did not take a command. If it took only the first, the relay may
                still be closed; the message says so.
        """
        with self._connect() as port:
            try:
                self._write(port, self._on)
                self._sleep(self._settings.pulse)
            finally:
                self._write(port, self._off)

    def release(self) -> None:
        """Open the contact, whatever it was.

        Raises:
            GateError: the board did not take the command.
        """
        with self._connect() as port:
            self._write(port, self._off)

    def close(self) -> None:
        """Do nothing more: the port is closed after each pulse already."""

    def _connect(self) -> Any:
        settings = self._settings
        try:
            return self._serial.Serial(
                settings.port,
                baudrate=settings.baud,
                timeout=settings.timeout,
                write_timeout=settings.timeout,
            )
        except (OSError, ValueError) as error:
            raise GateError(
                f"{settings.port}: cannot be opened; is the relay plugged in?"
            ) from error

    def _write(self, port: Any, command: bytes) -> None:
        try:
            port.write(command)
            port.flush()
        # Behind pyserial stands termios, whose errors are no OSError.
        except Exception as error:
            state = "it may still be closed" if command == self._off else "no opening"
            raise GateError(f"{self._settings.port}: the relay took no command: {state}") from error


def _import_serial() -> Any:
    try:
        return import_module("serial")
    except ImportError as error:
        raise MissingExtraError("pyserial", "gate") from error
