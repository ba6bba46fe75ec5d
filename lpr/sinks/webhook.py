"""Webhooks: each message posted as JSON, signed, with a key that makes repeated ones harmless."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from lpr.errors import ConfigError, MissingExtraError
from lpr.secret import read_secret
from lpr.sinks.delivery import DELIVERED, Delivery, Outcome
from lpr.sinks.delivery_sink import DeliverySink
from lpr.sinks.message import OutboxMessage, envelope
from lpr.sinks.signature import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    parse_signing_secrets,
    sign,
)
from lpr.sinks.tls import tls_context
from lpr.sinks.webhook_settings import WebhookSettings, check_url, is_local

_log = logging.getLogger(__name__)

_MAX_ANSWER: Final = 65536
_TRY_LATER: Final = frozenset({408, 425, 429})
_STEPS: Final = 4
"""Connecting, TLS, sending and the head of the answer: each may take the timeout, and no more."""


class WebhookTransport:
    """Posts messages to one address.

    Redirects are not followed, cookies not kept and proxies of the environment not used. Nothing
    that the receiver answers is logged but the status, and of its address only the host.

    Args:
        settings: where and how.
        clock: Unix seconds, for the signature.
        timer: seconds that only run forward, for the limit of an answer.

    Raises:
        ConfigError: address, secret, token or certificate is missing or wrong.
        MissingExtraError: httpx is not installed.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._httpx = _import_httpx()
        self._clock, self._timer = clock, timer
        what = f"webhook {settings.name}"
        self._url = _read_url(settings, what)
        parts = check_url(self._url, ())
        self.name = f"{what} ({parts.scheme}://{parts.netloc})"
        if parts.scheme == "http" and not is_local(parts.hostname or ""):
            _log.warning("%s: plates go over the network unencrypted; use https", self.name)
        self._keys = _read_keys(settings, what)
        self._headers = {"content-type": "application/json", "user-agent": "lpr"}
        if settings.token_env is not None or settings.token_file is not None:
            token = read_secret(settings.token_env, settings.token_file, f"{what}: token")
            if not (token.isascii() and token.isprintable()):
                raise ConfigError(f"{what}: token: must be one line of ASCII")
            self._headers["authorization"] = f"Bearer {token}"
        self._timeout = settings.timeout
        self._extensions = {
            "timeout": self._httpx.Timeout(settings.timeout).as_dict(),
            "trace": self._note_socket,
        }
        self._socket: socket.socket | None = None
        self._late = False
        # The transport below httpx.Client: the client writes whole addresses to the log.
        self._http = self._httpx.HTTPTransport(
            verify=tls_context(settings.tls),
            trust_env=False,
            proxy=self._httpx.Proxy(settings.proxy) if settings.proxy else None,
            limits=self._httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )

    def start(self, reached: Callable[[], None]) -> None:
        """There is nothing to begin: each message finds out whether the receiver is there."""

    def deliver(self, message: OutboxMessage) -> Delivery:
        """Post one message."""
        body = envelope(message)
        timestamp = int(self._clock())
        headers = {
            **self._headers,
            "idempotency-key": message.key,
            ID_HEADER: message.key,
            TIMESTAMP_HEADER: str(timestamp),
        }
        if self._keys:
            headers[SIGNATURE_HEADER] = sign(
                self._keys, key=message.key, timestamp=timestamp, body=body
            )
        request = self._httpx.Request(
            "POST", self._url, headers=headers, content=body, extensions=self._extensions
        )
        self._late = False
        # The timeout alone counts anew with each byte that comes.
        cut = threading.Timer(_STEPS * self._timeout, self._cut)
        cut.daemon = True
        cut.start()
        try:
            answer = self._http.handle_request(request)
        except self._httpx.HTTPError as error:
            reason = "no answer in time" if self._late else type(error).__name__
            return Delivery(Outcome.UNREACHABLE, reason)
        finally:
            cut.cancel()
        try:
            self._drain(answer)
        finally:
            answer.close()
        return _judge(answer.status_code, answer.headers)

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self._http.close()

    def _note_socket(self, step: str, what: Mapping[str, Any]) -> None:
        """Keep the socket of the connection; called by httpx before and after each step."""
        if step.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = what["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        """End the connection under a try that takes too long, in another thread."""
        self._late = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _drain(self, answer: Any) -> None:
        """Read the answer to its end, so that the connection can be used again, or give it up."""
        deadline, size = self._timer() + self._timeout, 0
        try:
            for piece in answer.iter_raw():
                size += len(piece)
                if size > _MAX_ANSWER or self._timer() > deadline:
                    return
        except self._httpx.HTTPError:
            # The status has been given; what was to come does not matter.
            return


def build_webhook(
    settings: WebhookSettings, *, folder: Path, sources: Mapping[str, str] | None = None
) -> DeliverySink:
    """Build the sink that posts events and decisions to one receiver.

    Args:
        settings: the `[[webhooks]]` table.
        folder: where its outbox is, `NAME.outbox` unless the settings name another file.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.

    Raises:
        ConfigError: address, secret, token or certificate is missing or wrong.
        OutputError: the outbox cannot be used.
        MissingExtraError: httpx is not installed.
    """
    transport = WebhookTransport(settings)
    return DeliverySink(
        settings.outbox_file(folder),
        transport,
        settings=settings.outbox,
        name=transport.name,
        sources=sources,
        kinds=settings.events,
        decisions=settings.decisions,
        clear_text=settings.clear_text,
    )


def _read_url(settings: WebhookSettings, what: str) -> str:
    if settings.url is not None:
        return settings.url
    url = read_secret(settings.url_env, settings.url_file, f"{what}: url").strip()
    try:
        check_url(url, settings.allow_hosts)
    except ValueError as error:
        raise ConfigError(f"{what}: {error}") from None
    return url


def _read_keys(settings: WebhookSettings, what: str) -> tuple[bytes, ...]:
    if not settings.signed:
        return ()
    secret = read_secret(settings.secret_env, settings.secret_file, f"{what}: secret")
    return parse_signing_secrets(secret, f"{what}: secret")


def _judge(status: int, headers: Any) -> Delivery:
    if 200 <= status < 300:
        return DELIVERED
    reason = f"status {status}"
    if status in _TRY_LATER or status >= 500:
        return Delivery(Outcome.BUSY, reason, _retry_after(headers.get("retry-after", "")))
    if 300 <= status < 400:
        reason += " (a redirect, which is not followed; configure the final address)"
    return Delivery(Outcome.REFUSED, reason)


def _retry_after(value: str) -> float:
    """Seconds of a Retry-After header; 0 for a date, which own waits cover."""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _import_httpx() -> Any:
    try:
        return import_module("httpx")
    except ImportError as error:
        raise MissingExtraError("httpx", "gate") from error
