"""TLS to a receiver: its certificate is always checked."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from lpr.errors import ConfigError
from lpr.settings import StrictTable


class TlsSettings(StrictTable):
    """Certificates of a connection; without any, the system's authorities are trusted."""

    ca_file: Path | None = Field(
        default=None, description="Certificate authority of a receiver with its own."
    )
    certificate_file: Path | None = Field(
        default=None, description="Certificate with which this side shows who it is."
    )
    key_file: Path | None = Field(default=None, description="Its private key, without a password.")

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        return self


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return a context that checks the receiver's certificate and name.

    Raises:
        ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(
            cafile=str(settings.ca_file) if settings.ca_file else None
        )
    except OSError as error:
        raise ConfigError(f"{settings.ca_file}: is no certificate authority") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate_file is not None:
        try:
            # An empty password makes an encrypted key fail rather than ask at the terminal.
            context.load_cert_chain(settings.certificate_file, settings.key_file, password="")
        except OSError as error:
            raise ConfigError(
                f"{settings.certificate_file}: certificate or key cannot be used"
            ) from error
    return context
