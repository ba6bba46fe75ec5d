"""A relay that opens on an HTTP request: network relays, smart plugs, door stations."""

from __future__ import annotations

import json
import math
import re
import ssl
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import Field, model_validator

from lpr.errors import GateError, MissingExtraError, did_you_mean
from lpr.gate.relay_settings import PulseSettings
from lpr.secret import read_secret

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_KNOWN: Final = ("gate", "pulse_seconds", "pulse_ms")
_MAX_ANSWER: Final = 65536
_MAX_REDIRECTS: Final = 3


class HttpRelaySettings(PulseSettings):
    """An HTTP request that makes one opening pulse.

    `{gate}`, `{pulse_seconds}` and `{pulse_ms}` in address and body are replaced, escaped for the
    place where they stand.
    """

    type: Literal["http"]
    url: str = Field(description="Address, http or https, without credentials.")
    method: Literal["GET", "POST", "PUT"] = Field(default="POST", description="Request method.")
    body: str = Field(default="", description="Body of the request.")
    content_type: Literal["application/json", "application/x-www-form-urlencoded", "text/plain"] = (
        Field(default="application/json", description="What the body is.")
    )
    auth: Literal["none", "basic", "digest"] = Field(default="none", description="Authentication.")
    username: str = Field(default="", description="User name for basic or digest.")
    password_env: str | None = Field(
        default=None, description="Environment variable that holds the password."
    )
    password_file: Path | None = Field(default=None, description="File that holds the password.")
    expect: str = Field(
        default="", description="Text that the answer must contain; empty for any answer."
    )
    timeout: float = Field(
        default=3.0,
        gt=0,
        le=30,
        description=(
            "Seconds to wait for connecting, for sending and for each part of the answer; no "
            "request is sent, and no answer believed, once as many are over."
        ),
    )
    ca_file: Path | None = Field(
        default=None, description="Certificate authority of an https device with its own."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            parts = urlsplit(self.url)
        except ValueError as error:
            raise ValueError("url needs http:// or https:// and a host") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url needs http:// or https:// and a host")
        if "@" in parts.netloc:
            raise ValueError("url must not hold credentials; use username and password_env")
        if "{" in parts.netloc:
            raise ValueError("the host of url takes no placeholder")
        if not _has_port(parts):
            raise ValueError("url needs a port from 1 to 65535, or none")
        for name in _PLACEHOLDER.findall(self.url + self.body):
            if name not in _KNOWN:
                raise ValueError(f"there is no placeholder {{{name}}}{did_you_mean(name, _KNOWN)}")
        if self.method == "GET" and self.body:
            raise ValueError("a GET request has no body; use POST")
        if (self.auth == "none") != (not self.username):
            raise ValueError("username goes with auth = 'basic' or 'digest'")
        return self


class HttpRelay:
    """Opens a barrier by one HTTP request; a failed request is never repeated.

    Redirects are followed on the same host only, proxies of the environment are not used, and no
    credentials or query strings are in any error.

    Args:
        settings: the request.
        gate: name of the gate, for the placeholder.
        clock: seconds that only run forward, for the time limit.

    Raises:
        ConfigError: the password is missing.
        GateError: the certificate authority cannot be used.
        MissingExtraError: httpx is not installed.
    """

    def __init__(
        self, settings: HttpRelaySettings, *, gate: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._httpx = _import_httpx()
        values = {
            "gate": gate,
            "pulse_seconds": f"{settings.pulse:g}",
            "pulse_ms": str(round(settings.pulse * 1000)),
        }
        self._settings = settings
        self._clock = clock
        self._deadline = math.inf
        self._url = _fill(settings.url, values, _for_url)
        self._body = _fill(settings.body, values, _ESCAPES[settings.content_type]).encode()
        parts = urlsplit(self._url)
        self._name = f"{parts.scheme}://{parts.netloc}{parts.path}"
        try:
            self._client = self._httpx.Client(
                auth=self._auth(),
                timeout=settings.timeout,
                follow_redirects=False,
                trust_env=False,
                verify=_verify(settings.ca_file),
            )
        except OSError as error:
            raise GateError(f"{settings.ca_file}: is no certificate authority") from error

    def open(self) -> None:
        """Send the request once.

        Raises:
            GateError: the device did not answer in time, refused, or answered something else.
        """
        self._deadline = self._clock() + self._settings.timeout
        try:
            self._send()
        except self._httpx.HTTPError as error:
            raise GateError(f"{self._name}: {type(error).__name__}: no opening") from error

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
        self._client.close()

    def _step(self, name: str, _: Any) -> None:
        """Stop a request that comes late: it would open for whoever stands there by then.

        Called by httpx before and after each step of each request, those of a digest and of a
        redirect included. Looking up a name has no time limit, and connecting one of its own, so
        the deadline counts right before the first byte is sent.
        """
        if name.endswith("send_request_headers.started") and self._clock() >= self._deadline:
            raise GateError(f"{self._name}: not sent in time; no opening")

    def _send(self) -> None:
        url, method, body = self._url, self._settings.method, self._body
        for _ in range(_MAX_REDIRECTS + 1):
            headers = {"content-type": self._settings.content_type} if body else {}
            with self._client.stream(
                method, url, content=body, headers=headers, extensions={"trace": self._step}
            ) as answer:
                if not answer.is_redirect:
                    self._check(answer)
                    return
                target = answer.next_request
            if target is None or _origin(str(target.url)) != _origin(self._url):
                raise GateError(f"{self._name}: redirects to another host; no opening")
            url = str(target.url)
            # A redirect that turns the method into GET drops the body with it.
            method, body = target.method, body if target.method == method else b""
        raise GateError(f"{self._name}: redirects too often; no opening")

    def _check(self, answer: Any) -> None:
        text = b""
        for piece in chain(answer.iter_bytes(), (b"",)):  # an empty answer may be late, too
            text += piece
            if len(text) > _MAX_ANSWER or self._clock() > self._deadline:
                raise GateError(f"{self._name}: the answer is too long or too slow")
        if not answer.is_success:
            raise GateError(f"{self._name}: refused with status {answer.status_code}")
        if self._settings.expect.encode() not in text:
            raise GateError(f"{self._name}: the answer does not contain the expected text")

    def _auth(self) -> Any:
        settings = self._settings
        if settings.auth == "none":
            return None
        secret = read_secret(
            settings.password_env, settings.password_file, f"{self._name}: password"
        )
        kind = self._httpx.BasicAuth if settings.auth == "basic" else self._httpx.DigestAuth
        return kind(settings.username, secret)


def _has_port(parts: SplitResult) -> bool:
    """Whether the port of an address is one, or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _fill(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    return _PLACEHOLDER.sub(lambda found: escape(values[found.group(1)]), template)


def _for_url(value: str) -> str:
    return quote(value, safe="")


def _for_json(value: str) -> str:
    return json.dumps(value)[1:-1]


_ESCAPES: Final[Mapping[str, Callable[[str], str]]] = {
    "application/json": _for_json,
    "application/x-www-form-urlencoded": _for_url,
    "text/plain": str,
}


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _verify(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    return ssl.create_default_context(cafile=str(ca_file))


def _import_httpx() -> Any:
    try:
        return import_module("httpx")
    except ImportError as error:
        raise MissingExtraError("httpx", "gate") from error
