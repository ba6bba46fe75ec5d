"""Secrets come from the environment or from a file, never from the configuration itself."""

from __future__ import annotations

import os
from pathlib import Path

from lpr.errors import ConfigError


def read_secret(env: str | None, file: Path | None, what: str) -> str:
    """Return a secret.

    Args:
        env: name of the environment variable that holds it.
        file: file that holds it; a newline at its end is dropped.
        what: what it is, for the error.

    Raises:
        ConfigError: it is missing or empty.
    """
    if env is not None:
        secret = os.environ.get(env, "")
        if not secret:
            raise ConfigError(f"{what}: the environment variable {env} is not set")
        return secret
    if file is None:
        raise ConfigError(f"{what}: give the environment variable or the file that holds it")
    try:
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what}: {file} cannot be read") from error
    if not secret:
        raise ConfigError(f"{what}: {file} is empty")
    return secret
