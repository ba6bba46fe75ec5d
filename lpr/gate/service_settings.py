"""The `[service]` table of `gate.toml`: what `lpr gate run` tells, and how patient it is."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from lpr.gate.section import Section
from lpr.sinks.webhook_settings import is_local


class MetricsSettings(Section):
    """`[service.metrics]`: figures for Prometheus over HTTP."""

    enabled: bool = Field(default=True, description="Whether figures are served.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=9464, ge=0, le=65535, description="Port; 0 takes a free one.")
    token_env: str | None = Field(
        default=None, description="Environment variable that holds the bearer token."
    )
    token_file: Path | None = Field(
        default=None, description="File that holds it, relative to this file."
    )

    @property
    def guarded(self) -> bool:
        """Whether callers must show a token."""
        return self.token_env is not None or self.token_file is not None

    @property
    def url_host(self) -> str:
        """The host as it stands in an address: with brackets where it is an IPv6 address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @model_validator(mode="after")
    def _check_host(self) -> Self:
        if not self.guarded and not is_local(self.host):
            raise ValueError(
                f"host {self.host!r} is open to others; give token_env or token_file, or listen on "
                "127.0.0.1"
            )
        return self


class ServiceSettings(Section):
    """`[service]`."""

    health: Path = Field(
        default=Path("health.json"), description="Health file, relative to this file."
    )
    health_every: float = Field(
        default=1.0, ge=0.1, le=60, description="Seconds between two health files."
    )
    worker_timeout: float = Field(
        default=20.0,
        ge=2,
        le=300,
        description="Seconds of silence after which a camera's worker is replaced.",
    )
    stop_timeout: float = Field(
        default=10.0, gt=0, le=120, description="Seconds that a stop may take at most."
    )
    reload_every: float = Field(
        default=2.0, ge=0.1, le=3600, description="Seconds between two looks at the lists' files."
    )
    min_free_mb: int = Field(
        default=64,
        ge=0,
        description="Free space, megabytes, below which nothing opens any more.",
    )
    metrics: MetricsSettings = Field(
        default=MetricsSettings(), description="Figures for Prometheus."
    )
