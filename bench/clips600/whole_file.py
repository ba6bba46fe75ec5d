"""A file that is there whole, or as it was before."""

from __future__ import annotations

from pathlib import Path

from lpr.errors import OutputError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in place of the one that is there; its folder is made.

    Raises:
        OutputError: it cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
