from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lpr.errors import ConfigError, MissingExtraError, OutputError
from lpr.protocols import EventSink
from lpr.settings import check_settings
from lpr.sinks import webhook
from lpr.sinks.delivery import Outcome
from lpr.sinks.delivery_sink import DeliverySink
from lpr.sinks.message import OutboxMessage
from lpr.sinks.webhook import WebhookTransport, build_webhook
from lpr.sinks.webhook_settings import WebhookSettings
from lpr.types import EventKind, PlateEvent

SECRET = "a secret of thirty-two characters"  # noqa: S105 - of the tests
Verify = Callable[..., bool]


@dataclass(frozen=True)
class Post:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)["data"]
        return value

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted; answers by the path, or as it was told."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.posts: list[Post] = []
        self.status = 200
        self.answer = b'{"ok": true, "text": "PRIVATEANSWER"}'
        self.headers: dict[str, str] = {}
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        expected = int(self.headers["content-length"])
        body = self.rfile.read(expected)
        if len(body) < expected:  # the sender was killed in the middle of it
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posts.append(Post(self.path, headers, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(self.server.answer)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def table(url: str | None, **changes: Any) -> dict[str, Any]:
    quick = {"first_wait": 0.05, "longest_wait": 0.2, "close_timeout": 20}
    return {
        "name": "hook",
        "url": url,
        "secret_env": "HOOK_SECRET",
        "outbox": quick,
        **changes,
    }


def configured(url: str | None, **changes: Any) -> WebhookSettings:
    return check_settings(table(url, **changes), WebhookSettings, "webhooks")


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_an_event_arrives_signed(
    memory_path: Path, receiver: Receiver, event: PlateEvent, verify: Verify
) -> None:
    sink = build_webhook(
        configured(receiver.url + "/in?x=1"),
        folder=memory_path,
        sources={"gate": "rtsp://cam/live"},
    )
    assert isinstance(sink, EventSink)
    sink.emit(event)
    sink.decide("gate", {"action": "open", "text": "AB123CD"})
    sink.decide("gate", '{"action": "deny"}')
    sink.close()
    sink.close()
    first, second, third = receiver.posts
    assert first.path == "/in?x=1"
    assert first.headers["content-type"] == "application/json"
    assert (first.data["text"], first.data["source"]) == ("AB123CD", "rtsp://cam/live")
    assert json.loads(second.body)["type"] == "decision"
    assert (second.data["action"], third.data["action"]) == ("open", "deny")
    assert first.key == first.headers["webhook-id"] == json.loads(first.body)["id"] != second.key
    now = time.time()
    for post in receiver.posts:
        assert verify(post.body, post.headers, SECRET, now=now)
        assert not verify(post.body + b" ", post.headers, SECRET, now=now)
    assert (memory_path / "hook.outbox").exists()
    with pytest.raises(OutputError, match="the outbox is closed"):
        sink.emit(event)


def test_only_what_is_asked_for_is_sent(
    memory_path: Path, receiver: Receiver, event: PlateEvent
) -> None:
    settings = configured(receiver.url, events=["confirmed"], decisions=False)
    sink = build_webhook(settings, folder=memory_path)
    sink.emit(replace(event, kind=EventKind.DEPARTED))
    sink.decide("gate", {"action": "open"})
    sink.emit(event)
    sink.close()
    assert [post.data["kind"] for post in receiver.posts] == ["confirmed"]


def test_a_thousand_events_wait_for_the_receiver(memory_path: Path, event: PlateEvent) -> None:
    away = Receiver()
    port = away.server_port
    away.stop()
    sink = build_webhook(configured(f"http://127.0.0.1:{port}/"), folder=memory_path)
    for number in range(1000):
        sink.emit(replace(event, camera=f"c{number % 3}", track_id=number))
    assert sink.counts().waiting == 1000
    back = Receiver(port)
    wait_for(lambda: sink.counts().delivered == 1000, "1,000 events were not delivered")
    sink.close()
    back.stop()
    once = {post.key: post.data for post in back.posts}
    assert len(once) == 1000
    assert len(back.posts) == 1000
    for camera in ("c0", "c1", "c2"):
        mine = [data["track_id"] for data in once.values() if data["camera"] == camera]
        assert mine == sorted(mine)
    assert sink.counts().waiting == sink.counts().dropped == sink.counts().aside == 0


KILLED = """
import os, sys
from pathlib import Path
from lpr.settings import check_settings
from lpr.sinks.message import OutboxMessage
from lpr.sinks.webhook import build_webhook
from lpr.sinks.webhook_settings import WebhookSettings
import httpx

quick = {"first_wait": 0.01, "longest_wait": 0.1, "close_timeout": 30}
table = {"name": "hook", "url": sys.argv[1], "secret_env": "HOOK_SECRET", "outbox": quick}
settings = check_settings(table, WebhookSettings, "webhooks")

def work(life, count):
    sink = build_webhook(settings, folder=Path(sys.argv[2]))
    for number in range(life * 1000, life * 1000 + count):
        camera = f"c{number % 2}"
        sink.deliver(OutboxMessage("event", camera, '{"n":%d,"camera":"%s"}' % (number, camera)))
        os.write(1, b"%d\\n" % number)
    sink.close()

for line in sys.stdin:
    life, count = map(int, line.split())
    child = os.fork()
    if child == 0:
        try:
            work(life, count)
        finally:
            os._exit(0)
    os.write(1, b"child %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"end\\n")
"""


def test_kill_in_the_middle_loses_and_repeats_nothing(
    memory_path: Path, receiver: Receiver
) -> None:
    taken: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, receiver.url, str(memory_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for life, (count, kill_after) in enumerate([(400, n) for n in (1, 17, 40, 3)] + [(5, 99)]):
            process.stdin.write(f"{life} {count}\n")
            process.stdin.flush()
            child, mine = 0, 0
            for line in process.stdout:
                if line.startswith("child"):
                    child = int(line.split()[1])
                elif line.startswith("end"):
                    break
                else:
                    taken.append(int(line))
                    mine += 1
                if child and mine >= kill_after:
                    os.kill(child, signal.SIGKILL)
                    child = 0
        process.stdin.close()
    once = {post.key: post.data for post in receiver.posts}
    delivered = [data["n"] for data in once.values()]
    assert len(delivered) == len(set(delivered))
    assert set(taken) <= set(delivered)
    assert len(set(delivered) - set(taken)) <= 4
    for camera in (0, 1):
        mine_in_order = [number for number in delivered if number % 2 == camera]
        assert mine_in_order == sorted(mine_in_order)


def delivered(receiver: Receiver, **changes: Any) -> tuple[Outcome, str, float]:
    transport = WebhookTransport(configured(receiver.url + "/hooks/PATHSECRET", **changes))
    delivery = transport.deliver(OutboxMessage("event", "gate", "{}"))
    transport.close()
    transport.close()
    return delivery.outcome, delivery.reason, delivery.wait


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (302, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (401, Outcome.REFUSED),
        (408, Outcome.BUSY),
        (410, Outcome.REFUSED),
        (425, Outcome.BUSY),
        (429, Outcome.BUSY),
        (500, Outcome.BUSY),
        (503, Outcome.BUSY),
    ],
)
def test_every_status_has_its_meaning(receiver: Receiver, status: int, outcome: Outcome) -> None:
    receiver.status, receiver.answer = status, b""
    found, reason, _ = delivered(receiver)
    assert found is outcome
    assert outcome is Outcome.DELIVERED or reason.startswith(f"status {status}")


def test_the_receiver_may_ask_for_time(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 503, {"retry-after": "7"}
    assert delivered(receiver)[2] == 7
    receiver.headers = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert delivered(receiver)[2] == 0


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"location": receiver.url + "/elsewhere"}
    assert delivered(receiver)[0] is Outcome.REFUSED
    assert [post.path for post in receiver.posts] == ["/hooks/PATHSECRET"]


def test_a_long_answer_is_cut_off(receiver: Receiver) -> None:
    receiver.answer = b"x" * 5_000_000
    assert delivered(receiver)[0] is Outcome.DELIVERED


def test_nobody_there_and_no_answer(receiver: Receiver) -> None:
    gone = Receiver()
    gone.stop()
    assert delivered(gone)[:2] == (Outcome.UNREACHABLE, "ConnectError")
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        transport = WebhookTransport(
            configured(f"http://127.0.0.1:{silent.server_port}", timeout=0.1)
        )
        found = transport.deliver(OutboxMessage("event", "gate", "{}"))
        assert (found.outcome, found.reason) == (Outcome.UNREACHABLE, "ReadTimeout")
        transport.close()


def test_an_answer_that_drips_is_given_up() -> None:
    """Each byte comes in time, and the answer never: what waits behind it must not wait as well."""

    class Drip(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
                for _ in range(3000):
                    self.wfile.write(b"x")
                    time.sleep(0.02)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Drip) as slow:
        threading.Thread(target=slow.serve_forever, args=(0.02,), daemon=True).start()
        transport = WebhookTransport(configured(f"http://127.0.0.1:{slow.server_port}", timeout=1))
        for _ in range(2):
            begun = time.monotonic()
            found = transport.deliver(OutboxMessage("event", "gate", "{}"))
            assert (found.outcome, found.reason) == (Outcome.UNREACHABLE, "no answer in time")
            assert time.monotonic() - begun < 30
        transport.close()
        slow.shutdown()


def test_tls_is_verified(receiver: Receiver) -> None:
    plain = receiver.url.replace("http://", "https://")
    transport = WebhookTransport(configured(plain))
    assert transport.deliver(OutboxMessage("event", "g", "{}")).outcome is Outcome.UNREACHABLE
    transport.close()


def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert delivered(receiver)[0] is Outcome.DELIVERED
    assert delivered(receiver, proxy="http://127.0.0.1:1")[0] is Outcome.UNREACHABLE


def test_nothing_secret_is_logged(
    memory_path: Path,
    receiver: Receiver,
    event: PlateEvent,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOOK_URL", receiver.url + "/hooks/PATHSECRET?token=QUERYSECRET\n")
    monkeypatch.setenv("HOOK_TOKEN", "TOKENSECRET")
    receiver.status, receiver.headers = 400, {"connection": "close"}
    settings = check_settings(
        {
            "name": "hook",
            "url_env": "HOOK_URL",
            "secret_env": "HOOK_SECRET",
            "token_env": "HOOK_TOKEN",
            "outbox": {"first_wait": 0.01, "longest_wait": 0.01, "max_tries": 2},
        },
        WebhookSettings,
        "webhooks",
    )
    sink = build_webhook(settings, folder=memory_path)
    sink.emit(event)
    wait_for(lambda: sink.counts().aside == 1, "the message was not put aside")
    receiver.stop()
    sink.emit(event)
    wait_for(lambda: "ConnectError" in caplog.text, "no failure was logged")
    sink.close()
    assert receiver.posts[0].path == "/hooks/PATHSECRET?token=QUERYSECRET"
    assert receiver.posts[0].headers["authorization"] == "Bearer TOKENSECRET"
    assert "was put aside: status 400" in caplog.text
    logged = caplog.text + repr([vars(record) for record in caplog.records])
    for word in ("PATHSECRET", "QUERYSECRET", "TOKENSECRET", "PRIVATEANSWER", SECRET, "AB123CD"):
        assert word not in logged


def test_what_was_put_aside_can_be_sent_again(
    memory_path: Path, receiver: Receiver, event: PlateEvent
) -> None:
    receiver.status = 401
    settings = configured(receiver.url, outbox={"max_tries": 1, "first_wait": 0.01})
    sink: DeliverySink = build_webhook(settings, folder=memory_path)
    sink.emit(event)
    wait_for(lambda: sink.counts().aside == 1, "the message was not put aside")
    (aside,) = sink.aside()
    assert aside.reason == "status 401"
    receiver.status = 200
    assert sink.retry_aside() == 1
    wait_for(lambda: sink.counts().delivered == 1, "the message was not sent again")
    sink.close()
    assert {post.key for post in receiver.posts} == {aside.message.key}


def test_secrets_can_be_changed_over(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    new = "whsec_bmV3IHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGVz"
    monkeypatch.setenv("HOOK_SECRET", f"{new}\n{SECRET}")
    delivered(receiver)
    (post,) = receiver.posts
    now = time.time()
    assert verify(post.body, post.headers, SECRET, now=now)
    assert verify(post.body, post.headers, new, now=now)
    assert not verify(post.body, post.headers, "another secret of some length", now=now)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "ftp://a/"}, "needs http"),
        ({"url": "http:///x"}, "needs http"),
        ({"url": "http://a:99999/"}, "malformed"),
        ({"url": "http://user:pw@a/"}, "must not hold credentials"),
        ({"url": "http://a/x y"}, "percent-encoded"),
        ({"url_env": "X"}, "one of url, url_env and url_file"),
        ({"url": None}, "one of url, url_env and url_file"),
        ({"allow_hosts": ["b.example", "*.c.example"]}, "host a.example is not in allow_hosts"),
        ({"secret_env": None}, "or signed = false"),
        ({"signed": False}, "or signed = false"),
        ({"proxy": "http://u:p@b/"}, "must not hold credentials"),
        ({"name": "../x"}, "should match pattern"),
        ({"sceret_env": "X"}, "did you mean 'secret_env'"),
        ({"outbox": {"max_age_day": 1}}, "did you mean 'max_age_days'"),
        ({"tls": {"key_file": "x"}}, "go together"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error) as caught:
        configured(**{"url": "https://a.example/", **changes})
    assert "pw" not in str(caught.value)


def test_hosts_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    allow = ["b.example", "*.C.example"]
    for host in ("b.example", "B.example:8443", "x.c.example"):
        configured(f"https://{host}/", allow_hosts=allow)
    for host in ("c.example", "xc.example", "b.example.evil.test"):
        monkeypatch.setenv("HOOK_URL", f"https://{host}/KEY")
        with pytest.raises(ConfigError, match="is not in allow_hosts") as caught:
            WebhookTransport(configured(None, url_env="HOOK_URL", allow_hosts=allow))
        assert "KEY" not in str(caught.value)


def test_wrong_secrets_are_named(memory_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, error in (
        ("short", "at least 24 bytes"),
        ("whsec_!!!", "no base64"),
        (" ", "at least 24 bytes"),
    ):
        monkeypatch.setenv("HOOK_SECRET", value)
        with pytest.raises(ConfigError, match=f"webhook hook: secret: .*{error}"):
            WebhookTransport(configured("https://a.example/"))
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("HOOK_TOKEN", "two\nlines")
    with pytest.raises(ConfigError, match="token: must be one line"):
        WebhookTransport(configured("https://a.example/", token_env="HOOK_TOKEN"))  # noqa: S106
    (memory_path / "ca.pem").write_text("no certificate")
    for tls, error in (
        ({"ca_file": str(memory_path / "ca.pem")}, "no certificate authority"),
        (
            {
                "certificate_file": str(memory_path / "ca.pem"),
                "key_file": str(memory_path / "ca.pem"),
            },
            "cannot be used",
        ),
    ):
        with pytest.raises(ConfigError, match=error):
            WebhookTransport(configured("https://a.example/", tls=tls))


def test_plain_http_beyond_this_machine_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    WebhookTransport(configured("http://a.example/")).close()
    assert "unencrypted" in caplog.text
    caplog.clear()
    for local in ("http://localhost/", "http://127.0.0.1/", "http://[::1]/", "https://a.example/"):
        WebhookTransport(configured(local)).close()
    assert not caplog.text


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(webhook, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lpr\[gate\]'"):
        WebhookTransport(configured("https://a.example/"))
