"""With pseudonyms, no byte that leaves the service names a plate that is on no list."""

from __future__ import annotations

import http.server
import logging
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from lpr.gate.config import load_gate_config
from lpr.gate.fakes import sure_event
from lpr.gate.moment import system_moment
from lpr.service.build import running_site
from lpr.service.messages import Flushed, Seen
from lpr.service.service import GateService
from lpr.types import EventKind, PlateEvent, TextCandidate, UnreadReason

LISTED = "BAB1234"
DENIED = "HHO1234"
STRANGERS = ("KXY998", "KXV998", "KXW998", "MUC7777", "8AB1234", "BAB1Z34", "HH01234", "DUS5555")
"""Read, misread or merely possible: none of these is on a list."""

SITE = """\
lists = ["plates.csv"]
regions = ["de"]
timezone = "Europe/Berlin"
decisions_rotation = {{ max_bytes = 1000 }}
[[gates]]
name = "main"
[[gates.cameras]]
name = "north"
source = "clip.mp4"
replay = "once"
[policy]
start_hold = 0
near_miss_count = 2
[store]
pseudonyms = {pseudonyms}
[[webhooks]]
name = "office"
url = "http://127.0.0.1:{office}/"
signed = false
[[webhooks]]
name = "away"
url = "http://127.0.0.1:9/"
signed = false
[[webhooks]]
name = "clear"
url = "http://127.0.0.1:{clear}/"
signed = false
clear_text = true
[mqtt]
host = "127.0.0.1"
port = {broker}
[mqtt.home_assistant]
enabled = true
[service.metrics]
port = 0
"""


