"""Against a real mosquitto."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from lpr.errors import ConfigError, MissingExtraError, OutputError
from lpr.settings import check_settings
from lpr.sinks import mqtt
from lpr.sinks.home_assistant import discovery
from lpr.sinks.message import OutboxMessage
from lpr.sinks.mqtt import MqttTransport
from lpr.sinks.mqtt_settings import HomeAssistantSettings, MqttSettings
from lpr.sinks.mqtt_sink import MqttSink, build_mqtt
from lpr.sinks.topics import Topics, topic_level
from lpr.types import PlateEvent

QUICK = {"first_wait": 0.05, "longest_wait": 0.2, "close_timeout": 20}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A mosquitto on a free port of the loopback; it keeps sessions over a restart."""

    def __init__(self, program: str, folder: Path, *extra: str) -> None:
        self.port, self._program, self._folder = free_port(), program, folder
        self._config = folder / "mosquitto.conf"
        lines = [
            "per_listener_settings false",
            "user root",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 10000",
            "log_dest stderr",
            *(extra or ("allow_anonymous true",)),
        ]
        listener = [f"listener {self.port} 127.0.0.1"]
        self._config.write_text("\n".join([*listener, *lines]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", self._config], stderr=log)
        wait_for(self._answers, "mosquitto did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        log = (self._folder / "mosquitto.log").read_text()
        assert self._process.poll() is None, log
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The program: skipped where absent, required in CI."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is missing in CI; install the package mosquitto")
        pytest.skip("mosquitto is not installed")
    return program


@pytest.fixture
def make_broker(mosquitto: str, memory_path: Path) -> Iterator[Callable[..., Broker]]:
    brokers: list[Broker] = []

    def make(*extra: str) -> Broker:
        brokers.append(Broker(mosquitto, memory_path, *extra))
        brokers[-1].start()
        return brokers[-1]

    yield make
    for one in brokers:
        one.stop()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker()


class Listener:
    """A client that keeps what comes, in a session that outlives connections."""

    def __init__(
        self, port: int, *topics: str, name: str = "listener", user: str | None = None
    ) -> None:
        self.got: list[tuple[str, str, bool]] = []
        self._subscribed = threading.Event()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=False,
            protocol=paho.MQTTv311,
        )
        if user is not None:
            self.client.username_pw_set(user, "right")
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe([(t, 1) for t in topics])
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._subscribed.wait(30)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.got.append((message.topic, message.payload.decode(), message.retain))

    def of(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.got if name == topic]

    def wait_for(self, topic: str, payload: str) -> None:
        wait_for(lambda: payload in self.of(topic), f"no {payload} on {topic}: {self.got}")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def listen(broker: Broker) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def make(*topics: str) -> Listener:
        listeners.append(Listener(broker.port, *topics))
        return listeners[-1]

    yield make
    for one in listeners:
        one.close()


def configured(port: int, **changes: Any) -> MqttSettings:
    table = {"host": "127.0.0.1", "port": port, "outbox": QUICK, **changes}
    return check_settings(table, MqttSettings, "mqtt")


def build(broker: Broker, folder: Path, **changes: Any) -> MqttSink:
    return build_mqtt(configured(broker.port, **changes), folder=folder, cameras=["gate", "back"])


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_events_decisions_and_status(
    broker: Broker,
    listen: Callable[..., Listener],
    memory_path: Path,
    event: PlateEvent,
    protocol: str,
) -> None:
    listener = listen("lpr/#")
    sink = build(broker, memory_path, protocol=protocol)
    sink.emit(event)
    sink.decide("gate", {"action": "open", "text": "AB123CD"})
    wait_for(lambda: sink.counts().delivered == 2, "nothing was delivered")
    listener.wait_for("lpr/status", "online")
    sink.set_camera_status("back", online=False)
    listener.wait_for("lpr/cameras/back/status", "offline")
    sink.close()
    sink.close()
    listener.wait_for("lpr/status", "offline")
    (wire,) = listener.of("lpr/cameras/gate/event")
    read = json.loads(wire)
    assert (read["type"], read["camera"], read["data"]["text"]) == ("event", "gate", "AB123CD")
    (wire,) = listener.of("lpr/cameras/gate/decision")
    assert json.loads(wire)["data"]["action"] == "open"
    assert listener.of("lpr/cameras/gate/status") == ["online"]
    late = Listener(broker.port, "lpr/#", name="late")
    late.wait_for("lpr/cameras/back/status", "offline")
    wait_for(lambda: len(late.got) == 3, "the states were not retained")
    assert {(topic, retained) for topic, _, retained in late.got} == {
        ("lpr/status", True),
        ("lpr/cameras/gate/status", True),
        ("lpr/cameras/back/status", True),
    }
    late.close()
    with pytest.raises(ValueError, match="there is no camera 'side'"):
        sink.set_camera_status("side", online=True)


def test_nothing_is_lost_while_the_broker_is_down(
    broker: Broker, listen: Callable[..., Listener], memory_path: Path, event: PlateEvent
) -> None:
    listener = listen("lpr/cameras/+/event")
    broker.stop()
    folder = memory_path / "outbox"
    folder.mkdir()
    sink = build(broker, folder)
    for number in range(100):
        sink.emit(replace(event, camera=f"c{number % 3}", track_id=number))
    assert sink.counts().waiting == 100
    broker.start()
    wait_for(lambda: len(listener.got) > 10, "nothing arrived")
    broker.stop()
    for number in range(100, 200):
        sink.emit(replace(event, camera=f"c{number % 3}", track_id=number))
    broker.start()
    wait_for(lambda: sink.counts().delivered == 200, "not everything was delivered")
    once: dict[str, dict[str, Any]] = {}

    def complete() -> bool:
        for _, payload, _ in list(listener.got):
            read = json.loads(payload)
            once.setdefault(read["id"], read["data"])
        return len(once) == 200

    wait_for(complete, "not everything arrived")
    sink.close()
    for camera in ("c0", "c1", "c2"):
        mine = [data["track_id"] for data in once.values() if data["camera"] == camera]
        assert mine == sorted(mine)
    assert sorted(data["track_id"] for data in once.values()) == list(range(200))


KILLED = """
import sys
from pathlib import Path
from lpr.sinks.message import OutboxMessage
from lpr.sinks.mqtt_settings import MqttSettings
from lpr.sinks.mqtt_sink import build_mqtt

settings = MqttSettings(host="127.0.0.1", port=int(sys.argv[1]))
sink = build_mqtt(settings, folder=Path(sys.argv[2]), cameras=["gate"])
sink.deliver(OutboxMessage("event", "gate", "{}"))
sys.stdin.read()
"""


def test_the_last_will_tells_of_a_crash(
    broker: Broker, listen: Callable[..., Listener], memory_path: Path
) -> None:
    listener = listen("lpr/#")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(broker.port), str(memory_path)],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        listener.wait_for("lpr/status", "online")
        wait_for(lambda: bool(listener.of("lpr/cameras/gate/event")), "no event")
        assert listener.of("lpr/status") == ["online"]
        process.send_signal(signal.SIGKILL)
        listener.wait_for("lpr/status", "offline")


