"""No output takes the place of what is read, or of another output."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from lpr.cli.explanations import explanation_path
from lpr.errors import OutputError, SourceError
from lpr.sinks.output import STDOUT

_DEVICES = (Path("/dev"), Path("/dev/fd"))
"""Where a name may be a link to a regular file: `--jsonl /dev/stdout >events.jsonl`."""


def explained(jsonl: str | None) -> Path | None:
    """Where the explanations of `--jsonl` go; None for nowhere, as beside a device or a pipe."""
    if jsonl is None or jsonl == STDOUT or Path(jsonl).parent in _DEVICES:
        return None
    if not _is_absent_or_regular(jsonl):
        return None
    return explanation_path(Path(jsonl))


def source_files(address: str) -> tuple[str | Path, ...]:
    """The files that a source is read from: itself or, for a folder, its pictures."""
    from lpr.sources.address import SourceKind, parse_address
    from lpr.sources.pictures import list_pictures

    try:
        where = parse_address(address)
        if where.kind is SourceKind.FOLDER:
            return list_pictures(where.target)
    except SourceError:
        return (address,)
    return (where.target,) if where.kind in (SourceKind.VIDEO, SourceKind.PICTURE) else ()


def keep_inputs(
    inputs: Iterable[str | Path | None],
    outputs: Iterable[str | Path | None],
    *,
    reserved: Iterable[Path] = (),
) -> None:
    """Refuse outputs that would overwrite an input or each other, whatever they are called.

    Args:
        inputs: sources and configuration files; what is no file is passed over.
        outputs: files to be written, "-" for standard output, None for those not wanted.
        reserved: files of a site and its store, also those that are not there yet.

    Raises:
        OutputError: two of them are the same file.
    """
    read = {_identity(one) for one in inputs if one is not None and _status(one) is not None}
    kept = {_identity(one) for one in reserved}
    written: set[object] = set()
    for output in outputs:
        if output is None:
            continue
        itself = STDOUT if str(output) == STDOUT else _identity(output)
        if itself in read:
            raise OutputError(f"{output}: is a source; name another file for the output")
        if itself in kept:
            raise OutputError(f"{output}: belongs to the site; name another file for the output")
        if itself in written:
            raise OutputError(f"{output}: two outputs go there; name another file for one of them")
        if itself == STDOUT or _is_absent_or_regular(output):
            written.add(itself)


def keep_pictures(inputs: Iterable[str | Path], crops: Path | None) -> None:
    """Refuse a folder for crops in which a source's pictures lie: crops are pictures, too.

    Raises:
        OutputError: one of the sources lies there and is a JPEG picture, as crops are.
    """
    if crops is None:
        return
    for one in map(Path, inputs):
        if one.suffix.lower() in (".jpg", ".jpeg") and _identity(one.parent) == _identity(crops):
            raise OutputError(f"{crops}: {one.name} is a source; name another folder for the crops")


def keep_from_copies(
    kept: Iterable[str | Path | None], folder: Path, copies: Iterable[Path]
) -> None:
    """Refuse a folder for copies of pictures in which one of them would replace what must stay.

    Args:
        kept: sources, the configuration and other outputs.
        folder: where the copies go.
        copies: the files that are to be written there.

    Raises:
        OutputError: a copy would take the place of one of them.
    """
    there = {_identity(one) for one in kept if one is not None and str(one) != STDOUT}
    for copy in copies:
        if _identity(copy) in there:
            raise OutputError(
                f"{folder}: {copy.relative_to(folder)} in it is a source or another output; "
                "name another folder for the annotated pictures"
            )


def _identity(path: str | Path) -> object:
    """The same for two names of one file, links of either kind included."""
    status = _status(path)
    return os.path.realpath(path) if status is None else (status.st_dev, status.st_ino)


def _is_absent_or_regular(path: str | Path) -> bool:
    status = _status(path)
    return status is None or stat.S_ISREG(status.st_mode)


def _status(path: str | Path) -> os.stat_result | None:
    """What the system says of a file; None where it is absent or out of reach."""
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None
