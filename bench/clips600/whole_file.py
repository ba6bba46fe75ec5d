"""A file that is there whole, or as it was before."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lpr.errors import OutputError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in place of the one that is there; its folder is made.

    What is there and is no file, as a pipe or /dev/stdout, is written to as it is.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
