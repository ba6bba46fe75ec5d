from __future__ import annotations

import os
import pty
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.errors import SourceError
from lpr.gate.config import load_gate_config
from lpr.gate.decision_lock import DecisionLock
from lpr.service import check
from lpr.service.check import check_site
from lpr.sources import LiveOptions
from lpr.store import KeySettings, ListedPlate, Requester, StoreSettings, open_store
from tests.sources.conftest import write_video

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


def relay_findings(folder: Path, actuator: str, armed: str = "true") -> list[str]:
    """What is found about the relay of a site with one gate."""
    path = folder / "gate.toml"
    path.write_text(
        f'armed = {armed}\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
        f"[gates.actuator]\n{actuator}\n"
    )
    found = check_site(load_gate_config(path))
    return [str(one) for one in found if one.what.startswith("gate main")]


def serial(port: str) -> str:
    return f'type = "serial"\npreset = "lcus"\nport = "{port}"'


def test_a_serial_relay_that_is_not_plugged_in_is_told(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB7"
    assert relay_findings(tmp_path, serial(str(port))) == [
        "gate main: relay: pyserial is installed",
        f"gate main: relay: FAILED: {port}: does not exist; is the relay plugged in?",
    ]
    assert relay_findings(tmp_path, serial(str(port)), armed="false") == []


def test_a_serial_port_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far, near = pty.openpty()
    try:
        os.set_blocking(far, False)
        port = os.ttyname(near)
        assert relay_findings(tmp_path, serial(port))[1] == (
            f"gate main: relay: {port} can be written"
        )
        with pytest.raises(BlockingIOError):
            os.read(far, 1)
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert relay_findings(tmp_path, serial(port))[1].startswith(
            f"gate main: relay: FAILED: {port}: may not be written"
        )
    finally:
        os.close(far)
        os.close(near)


def test_relays_whose_packages_are_missing_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpio = 'type = "gpio"\npin = 17'
    assert relay_findings(tmp_path, gpio) == ["gate main: relay: gpiozero is installed"]
    for name in ("serial", "gpiozero"):
        monkeypatch.setitem(sys.modules, name, None)
    [found] = relay_findings(tmp_path, gpio)
    assert found.startswith("gate main: relay: FAILED: gpiozero is not installed; run: pip")
    found = relay_findings(tmp_path, serial("/dev/null"))[0]
    assert found.startswith("gate main: relay: FAILED: pyserial is not installed; run: pip")


def test_a_host_that_is_no_name_is_a_finding(tmp_path: Path) -> None:
    for host in ("relay..lan", "x" * 64):
        actuator = f'type = "http"\nurl = "http://{host}/open"'
        found = relay_findings(tmp_path, actuator)[-1]
        assert found == f"gate main: relay: FAILED: {host}:80: is no host name"


def test_an_armed_gate_without_an_actuator_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    gate = 'armed = {}\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    path.write_text(gate.format("true"))
    result = CliRunner().invoke(app, ["gate", "check", "--offline", str(path)])
    assert result.exit_code == 1
    assert "gate main: FAILED: armed, but has no [gates.actuator]" in result.output
    path.write_text(gate.format("false"))
    assert CliRunner().invoke(app, ["gate", "check", "--offline", str(path)]).exit_code == 0


@pytest.mark.parametrize(("right", "good"), [(1280, True), (1281, False)])
def test_a_roi_beyond_the_picture_is_found_whoever_set_it(
    tmp_path: Path, right: int, good: bool
) -> None:
    clip = Path(__file__).resolve().parents[2] / "samples" / "two-plates.mp4"
    (tmp_path / "lpr.toml").write_text(f"roi = [0, 0, {right}, 360]\n")
    path = tmp_path / "gate.toml"
    path.write_text(
        'engine = "lpr.toml"\n[[gates]]\nname = "main"\n'
        f'cameras = [{{ name = "north", source = "{clip}", replay = "once" }}]\n'
    )
    found = [one for one in check_site(load_gate_config(path)) if one.what == "camera north"]
    assert [(one.good, "roi reaches beyond the picture" in one.text) for one in found] == [
        (good, not good)
    ]


@pytest.mark.parametrize(
    ("roi", "good"), [("[0, 120, 120, 160]", True), ("[64, 0, 160, 120]", False)]
)
def test_a_roi_is_that_of_the_video_as_it_is_turned(tmp_path: Path, roi: str, good: bool) -> None:
    """A telephone held upright: 160x120 pixels are stored, and 120x160 shown."""
    clip = write_video(tmp_path / "turned.mp4", size=(160, 120), rotation=90)
    path = tmp_path / "gate.toml"
    path.write_text(
        '[[gates]]\nname = "main"\n'
        f'cameras = [{{ name = "north", source = "{clip}", replay = "once", roi = {roi} }}]\n'
    )
    found = [one for one in check_site(load_gate_config(path)) if one.what == "camera north"]
    assert [(one.good, ": 120x160, 25 pictures" in one.text) for one in found] == [(good, True)]


def test_the_reader_of_a_camera_that_is_tried_gets_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[LiveOptions] = []

    def open_camera(address: object, *, options: LiveOptions) -> None:
        tried.append(options)
        raise SourceError("no answer")

    def open_replay(address: object, *, live: LiveOptions) -> None:
        open_camera(address, options=live)

    monkeypatch.setattr(check, "CameraSource", open_camera)
    monkeypatch.setattr(check, "open_source", open_replay)
    monkeypatch.setenv("NORTH_PASSWORD", "p")
    path = tmp_path / "gate.toml"
    path.write_text(
        '[[gates]]\nname = "main"\n[[gates.cameras]]\nname = "north"\n'
        'source = "rtsp://127.0.0.1:1/live"\nusername = "u"\npassword_env = "NORTH_PASSWORD"\n'
        '[[gates.cameras]]\nname = "south"\nsource = "http://127.0.0.1:1/a.mp4"\nreplay = "once"\n'
    )
    found = [one.text for one in check_site(load_gate_config(path))]
    assert found.count("no answer") == 2
    assert [one.withheld for one in tried] == [{"NORTH_PASSWORD"}] * 2


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this computer on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def metrics_finding(folder: Path, settings: str) -> list[str]:
    path = folder / "gate.toml"
    gate = '[[gates]]\nname = "main"\ncameras = ["north"]\n'
    path.write_text(f"{gate}[service.metrics]\n{settings}\n")
    found = check_site(load_gate_config(path))
    return [str(one) for one in found if one.what == "metrics port"]


def test_a_metrics_port_that_is_taken_is_found_before_the_start(tmp_path: Path, taken: int) -> None:
    remedy = (
        "in [service.metrics] give another port, which each site on a machine needs, "
        "or enabled = false"
    )
    assert metrics_finding(tmp_path, f"port = {taken}") == [
        f"metrics port: FAILED: cannot listen on 127.0.0.1:{taken}: Address already in use; "
        f"{remedy}"
    ]
    assert metrics_finding(tmp_path, f"port = {taken}\nenabled = false") == []
    assert metrics_finding(tmp_path, "port = 0") == ["metrics port: 127.0.0.1:0 is free"]


def test_the_port_of_a_site_that_is_running_may_be_taken(tmp_path: Path, taken: int) -> None:
    lock = DecisionLock(tmp_path / "decisions.jsonl")
    try:
        assert metrics_finding(tmp_path, f"port = {taken}") == [
            f"metrics port: 127.0.0.1:{taken}: taken, and this site is running"
        ]
    finally:
        lock.close()
    assert "FAILED" in metrics_finding(tmp_path, f"port = {taken}")[0]


def test_figures_need_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    [found] = metrics_finding(tmp_path, "port = 0")
    assert found.startswith("metrics port: FAILED: prometheus-client is not installed; run: pip")


STORE = """\
store_lists = true
[[gates]]
name = "main"
cameras = ["north"]
[store]
[service.metrics]
enabled = false
"""


def store_finding(folder: Path, site: str = STORE) -> str:
    path = folder / "gate.toml"
    path.write_text(site)
    return next(str(one) for one in check_site(load_gate_config(path)) if one.what == "store")


def test_a_store_that_is_yet_to_be_made_is_left_to_the_service(tmp_path: Path) -> None:
    """Made by root, who checks, it could not be opened by the service's account."""
    made = f"store: {tmp_path / 'events.db'} can be made"
    assert store_finding(tmp_path) == made
    assert [one.name for one in tmp_path.iterdir()] == ["gate.toml"]
    (tmp_path / "events.db").touch()
    assert store_finding(tmp_path) == made
    assert (tmp_path / "events.db").stat().st_size == 0
    nowhere = STORE.replace("[store]", '[store]\ndatabase = "no/events.db"')
    assert "no: cannot be written: No such file" in store_finding(tmp_path, nowhere)


def test_a_check_changes_neither_the_key_nor_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service may be running under the old key: what it writes under it must not look forged."""
    for name, letter in (("T_OLD", "a"), ("T_NEW", "b"), ("T_WRONG", "c")):
        monkeypatch.setenv(name, letter * 32)
    old = StoreSettings(database=tmp_path / "events.db", key=KeySettings(env="T_OLD"))
    keyed = STORE.replace("[store]", '[store]\nkey = { env = "T_NEW", previous_envs = ["T_OLD"] }')
    with open_store(old) as running:
        running.add_plates([ListedPlate("BAB1234", "allow")], Requester("x", "y"))
        before = running.check_audit()
        assert store_finding(tmp_path, keyed).endswith("events.db opens, 1 list entries")
        assert running.check_audit() == before
        running.purge()
    with open_store(old) as store:
        assert [one.action for one in store.audit()] == ["purge", "list"]
    wrong = keyed.replace("T_NEW", "T_WRONG").replace("T_OLD", "T_NEW")
    assert "is not the key that this store was written with" in store_finding(tmp_path, wrong)
