"""A folder that pictures are written to: made and tried before the work starts."""

from __future__ import annotations

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
