from __future__ import annotations

import hashlib
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from lpr.errors import ConfigError, GateError, MissingExtraError
from lpr.gate import http_relay
from lpr.gate.actuators import build_actuator
from lpr.gate.http_relay import HttpRelay, HttpRelaySettings
from lpr.protocols import Actuator
from lpr.settings import check_settings

USER, PASSWORD, REALM, NONCE = "gate", "s3cret/&", "relay", "abc123"


class Device(ThreadingHTTPServer):
    """A network relay as they are sold: plain, with basic or digest authentication, and faulty."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pulses: list[tuple[str, str, bytes, str]] = []
        self.elsewhere = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    server: Device

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = self.path.split("/")[1].split("?")[0]
        if kind == "late":  # so slow a challenge that the pulse would come too late
            time.sleep(0.25)
            kind = "digest"
        if kind in ("basic", "digest") and not self._authorised(kind):
            return
        if kind == "slow":
            time.sleep(0.6)
        if kind in ("away", "home", "loop"):
            base = self.server.elsewhere if kind == "away" else self.server.url
            target = "/loop" if kind == "loop" else "/ok"
            self._answer(307, b"", location=base + target)
            return
        if kind == "broken":
            self._answer(500, b"no")
            return
        content_type = self.headers.get("content-type", "")
        self.server.pulses.append((self.command, self.path, body, content_type))
        answers = {"long": b"x" * 70000, "empty": b""}
        self._answer(200, answers.get(kind, b'{"relay": "on"}'))

    def _authorised(self, kind: str) -> bool:
        given = self.headers.get("authorization", "")
        if kind == "basic" and given.startswith("Basic "):
            return b64decode(given[6:]).decode() == f"{USER}:{PASSWORD}" or self._challenge(kind)
        if kind == "digest" and given.startswith("Digest "):
            fields = parse_keqv_list(parse_http_list(given[7:]))
            ha1 = md5(f"{USER}:{REALM}:{PASSWORD}")
            ha2 = md5(f"{self.command}:{fields['uri']}")
            middle = f"{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
            if fields["response"] == md5(f"{ha1}:{middle}:{ha2}"):
                return True
        return self._challenge(kind)

    def _challenge(self, kind: str) -> bool:
        challenge = (
            f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
            if kind == "digest"
            else f'Basic realm="{REALM}"'
        )
        self._answer(401, b"", challenge=challenge)
        return False

    def _answer(self, code: int, body: bytes, *, location: str = "", challenge: str = "") -> None:
        self.send_response(code)
        if location:
            self.send_header("location", location)
        if challenge:
            self.send_header("www-authenticate", challenge)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


@pytest.fixture
def device() -> Iterator[Device]:
    yield from _serve()


@pytest.fixture
def stranger() -> Iterator[Device]:
    yield from _serve()


def _serve() -> Iterator[Device]:
    server = Device()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def settings(**changes: Any) -> HttpRelaySettings:
    return check_settings({"type": "http", **changes}, HttpRelaySettings, "test")


def open_once(relay: HttpRelay) -> None:
    try:
        relay.open()
    finally:
        relay.close()
        relay.close()


def test_a_post_is_one_pulse(device: Device) -> None:
    body = '{"gate": "{gate}", "ms": {pulse_ms}}'
    relay = HttpRelay(
        settings(url=f"{device.url}/ok?for={{pulse_seconds}}&g={{gate}}", body=body, pulse=0.2),
        gate='a"b&c/d',
    )
    open_once(relay)
    assert device.pulses == [
        (
            "POST",
            "/ok?for=0.2&g=a%22b%26c%2Fd",
            b'{"gate": "a\\"b&c/d", "ms": 200}',
            "application/json",
        )
    ]


def test_a_get_is_one_pulse(device: Device) -> None:
    open_once(HttpRelay(settings(url=f"{device.url}/ok", method="GET"), gate="main"))
    assert device.pulses == [("GET", "/ok", b"", "")]


def test_a_form_is_escaped(device: Device) -> None:
    form = settings(
        url=f"{device.url}/ok",
        body="name={gate}&on=1",
        content_type="application/x-www-form-urlencoded",
    )
    open_once(HttpRelay(form, gate="a&on=0"))
    assert device.pulses[0][2] == b"name=a%26on%3D0&on=1"


@pytest.mark.parametrize("auth", ["basic", "digest"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_authentication(
    device: Device, monkeypatch: pytest.MonkeyPatch, auth: str, method: str
) -> None:
    monkeypatch.setenv("GATE_PASSWORD", PASSWORD)
    relay = settings(
        url=f"{device.url}/{auth}",
        auth=auth,
        method=method,
        username=USER,
        password_env="GATE_PASSWORD",  # noqa: S106 - a name
    )
    open_once(HttpRelay(relay, gate="main"))
    assert len(device.pulses) == 1


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_wrong_password_is_refused(device: Device, tmp_path: Path, auth: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wr0ng\n")
    relay = HttpRelay(
        settings(url=f"{device.url}/{auth}", auth=auth, username=USER, password_file=secret),
        gate="main",
    )
    with pytest.raises(GateError, match="refused with status 401") as caught:
        open_once(relay)
    assert "wr0ng" not in str(caught.value)
    assert device.pulses == []


def test_redirects_stay_on_the_host(device: Device, stranger: Device) -> None:
    device.elsewhere = stranger.url
    with pytest.raises(GateError, match="another host"):
        open_once(HttpRelay(settings(url=f"{device.url}/away"), gate="main"))
    assert stranger.pulses == []
    open_once(HttpRelay(settings(url=f"{device.url}/home", body="{}"), gate="main"))
    assert [pulse[:3] for pulse in device.pulses] == [("POST", "/ok", b"{}")]
    with pytest.raises(GateError, match="too often"):
        open_once(HttpRelay(settings(url=f"{device.url}/loop"), gate="main"))


def test_refusals_and_wrong_answers_are_errors(device: Device) -> None:
    with pytest.raises(GateError, match="refused with status 500"):
        open_once(HttpRelay(settings(url=f"{device.url}/broken"), gate="main"))
    with pytest.raises(GateError, match="expected text"):
        open_once(HttpRelay(settings(url=f"{device.url}/ok", expect="opened"), gate="main"))
    open_once(HttpRelay(settings(url=f"{device.url}/ok", expect='"on"'), gate="main"))
    with pytest.raises(GateError, match="too long or too slow"):
        open_once(HttpRelay(settings(url=f"{device.url}/long"), gate="main"))


def test_no_answer_in_time_is_an_error(device: Device) -> None:
    relay = HttpRelay(settings(url=f"{device.url}/slow?token=hidden", timeout=0.2), gate="main")
    with pytest.raises(GateError, match="ReadTimeout") as caught:
        open_once(relay)
    assert "hidden" not in str(caught.value)


def test_nobody_there_is_an_error(device: Device) -> None:
    url = device.url
    device.shutdown()
    device.server_close()
    with pytest.raises(GateError, match="ConnectError"):
        open_once(HttpRelay(settings(url=f"{url}/ok"), gate="main"))


def test_proxies_of_the_environment_are_not_used(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    open_once(HttpRelay(settings(url=f"{device.url}/ok"), gate="main"))
    assert len(device.pulses) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "ftp://relay/on"}, "needs http"),
        ({"url": "http:///on"}, "needs http"),
        ({"url": "http://user:pw@relay/on"}, "must not hold credentials"),
        ({"url": "http://{gate}/on"}, "takes no placeholder"),
        ({"url": "http://relay/{gat}"}, "did you mean 'gate'"),
        ({"url": "http://relay/", "body": "x", "method": "GET"}, "has no body"),
        ({"url": "http://relay/", "auth": "basic"}, "username goes with"),
        ({"url": "http://relay/", "username": "x"}, "username goes with"),
        ({"url": "http://relay/", "pulse": 0}, "greater than 0"),
        ({"url": "http://relay/", "ur": 0}, "unknown key 'ur'; did you mean 'url'"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(**changes)


def test_missing_secrets_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    base = {"url": "http://relay/", "auth": "basic", "username": "x"}
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for change, message in (
        ({"password_env": "NO_SUCH_SECRET"}, "NO_SUCH_SECRET is not set"),
        ({"password_file": str(tmp_path / "none")}, "cannot be read"),
        ({"password_file": str(empty)}, "is empty"),
        ({}, "give the environment variable or the file"),
    ):
        with pytest.raises(ConfigError, match=message):
            HttpRelay(settings(**base, **change), gate="main")


def test_a_wrong_certificate_authority_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(GateError, match="no certificate authority"):
        HttpRelay(settings(url="https://relay/", ca_file=str(tmp_path / "ca.pem")), gate="main")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(http_relay, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'lpr\[gate\]'"):
        HttpRelay(settings(url="http://relay/"), gate="main")


def test_it_is_built_from_its_settings(device: Device) -> None:
    relay: Actuator = build_actuator(settings(url=f"{device.url}/ok"), gate="main")
    assert isinstance(relay, HttpRelay)
    open_once(relay)
    assert len(device.pulses) == 1


@pytest.mark.parametrize("path", ["late", "home"])
def test_no_pulse_is_asked_for_when_the_time_is_over(
    device: Device, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The second request of a digest, or of a redirect, would come too late."""
    monkeypatch.setenv("RELAY_PASSWORD", PASSWORD)
    settings = HttpRelaySettings(
        type="http",
        url=f"{device.url}/{path}",
        auth="digest",
        username=USER,
        password_env="RELAY_PASSWORD",  # noqa: S106 - its name
        timeout=0.5,
    )
    times = iter((0.0, 0.1, 0.6))
    relay = HttpRelay(settings, gate="main", clock=lambda: next(times))
    with pytest.raises(GateError, match="not sent in time"):
        open_once(relay)
    assert device.pulses == []


@pytest.mark.parametrize("slow", ["getaddrinfo", "create_connection"])
def test_no_pulse_is_asked_for_after_a_slow_connection(
    device: Device, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    real, delays, now = getattr(socket, slow), [5.0, 0.0], [100.0]

    def connect(*args: Any, **kwargs: Any) -> Any:
        now[0] += delays.pop(0)
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, slow, connect)
    relay = HttpRelay(settings(url=f"{device.url}/ok"), gate="main", clock=lambda: now[0])
    with pytest.raises(GateError, match="not sent in time"):
        relay.open()
    assert device.pulses == []
    open_once(relay)
    assert len(device.pulses) == 1, "the next opening has its own time"


@pytest.mark.parametrize("path", ["ok", "empty"])
def test_an_answer_that_comes_late_is_an_error(device: Device, path: str) -> None:
    times = iter((0.0, 0.1, 3.1))
    relay = HttpRelay(settings(url=f"{device.url}/{path}"), gate="main", clock=lambda: next(times))
    with pytest.raises(GateError, match="too slow"):
        open_once(relay)
