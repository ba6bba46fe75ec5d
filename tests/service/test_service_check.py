from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.gate.config import load_gate_config
from lpr.service.check import check_site

SITE = """\
armed = true

[[gates]]
name = "main"
[[gates.cameras]]
name = "north"
source = "rtsp://127.0.0.1:9/live"
username = "viewer"
password_env = "T_CAMERA"
[gates.actuator]
type = "http"
url = "http://127.0.0.1:9/open"
auth = "basic"
username = "lpr"
password_env = "T_RELAY"

[[webhooks]]
name = "office"
url = "http://127.0.0.1:9/hook"
secret_env = "T_HOOK"

[mqtt]
host = "127.0.0.1"
port = 9
username = "lpr"
password_env = "T_MQTT"

[store]
[store.key]
env = "T_STORE"

[service.metrics]
token_env = "T_METRICS"
"""
NAMES = ("T_CAMERA", "T_RELAY", "T_HOOK", "T_MQTT", "T_STORE", "T_METRICS")


@pytest.fixture
def failures(tmp_path: Path) -> list[str]:
    path = tmp_path / "gate.toml"
    path.write_text(SITE)
    return [str(one) for one in check_site(load_gate_config(path)) if not one.good]


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "short")


@pytest.mark.usefixtures("unset")
def test_every_secret_that_is_not_set_is_told(failures: list[str]) -> None:
    for name in NAMES:
        told = [one for one in failures if f"the environment variable {name} is not set" in one]
        assert len(told) == 1, (name, failures)


@pytest.mark.usefixtures("short")
def test_secrets_that_are_too_short_are_told(failures: list[str]) -> None:
    told = "\n".join(failures)
    assert "webhook office: FAILED: webhook office: secret: needs at least 24 bytes" in told
    assert "store: FAILED: store.key: has 5 characters, 16 are needed" in told
    assert "is not set" not in told
    assert "gate main: relay: FAILED: 127.0.0.1:9: " in told


def test_an_armed_gate_without_an_actuator_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    gate = 'armed = {}\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    path.write_text(gate.format("true"))
    result = CliRunner().invoke(app, ["gate", "check", "--offline", str(path)])
    assert result.exit_code == 1
    assert "gate main: FAILED: armed, but has no [gates.actuator]" in result.output
    path.write_text(gate.format("false"))
    assert CliRunner().invoke(app, ["gate", "check", "--offline", str(path)]).exit_code == 0
