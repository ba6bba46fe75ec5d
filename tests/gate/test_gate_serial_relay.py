from __future__ import annotations

import os
import pty
import select
import termios
import tty
from collections.abc import Iterator
from typing import Any

import pytest

from lpr.errors import ConfigError, GateError, MissingExtraError
from lpr.gate import serial_relay
from lpr.gate.actuators import build_actuator
from lpr.gate.serial_relay import SerialRelay, SerialRelaySettings, relay_commands
from lpr.settings import check_settings


class Board:
    """The far end of a serial line, made of a pseudo terminal."""

    def __init__(self) -> None:
        self.far, self._near = pty.openpty()
        tty.setraw(self.far)
        tty.setraw(self._near)
        self.port = os.ttyname(self._near)

    def received(self) -> bytes:
        heard = b""
        while select.select([self.far], [], [], 0.05)[0]:
            heard += os.read(self.far, 1024)
        return heard

    def close(self) -> None:
        os.close(self.far)
        os.close(self._near)


@pytest.fixture
def board() -> Iterator[Board]:
    one = Board()
    yield one
    one.close()


def settings(**changes: Any) -> SerialRelaySettings:
    return check_settings({"type": "serial", **changes}, SerialRelaySettings, "test")


ON, OFF = bytes.fromhex("A00101A2"), bytes.fromhex("A00100A1")


def test_a_pulse_closes_and_opens_the_relay(board: Board) -> None:
    heard: list[bytes] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        heard.append(board.received())

    relay = SerialRelay(settings(port=board.port, preset="lcus", pulse=0.7), sleep=sleep)
    assert board.received() == OFF, "a relay left on by a killed process is released first"
    relay.open()
    assert heard == [ON]
    assert waits == [0.7]
    assert board.received() == OFF
    relay.open()
    assert heard == [ON, ON]


def test_the_relay_opens_again_whatever_happens_meanwhile(board: Board) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    relay = SerialRelay(settings(port=board.port, preset="lcus"), sleep=interrupted)
    board.received()
    with pytest.raises(KeyboardInterrupt):
        relay.open()
    assert board.received() == ON + OFF


@pytest.mark.parametrize(
    ("changes", "on", "off"),
    [
        ({"preset": "lcus"}, ON, OFF),
        ({"preset": "lcus", "channel": 2}, b"\xa0\x02\x01\xa3", b"\xa0\x02\x00\xa2"),
        ({"preset": "kmtronic", "channel": 3}, b"\xff\x03\x01", b"\xff\x03\x00"),
        ({"preset": "numato"}, b"relay on 0\r", b"relay off 0\r"),
        ({"on_hex": "01 ff", "off_hex": "00FF"}, b"\x01\xff", b"\x00\xff"),
    ],
)
def test_commands(changes: dict[str, Any], on: bytes, off: bytes) -> None:
    assert relay_commands(settings(port="COM3", **changes)) == (on, off)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "give either preset"),
        ({"preset": "lcus", "on_hex": "01", "off_hex": "00"}, "give either preset"),
        ({"on_hex": "01"}, "go together"),
        ({"on_hex": "0x", "off_hex": "00"}, "non-hexadecimal"),
        ({"preset": "lcuss"}, "lcus"),
        ({"preset": "lcus", "channel": 9}, "less than or equal to 8"),
        ({"preset": "lcus", "prt": "x"}, "unknown key 'prt'; did you mean 'port'"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(port="COM3", **changes)


def test_a_missing_port_is_named() -> None:
    with pytest.raises(GateError, match="/dev/ttyNONE: cannot be opened"):
        SerialRelay(settings(port="/dev/ttyNONE", preset="lcus"))


def test_an_unplugged_board_is_an_error() -> None:
    board = Board()
    relay = SerialRelay(settings(port=board.port, preset="lcus"), sleep=lambda seconds: None)
    board.close()
    with pytest.raises(GateError):
        relay.open()


@pytest.mark.parametrize("error", [OSError("gone"), termios.error(5, "Input/output error")])
def test_a_board_that_stops_listening_says_that_it_may_be_closed(
    board: Board, error: Exception
) -> None:
    class Port:
        def __init__(self) -> None:
            self.left = 1

        def __enter__(self) -> Port:
            return self

        def __exit__(self, *args: object) -> None:
            """Nothing is held."""

        def write(self, command: bytes) -> None:
            self.left -= 1
            if self.left < 0:
                raise error

        def flush(self) -> None:
            """Nothing is buffered."""

    relay = SerialRelay(settings(port=board.port, preset="lcus"), sleep=lambda seconds: None)
    relay._connect = Port  # type: ignore[method-assign]
    with pytest.raises(GateError, match="may still be closed"):
        relay.open()


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(serial_relay, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lpr\[gate\]'"):
        SerialRelay(settings(port="COM3", preset="lcus"))


def test_it_is_built_from_its_settings(board: Board) -> None:
    relay = build_actuator(settings(port=board.port, preset="lcus", pulse=0.01), gate="main")
    relay.open()
    assert board.received() == OFF + ON + OFF
