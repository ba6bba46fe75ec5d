"""How rendered plates were made, kept beside them, so that others are not taken for them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomli_w

from lpr.errors import TrainingError

MADE: Final = "made.toml"


def remember_made(folder: Path, made: Mapping[str, Any]) -> None:
    """Write how the plates in a folder are made; the folder is made where it is missing.

    Raises:
        TrainingError: the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MADE).write_text(tomli_w.dumps(made), encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written: {error.strerror}") from error


def recall_made(folder: Path) -> Mapping[str, Any] | None:
    """How the plates in a folder were made: None without a record, nothing of a damaged one."""
    try:
        return tomllib.loads((folder / MADE).read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError:
        return {}
