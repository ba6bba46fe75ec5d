"""The older files of a log that changes files: their names, their age, their compression.

`events.jsonl` becomes `events.2026-11-22.000001.jsonl`, and with `.gz` behind it once compressed.
The number only rises, so the order holds whatever a clock does.
"""

from __future__ import annotations

import gzip
import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Final, TextIO, cast

from lpr.errors import OutputError

_log = logging.getLogger(__name__)

DAY: Final = 86400.0
"""Seconds; a clock is believed when something that was written under it is so old."""

_GAP: Final = 90 * DAY
_GZIP: Final = ".gz"
_PART: Final = ".part"
_CHUNK: Final = 1 << 20


def older_files(path: Path) -> tuple[Path, ...]:
    """Return the older files of a log, oldest first; a compressed one stands for its original.

    Args:
        path: the log's present file.
    """
    found: dict[int, Path] = {}
    pattern = _pattern(path)
    for file in path.parent.glob("*") if path.parent.is_dir() else ():
        match = pattern.fullmatch(file.name)
        if match and (match["gzip"] or int(match["number"]) not in found):
            found[int(match["number"])] = file
    return tuple(found[number] for number in sorted(found))


def log_files(path: Path) -> tuple[Path, ...]:
    """Return all files of a log that exist, oldest first, the present one last."""
    return (*older_files(path), *((path,) if path.exists() else ()))


def read_log(path: Path) -> Iterator[str]:
    """Yield the lines of all files of a log, oldest first, without their ends.

    A file that is compressed meanwhile is read as what it has become, one that is removed meanwhile
    (it was too old) is passed over, and one that begins meanwhile is read in its turn.

    Raises:
        OutputError: there is no such log, or a file cannot be read or is damaged.
    """
    read: set[str] = set()
    while True:
        with ExitStack() as stack:
            # Opened before the others are listed: it may be renamed, but not missed.
            present = stack.enter_context(_text(path)) if path.exists() else None
            older = [file for file in older_files(path) if _plain_name(file) not in read]
            if not older and present is not None:
                yield from _lines(path, present)
            if not older:
                break
        for listed in older:
            read.add(_plain_name(listed))
            yield from _older_lines(listed)
    if not read and present is None:
        raise OutputError(f"{path}: cannot be read: no such file")


def _older_lines(listed: Path) -> Iterator[str]:
    for file in (listed, listed.with_name(f"{listed.name}{_GZIP}")):
        if file.exists():
            with _text(file) as text:
                yield from _lines(file, text)
            return


def _text(file: Path) -> TextIO:
    opener = gzip.open if file.suffix == _GZIP else open
    try:
        return cast(TextIO, opener(file, "rt", encoding="utf-8", errors="replace", newline="\n"))
    except OSError as error:
        raise OutputError(f"{file}: cannot be read: {error.strerror}") from error


def _lines(file: Path, text: TextIO) -> Iterator[str]:
    try:
        for line in text:
            yield line.rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{file}: cannot be read: {why}") from error


def _plain_name(file: Path) -> str:
    return file.name.removesuffix(_GZIP)


def next_name(path: Path, day: date) -> Path:
    """Return the name that the present file takes when it becomes an older one."""
    files = older_files(path)
    match = _pattern(path).fullmatch(files[-1].name) if files else None
    number = int(match["number"]) + 1 if match else 1
    return path.with_name(f"{path.stem}.{day.isoformat()}.{number:06d}{path.suffix}")


def compress_older(path: Path) -> None:
    """Compress the older files of a log; what a crash left half done is done again.

    A file is removed when its compressed copy is on the disk and has been read back.
    """
    for file in path.parent.glob(f"*{_GZIP}{_PART}"):
        if _pattern(path).fullmatch(file.name.removesuffix(_PART)):
            file.unlink(missing_ok=True)
    for file in older_files(path):
        original = file.with_name(file.name.removesuffix(_GZIP))
        if file.suffix != _GZIP:
            try:
                _compress(file)
            except OSError:
                file.with_name(file.name + _GZIP + _PART).unlink(missing_ok=True)
                raise
        original.unlink(missing_ok=True)


def follows_a_gap(path: Path, now: float) -> bool:
    """Whether the clock may be far ahead: nothing was written in the 90 days before the last.

    Args:
        path: the log's present file, which counts though it may be empty.
        now: Unix seconds.
    """
    past = [written for written in _times(log_files(path)) if written <= now - DAY]
    return bool(past) and max(past) < now - _GAP


def date_anew(path: Path, now: float) -> None:
    """Let older files that a wrong clock dated more than a day ahead grow old from now on.

    It may be the present clock that is wrong: so only when a file that came after them is a day
    old by it.

    Args:
        path: the log's present file.
        now: Unix seconds.
    """
    files = older_files(path)
    times = _times(files)
    ahead = [index for index, written in enumerate(times) if written > now + DAY]
    since = times[ahead[-1] + 1 :] if ahead else []
    if any(now - _GAP <= written <= now - DAY for written in since):
        for index in ahead:
            os.utime(files[index], (now, now))


def drop_older(path: Path, *, keep: int | None, oldest: float | None) -> None:
    """Remove older files of a log.

    Args:
        path: the log's present file.
        keep: how many stay; None for all.
        oldest: Unix seconds; files whose last line is older go; None for none.
    """
    files = older_files(path)
    surplus = 0 if keep is None else max(0, len(files) - keep)
    for index, file in enumerate(files):
        if index < surplus or (oldest is not None and file.stat().st_mtime < oldest):
            file.with_name(file.name.removesuffix(_GZIP)).unlink(missing_ok=True)
            file.unlink(missing_ok=True)
            _log.info("%s was removed: it is past what is kept", file)


def sync_folder(folder: Path) -> None:
    """Wait until renamed files are on the disk, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        _log.debug("%s: cannot be synchronised: %s", folder, error)
    finally:
        os.close(descriptor)


def _times(files: Iterable[Path]) -> list[float]:
    """When the last line of each file was written, Unix seconds."""
    return [file.stat().st_mtime for file in files]


def _compress(file: Path) -> None:
    status = file.stat()
    target = file.with_name(file.name + _GZIP)
    part = file.with_name(target.name + _PART)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, status.st_mode & 0o777)
    with os.fdopen(descriptor, "wb") as raw:
        with file.open("rb") as source, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            shutil.copyfileobj(source, packed, _CHUNK)
        raw.flush()
        os.fsync(raw.fileno())
    size = 0
    with gzip.open(part, "rb") as packed_again:
        while piece := packed_again.read(_CHUNK):
            size += len(piece)
    if size != status.st_size:
        raise OSError(f"{part}: holds {size} bytes of {status.st_size}")
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
    part.replace(target)
    sync_folder(file.parent)


def _pattern(path: Path) -> re.Pattern[str]:
    return re.compile(
        re.escape(path.stem)
        + r"\.\d{4}-\d{2}-\d{2}\.(?P<number>\d{6,})"
        + re.escape(path.suffix)
        + r"(?P<gzip>\.gz)?"
    )
