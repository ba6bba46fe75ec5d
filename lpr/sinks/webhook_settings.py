"""A receiver of webhooks: the `[[webhooks]]` table."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, model_validator

from lpr.settings import StrictTable
from lpr.sinks.outbox_settings import OutboxSettings
from lpr.sinks.tls import TlsSettings
from lpr.types import EventKind

ReceiverName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A name that may stand in file names and logs."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class WebhookSettings(StrictTable):
    """Where events and decisions are posted, and how."""

    name: ReceiverName = Field(description="Name of the receiver, for logs and its outbox file.")
    url: str | None = Field(
        default=None, description="Address, http or https, without user name and password."
    )
    url_env: str | None = Field(
        default=None, description="Environment variable that holds the address, where it is secret."
    )
    url_file: Path | None = Field(default=None, description="File that holds the address.")
    allow_hosts: tuple[str, ...] = Field(
        default=(),
        description="Host names that may be posted to, *.example.org for all below; empty for any.",
    )
    signed: bool = Field(default=True, description="Whether messages are signed (HMAC-SHA256).")
    secret_env: str | None = Field(
        default=None, description="Environment variable that holds the signing secret."
    )
    secret_file: Path | None = Field(
        default=None, description="File that holds the signing secret."
    )
    token_env: str | None = Field(
        default=None, description="Environment variable that holds a bearer token to send along."
    )
    token_file: Path | None = Field(default=None, description="File that holds a bearer token.")
    events: tuple[EventKind, ...] = Field(
        default=tuple(EventKind), description="Kinds of plate events that are sent."
    )
    decisions: bool = Field(default=True, description="Whether the gate's decisions are sent.")
    clear_text: bool = Field(
        default=False,
        description="Whether plates on no list are told although the store keeps pseudonyms.",
    )
    timeout: float = Field(
        default=10.0, gt=0, le=120, description="Seconds to wait for the receiver at each step."
    )
    proxy: str | None = Field(
        default=None,
        description="Proxy, http://host:port; those of the environment are never used.",
    )
    tls: TlsSettings = Field(default=TlsSettings(), description="Certificates.")
    outbox: OutboxSettings = Field(
        default=OutboxSettings(), description="Where messages wait, and for how long."
    )

    def outbox_file(self, folder: Path) -> Path:
        """Its outbox, `NAME.outbox` in a folder unless the table names another file."""
        return folder / (self.outbox.file or f"{self.name}.outbox")

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [one for one in (self.url, self.url_env, self.url_file) if one is not None]
        if len(given) != 1:
            raise ValueError("give one of url, url_env and url_file")
        if self.url is not None:
            check_url(self.url, self.allow_hosts)
        if self.proxy is not None:
            check_url(self.proxy, ())
        has_secret = self.secret_env is not None or self.secret_file is not None
        if self.signed != has_secret:
            raise ValueError(
                "give secret_env or secret_file, or signed = false where the receiver cannot check"
            )
        return self


def check_url(url: str, allow_hosts: tuple[str, ...]) -> SplitResult:
    """Return the parts of an address that may be posted to.

    Raises:
        ValueError: it may not, or is none; the message holds nothing of it but its host.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("the address of a receiver is malformed") from error
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("the address of a receiver needs http:// or https:// and a host")
    if "@" in parts.netloc:
        raise ValueError(
            "the address of a receiver must not hold credentials; use token_env or url_env"
        )
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError("the address of a receiver must be percent-encoded ASCII")
    if allow_hosts and not any(_matches(host, pattern.lower()) for pattern in allow_hosts):
        raise ValueError(f"host {host} is not in allow_hosts")
    return parts


def is_local(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