def test_home_assistant_is_told_again_when_it_starts(
    broker: Broker, listen: Callable[..., Listener], memory_path: Path
) -> None:
    listener = listen("homeassistant/#")
    sink = build(broker, memory_path, home_assistant={"enabled": True})
    device = f"lpr_{Topics('lpr').site}_gate"
    topic = f"homeassistant/sensor/{device}/plate/config"
    wait_for(lambda: len(listener.got) == 6, "not everything was announced")
    first = json.loads(listener.of(topic)[0])
    assert first["unique_id"] == f"{device}_plate"
    assert first["state_topic"] == "lpr/cameras/gate/event"
    assert first["availability"][0]["topic"] == "lpr/status"
    assert first["device"]["identifiers"] == [device]
    kinds = {name.split("/")[1] for name, _, _ in listener.got}
    assert kinds == {"sensor", "event", "binary_sensor"}
    listener.client.publish("homeassistant/status", "online")
    wait_for(lambda: len(listener.of(topic)) == 2, "it was not announced again")
    listener.client.publish("homeassistant/status", "offline")
    sink.close()
    assert len(listener.of(topic)) == 2


def test_passwords_and_permissions(
    make_broker: Callable[..., Broker],
    memory_path: Path,
    event: PlateEvent,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    users, rights = memory_path / "users", memory_path / "rights"
    for user in ("gate", "reader"):
        new = ["-c"] if user == "gate" else []
        subprocess.run(
            ["mosquitto_passwd", "-b", *new, str(users), user, "right"],
            check=True,
            capture_output=True,
        )
    rights.write_text(
        "user gate\ntopic write lpr/status\ntopic write lpr/cameras/+/event\n"
        "user reader\ntopic read lpr/#\n"
    )
    broker = make_broker(
        "allow_anonymous false",
        f"password_file {users}",
        f"acl_file {rights}",
    )
    monkeypatch.setenv("MQTT_PASSWORD", "WRONGSECRET")
    signed_in = {"username": "gate", "password_env": "MQTT_PASSWORD"}
    sink = build(broker, memory_path, **signed_in)
    sink.emit(event)
    wait_for(lambda: "refused the connection" in caplog.text, "no refusal was logged")
    sink.close()
    assert sink.counts().waiting == 1
    assert "WRONGSECRET" not in caplog.text

    monkeypatch.setenv("MQTT_PASSWORD", "right")
    listener = Listener(broker.port, "lpr/#", user="reader")
    sink = build(broker, memory_path, **signed_in, outbox={**QUICK, "max_tries": 2})
    sink.decide("gate", {"action": "open"})
    sink.emit(event)
    wait_for(lambda: sink.counts().delivered == 2, "the events were not delivered")
    wait_for(lambda: sink.counts().aside == 1, "the decision was not put aside")
    assert "a status was not taken: the broker refuses" in caplog.text
    (aside,) = sink.aside()
    assert (aside.message.kind, aside.reason) == (
        "decision",
        "the broker refuses: Not authorized",
    )
    sink.close()
    wait_for(lambda: len(listener.of("lpr/cameras/gate/event")) == 2, "the events did not arrive")
    listener.close()


def make_certificate(folder: Path, name: str) -> Path:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    pem = folder / f"{name}.pem"
    command = [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(folder / f"{name}.key"), "-out", str(pem), "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    return pem


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho's socket
def test_tls_is_verified(
    make_broker: Callable[..., Broker],
    memory_path: Path,
    event: PlateEvent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own, other = (make_certificate(memory_path, name) for name in ("own", "other"))
    broker = make_broker(
        f"certfile {own}",
        f"keyfile {memory_path / 'own.key'}",
        "allow_anonymous true",
    )
    sink = build(broker, memory_path, host="localhost", tls={"ca_file": str(other)})
    sink.emit(event)
    wait_for(lambda: "cannot be reached" in caplog.text, "no failure was logged")
    sink.close()
    assert sink.counts().delivered == 0
    sink = build(broker, memory_path, host="localhost", tls={"ca_file": str(own)})
    wait_for(lambda: sink.counts().delivered == 1, "nothing was delivered")
    sink.close()


def test_closing_is_bounded_though_the_broker_hangs(memory_path: Path, event: PlateEvent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sink = build_mqtt(
            configured(silent.getsockname()[1], outbox={"close_timeout": 0.1}),
            folder=memory_path,
            cameras=["gate"],
        )
        sink.emit(event)
        connection, _ = silent.accept()
        sink.close()
        connection.close()
    assert sink.counts().waiting == 1


def test_a_message_larger_than_the_broker_takes_is_put_aside(
    make_broker: Callable[..., Broker], memory_path: Path
) -> None:
    """The broker would close the connection for it, and again whenever it is sent."""
    broker = make_broker("allow_anonymous true", "max_packet_size 3000")
    sink = build(broker, memory_path, outbox={**QUICK, "max_tries": 1})
    sink.deliver(OutboxMessage("event", "gate", '{"n": "' + 4000 * "x" + '"}'))
    sink.deliver(OutboxMessage("event", "back", '{"n": 2}'))
    wait_for(lambda: sink.counts().delivered == 1, "the small message was not delivered")
    assert "takes 3000 bytes at most" in sink.aside()[0].reason
    sink.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_message_for_which_the_broker_closes_the_connection_is_put_aside(
    make_broker: Callable[..., Broker],
    memory_path: Path,
    protocol: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broker of MQTT 3.1.1 can say no otherwise; it is not sent again, and others go on."""
    broker = make_broker("allow_anonymous true", "max_packet_size 3000")
    monkeypatch.setattr(mqtt, "_OVERHEAD", -10_000)
    sink = build(broker, memory_path, protocol=protocol, outbox={**QUICK, "max_tries": 2})
    wait_for(lambda: sink._transport._connected.is_set(), "not connected")
    sink.deliver(OutboxMessage("event", "gate", '{"n": "' + 4000 * "x" + '"}'))
    sink.deliver(OutboxMessage("event", "gate", '{"n": 2}'))
    sink.deliver(OutboxMessage("event", "back", '{"n": 3}'))
    wait_for(lambda: sink.counts().aside == 1, "the message was not put aside")
    assert "closed the connection" in sink.aside()[0].reason
    wait_for(lambda: sink.counts().delivered == 2, "the others were not delivered")
    sink.set_camera_status("back", online=False)
    with closing(Listener(broker.port, "lpr/#")) as listener:
        listener.wait_for("lpr/status", "online")
        listener.wait_for("lpr/cameras/back/status", "offline")
        sink.close()
        listener.wait_for("lpr/status", "offline")


def test_a_name_too_long_is_put_aside(broker: Broker, memory_path: Path) -> None:
    sink = build(broker, memory_path, outbox={**QUICK, "max_tries": 1})
    sink.deliver(OutboxMessage("event", "x" * 2000, "{}"))
    wait_for(lambda: sink.counts().aside == 1, "the message was not put aside")
    assert "too long for an MQTT topic" in sink.aside()[0].reason
    sink.close()


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_leaves_its_level(name: str, other: str) -> None:
    topic = Topics("site/lpr").messages(name, "event")
    assert topic.startswith("site/lpr/cameras/")
    assert topic.endswith("/event")
    assert topic.count("/") == 4
    level = topic.split("/")[3]
    assert level
    assert not set(level) & set("+#$/\0 ")
    assert level.isascii()
    assert (topic_level(name) == topic_level(other)) == (name == other)


def test_hostile_names() -> None:
    assert topic_level("") == "%"
    assert topic_level("\ud800") != topic_level("\ud801")
    with pytest.raises(OutputError, match="too long"):
        topic_level("ß" * 300)


@given(st.text("AZ09/+#$\0", max_size=10))
@settings(max_examples=30)
def test_plate_texts_are_in_no_topic(text: str) -> None:
    message = OutboxMessage("event", "gate", json.dumps({"text": text}))
    assert Topics("lpr").messages(message.camera, message.kind) == "lpr/cameras/gate/event"


def test_what_home_assistant_is_told() -> None:
    told = discovery(
        HomeAssistantSettings(prefix="ha"), Topics("lpr"), "gate", decisions=False, version="1"
    )
    (topic,) = told
    assert topic.startswith("ha/sensor/lpr_")
    ids = [
        json.loads(payload)["unique_id"]
        for prefix in ("a", "b")
        for payload in discovery(
            HomeAssistantSettings(), Topics(prefix), "gate", decisions=True, version="1"
        ).values()
    ]
    assert len(set(ids)) == 6
    assert "command_topic" not in "".join(told.values())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prefix": "lpr/#"}, "should match pattern"),
        ({"prefix": "/lpr"}, "should match pattern"),
        ({"client_id": "a b"}, "should match pattern"),
        ({"password_env": "X"}, "a password goes with username"),
        ({"protocol": "4"}, "'5' or '3.1.1'"),
        ({"hots": "x"}, "did you mean 'host'"),
        ({"home_assistant": {"enable": True}}, "did you mean 'enabled'"),
        ({"port": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        configured(1883, **changes) if "port" not in changes else configured(**changes)


def test_wrong_cameras_and_passwords_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="camera 'a/b': a name has letters"):
        MqttTransport(configured(1883), cameras=["a/b"])
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    wrong = configured(1883, username="gate", password_env="NO_SUCH_PASSWORD")  # noqa: S106
    with pytest.raises(ConfigError, match="NO_SUCH_PASSWORD is not set"):
        MqttTransport(wrong, cameras=[])
    assert MqttTransport(configured(1883), cameras=[]).name == "mqtt 127.0.0.1:1883"
    secure = check_settings({"host": "b", "tls": {}}, MqttSettings, "mqtt")
    assert MqttTransport(secure, cameras=[]).name == "mqtt b:8883"


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(mqtt, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lpr\[gate\]'"):
        MqttTransport(configured(1883), cameras=[])