@dataclass
class Office:
    """A receiver of webhooks that keeps every byte of a request."""

    got: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        office = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                office.got.append(self.requestline.encode() + bytes(self.headers) + body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Broker:
    """A real mosquitto, and a subscriber that keeps every topic and payload."""

    port: int
    got: list[bytes] = field(default_factory=list)


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is missing in CI; install the package mosquitto")
        pytest.skip("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = Broker(int(probe.getsockname()[1]))
    config = tmp_path_factory.mktemp("broker") / "mosquitto.conf"
    config.write_text(f"listener {made.port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    subscribed = threading.Event()
    client.on_connect = lambda one, *_: one.subscribe("#", 1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _, __, one: made.got.append(one.topic.encode() + one.payload)
    try:
        wait(lambda: _answers(made.port), "mosquitto does not answer")
        client.connect("127.0.0.1", made.port)
        client.loop_start()
        assert subscribed.wait(60)
        yield made
    finally:
        client.disconnect()
        client.loop_stop()
        process.terminate()
        process.wait(60)


def wait(done: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def passages(now: float) -> list[PlateEvent]:
    """Vehicles whose texts stand in every field that can hold one."""

    def event(text: str, track: int, **changes: object) -> PlateEvent:
        made = sure_event(text, track_id=track, first_seen=now - 1, time=now)
        return replace(made, **changes)  # type: ignore[arg-type]

    other = TextCandidate("KXW998", 0.01)
    stranger = event("KXY998", 1, raw_text="KXV998", alternatives=(other,), region="DE")
    resident = event(LISTED, 2, raw_text="8AB1234", alternatives=(TextCandidate("BAB1Z34", 0.01),))
    unread = event("", 3, kind=EventKind.UNREAD, raw_text="KXV998", alternatives=(other,))
    return [
        stranger,
        replace(stranger, kind=EventKind.REVISED, text="MUC7777", raw_text="KXY998"),
        replace(stranger, kind=EventKind.DEPARTED),
        resident,
        replace(resident, kind=EventKind.DEPARTED),
        replace(unread, char_scores=(), reason=UnreadReason.BLURRED),
        # The tracker takes a resident for the stranger before: both texts are in one suspicion.
        event("DUS5555", 4),
        event(LISTED, 4, kind=EventKind.REVISED),
        # Not denied, but like it; then close to a resident, twice; then in doubt.
        event("HH01234", 5),
        event("BAB1Z34", 6),
        event("BAB1Z34", 7),
        event("MUC7777", 8, confidence=0.5, char_scores=(0.5,) * 7),
        # Text that nobody's plate has: the gate refuses the event.
        event("KXY998\x1b[2J", 9, raw_text="KXY998;"),
    ]


@dataclass
class Told:
    """What came out of a site, by where."""

    office: bytes
    clear: bytes
    mqtt: bytes
    files: dict[str, bytes]
    log: bytes
    metrics: bytes


@pytest.fixture(params=["true", "false"])
def told(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    broker: Broker,
    caplog: pytest.LogCaptureFixture,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Iterator[tuple[bool, Told]]:
    office, clear = Office(), Office()
    (tmp_path / "plates.csv").write_text(f"plate,list\n{LISTED},allow\n{DENIED},deny\n")
    (tmp_path / "clip.mp4").touch()
    ports = {"office": office.port, "clear": clear.port, "broker": broker.port}
    (tmp_path / "gate.toml").write_text(SITE.format(pseudonyms=request.param, **ports))
    config = load_gate_config(tmp_path / "gate.toml")
    try:
        with caplog.at_level(logging.DEBUG), running_site(config) as service:
            count = run(service)
            wait(lambda: len(office.got) >= count, "the webhook did not get everything")
            wait(lambda: len(clear.got) >= count, "the other webhook did not get everything")
            wait(lambda: _messages(broker) >= count, "the broker did not get everything")
            service.turn()
            service._tell(time.monotonic())
            # While the service runs, nothing has been tidied away.
            files = {
                str(path.relative_to(tmp_path)): path.read_bytes()
                for path in tmp_path.rglob("*")
                if path.is_file() and path.name not in ("plates.csv", "gate.toml")
            }
            metrics = scrape(caplog.text)
    finally:
        office.close()
        clear.close()
    captured = capfdbinary.readouterr()
    yield (
        request.param == "true",
        Told(
            b"\n".join(office.got),
            b"\n".join(clear.got),
            b"\n".join(broker.got),
            files,
            caplog.text.encode() + captured.out + captured.err,
            metrics,
        ),
    )


def run(service: GateService) -> int:
    """Let the vehicles pass as if the camera's worker had told of them; returns the messages."""
    now = system_moment()
    events = passages(now.now.timestamp())
    for event in events:
        moment = system_moment()
        service._take("north", Seen(event.time, moment.time, events=(event,), pictures={}))
    service._take("north", Flushed((replace(events[0], kind=EventKind.DEPARTED),)))
    return 2 * (len(events) + 1)


def scrape(log: str) -> bytes:
    address = log.split("metrics on ")[1].split()[0]
    with urllib.request.urlopen(address, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def _messages(broker: Broker) -> int:
    return sum(b"/event" in one[:40] or b"/decision" in one[:40] for one in broker.got)


def named(data: bytes) -> set[str]:
    return {text for text in STRANGERS if text.encode() in data}


def test_no_stranger_is_named_in_what_leaves_the_service(told: tuple[bool, Told]) -> None:
    hidden, out = told
    outgoing = {
        "webhook": out.office,
        "mqtt": out.mqtt,
        "log": out.log,
        **{name: data for name, data in out.files.items() if not name.startswith("clear.outbox")},
    }
    wanted = ("decisions.jsonl", "events.db", "away.outbox", "mqtt.outbox", "health.json")
    assert {*wanted} <= {*out.files}
    assert any(name.startswith("decisions.") and name != "decisions.jsonl" for name in out.files)
    if hidden:
        assert {name: named(data) for name, data in outgoing.items() if named(data)} == {}
        check_pseudonyms(out)
    else:
        # The same search finds them where nothing is hidden: it is no blind one.
        assert {"KXY998", "MUC7777", "DUS5555", "KXW998", "KXV998"} <= named(out.office)
        assert {"KXY998", "MUC7777", "DUS5555", "KXW998"} <= named(out.mqtt)
        assert named(b"".join(data for name, data in out.files.items() if "away" in name))
        assert named(out.log)
        assert b'"pseudonym"' not in out.office + out.mqtt
    assert LISTED.encode() in out.office
    assert LISTED.encode() in out.mqtt
    assert {"KXY998", "KXV998", "KXW998", "MUC7777", "DUS5555"} <= named(out.clear)
    for data in (out.metrics, out.files["health.json"]):
        assert named(data) == set()
        assert LISTED.encode() not in data


def check_pseudonyms(out: Told) -> None:
    """A stranger can be known again, by the same hash everywhere."""
    found = {
        part.split(b'"')[0]
        for data in (out.office, out.mqtt, out.files["away.outbox"], out.files["decisions.jsonl"])
        for part in data.replace(b'": "', b'":"').split(b'"pseudonym":"')[1:]
    }
    assert found
    assert all(len(one) == 32 for one in found)
    lines = out.log.split(b"pseudonym ")[1:]
    assert lines
    assert {line[:32] for line in lines} <= found
