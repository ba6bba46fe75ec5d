from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from lpr.errors import ConfigError, GateError, MissingExtraError
from lpr.gate import actuators, gpio_relay
from lpr.gate.gpio_relay import GpioRelay, GpioRelaySettings
from lpr.settings import check_settings

mock = import_module("gpiozero.pins.mock")


@pytest.fixture
def pins() -> Iterator[Any]:
    factory = mock.MockFactory()
    yield factory
    factory.close()


def settings(**changes: Any) -> GpioRelaySettings:
    return check_settings({"type": "gpio", "pin": 17, **changes}, GpioRelaySettings, "test")


@pytest.mark.parametrize("active_high", [True, False])
def test_a_pulse_closes_and_opens_the_relay(pins: Any, active_high: bool) -> None:
    during: list[bool] = []
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        during.append(bool(pins.pin(17).state))

    relay = GpioRelay(settings(active_high=active_high, pulse=0.3), pin_factory=pins, sleep=sleep)
    assert bool(pins.pin(17).state) is not active_high, "it rests shut"
    relay.open()
    assert during == [active_high]
    assert waits == [0.3]
    assert bool(pins.pin(17).state) is not active_high
    relay.close()
    relay.close()


def test_the_relay_opens_again_whatever_happens_meanwhile(pins: Any) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    relay = GpioRelay(settings(), pin_factory=pins, sleep=interrupted)
    with pytest.raises(KeyboardInterrupt):
        relay.open()
    assert not pins.pin(17).state
    relay.close()


def test_a_pin_that_cannot_be_used_is_named(pins: Any) -> None:
    with pytest.raises(GateError, match="pin 999: cannot be used"):
        GpioRelay(settings(pin=999), pin_factory=pins)
    first = GpioRelay(settings(), pin_factory=pins)
    with pytest.raises(GateError, match="pin 17: cannot be used"):
        GpioRelay(settings(), pin_factory=pins)
    first.close()
    with pytest.raises(GateError, match="did not switch"):
        first.open()


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown key 'puls'; did you mean 'pulse'"):
        settings(puls=1)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(gpio_relay, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lpr\[gpio\]'"):
        actuators.build_actuator(settings(), gate="main")
