"""What `lpr gate run` needs of `gate.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lpr.errors import ConfigError
from lpr.gate.camera_settings import CameraSettings
from lpr.gate.config import GateConfig, load_gate_config
from lpr.gate.http_relay import HttpRelaySettings
from lpr.gate.serial_relay import SerialRelaySettings
from lpr.gate.service_settings import MetricsSettings
from lpr.settings import check_settings


def site(camera: dict[str, Any], **more: Any) -> GateConfig:
    gate = {"name": "main", "cameras": [{"name": "north", **camera}]}
    return check_settings({"gates": [gate], **more}, GateConfig, "gate.toml")


def test_credentials_come_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NORTH", "p@ss/w:rd")
    camera = CameraSettings(
        name="north",
        source="rtsp://10.0.0.5/live",
        username="vie wer",
        password_env="NORTH",  # noqa: S106 - a variable's name
    )
    assert camera.address() == "rtsp://vie%20wer:p%40ss%2Fw%3Ard@10.0.0.5/live"
    (tmp_path / "secret").write_text("other\n")
    (tmp_path / "gate.toml").write_text(
        '[[gates]]\nname = "main"\n[[gates.cameras]]\nname = "north"\n'
        'source = "http://10.0.0.5/mjpeg"\nusername = "u"\npassword_file = "secret"\n'
    )
    loaded = load_gate_config(tmp_path / "gate.toml").gates[0].cameras[0]
    assert loaded.address() == "http://u:other@10.0.0.5/mjpeg"
    monkeypatch.delenv("NORTH")
    with pytest.raises(ConfigError, match="NORTH is not set"):
        camera.address()


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ({"source": "rtsp://u:p@10.0.0.5/live"}, "must not hold credentials"),
        ({"source": "rtsp://10.0.0.5/live", "username": "u"}, "username goes with"),
        ({"source": "0", "username": "u", "password_env": "X"}, "needs a source with a host"),
        ({"roi": [0, 0, 10, 10]}, "at least 64 by 32"),
        ({"roi": [500, 0, 100, 400]}, "at least 64 by 32"),
        ({"sorce": "0"}, "did you mean 'source'"),
        ({"look_every": 0}, "look_every"),
    ],
)
def test_wrong_cameras_are_refused(camera: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        site(camera)
    assert "u:p" not in str(caught.value)


def test_a_recording_never_opens_a_gate() -> None:
    camera = {"source": "clip.mp4", "replay": "loop"}
    assert site(camera).gates[0].cameras[0].replay == "loop"
    with pytest.raises(ConfigError, match="plays a recording"):
        site(camera, armed=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gate.example.org"])  # noqa: S104
def test_figures_are_open_to_this_computer_alone(host: str) -> None:
    with pytest.raises(ConfigError, match="is open to others"):
        check_settings({"host": host}, MetricsSettings, "test")
    assert check_settings({"host": host, "token_env": "X"}, MetricsSettings, "test").guarded


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_loopback_needs_no_token(host: str) -> None:
    assert not check_settings({"host": host}, MetricsSettings, "test").guarded


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text(
        'engine = "engine.toml"\n[[gates]]\nname = "main"\n[[gates.cameras]]\nname = "north"\n'
        'source = "clip.mp4"\nreplay = "once"\n[store]\ndatabase = "e.db"\n'
        '[[webhooks]]\nname = "office"\nurl = "https://example.org"\nsecret_file = "key"\n'
        '[mqtt]\nhost = "broker"\nusername = "u"\npassword_file = "word"\n'
        '[service]\nhealth = "h.json"\n[service.metrics]\ntoken_file = "t"\n'
    )
    config = load_gate_config(tmp_path / "gate.toml")
    assert config.store is not None
    assert config.mqtt is not None
    found = (
        config.engine,
        config.gates[0].cameras[0].source,
        config.store.database,
        config.webhooks[0].secret_file,
        config.mqtt.password_file,
        config.service.health,
        config.service.metrics.token_file,
    )
    names = ("engine.toml", "clip.mp4", "e.db", "key", "word", "h.json", "t")
    assert [str(one) for one in found] == [str(tmp_path / name) for name in names]


def test_certificates_and_a_relays_secrets_are_beside_the_file(tmp_path: Path) -> None:
    tls = 'ca_file = "ca"\ncertificate_file = "pem"\nkey_file = "key"\n'
    (tmp_path / "gate.toml").write_text(
        '[[gates]]\nname = "main"\ncameras = ["north"]\n'
        '[gates.actuator]\ntype = "http"\nurl = "https://relay"\nauth = "basic"\n'
        'username = "u"\npassword_file = "word"\nca_file = "ca"\n'
        '[[gates]]\nname = "back"\ncameras = ["south"]\n'
        '[gates.actuator]\ntype = "serial"\nport = "/dev/ttyUSB0"\npreset = "lcus"\n'
        '[[webhooks]]\nname = "office"\nurl = "https://example.org"\nsigned = false\n'
        f'[webhooks.tls]\n{tls}[mqtt]\nhost = "broker"\n[mqtt.tls]\n{tls}'
    )
    config = load_gate_config(tmp_path / "gate.toml")
    relay, board = (gate.actuator for gate in config.gates)
    assert isinstance(relay, HttpRelaySettings)
    assert (relay.password_file, relay.ca_file) == (tmp_path / "word", tmp_path / "ca")
    assert isinstance(board, SerialRelaySettings)
    assert board.port == "/dev/ttyUSB0"
    assert config.mqtt is not None
    for found in (config.webhooks[0].tls, config.mqtt.tls):
        assert found is not None
        files = (found.ca_file, found.certificate_file, found.key_file)
        assert files == (tmp_path / "ca", tmp_path / "pem", tmp_path / "key")


def test_lists_of_a_store_need_a_store() -> None:
    with pytest.raises(ConfigError, match=r"needs a \[store\]"):
        site({}, store_lists=True)
