"""A folder that pictures are written to: tried before the work starts."""

from __future__ import annotations

import os
from pathlib import Path

from lpr.errors import OutputError
from lpr.sinks.output import why_not_there


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, and find out whether it takes files.

    Raises:
        OutputError: it cannot be made or written to, or there is a file of this name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".lpr-write-test"
        probe.touch()
        probe.unlink()
    except FileExistsError as error:
        raise OutputError(f"{folder}: is a file, and a folder is needed; name another") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise OutputError(f"{folder}: cannot be made: {why_not_there(folder)}") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{folder}: cannot be written to: {why}") from error


def check_folder(folder: Path) -> None:
    """Find out whether a folder takes files, or could be made; none is made.

    Raises:
        OutputError: neither, or there is a file of this name.
    """
    try:
        there = folder.exists()
        place = next(one for one in folder.absolute().parents if one.exists())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{folder}: cannot be written to: {why}") from error
    if there:
        make_folder(folder)
    elif not place.is_dir():
        raise OutputError(f"{folder}: cannot be made: {place} is no folder")
    elif not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: cannot be made: the folder {place} takes no files")
