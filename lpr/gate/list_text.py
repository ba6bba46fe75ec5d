"""The text of a list file: read whole, put in place whole, changed by one edit at a time."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lpr.errors import ConfigError, OutputError

MAX_BYTES: Final = 16 * 1024 * 1024
_PATIENCE: Final = 10.0
"""Seconds that an edit waits for others."""
_PAUSE: Final = 0.02


def read_text(path: Path, *, missing: str | None = None) -> str:
    """Return what a list file holds, without a byte order mark.

    Args:
        path: the file.
        missing: what is returned where there is no such file; None makes that an error.

    Raises:
        ConfigError: it cannot be read, is no regular file, is larger than 16 MiB or no UTF-8.
    """
    try:
        # Looked at before it is opened: to open a pipe is to wait for who writes into it.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: is no regular file; a plate list is one, .csv or .toml")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        if missing is not None:
            return missing
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES // 1024**2} MiB; split the list")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no UTF-8 text; save it as UTF-8") from error


def write_atomically(path: Path, text: str, *, unless_changed_from: str | None = None) -> None:
    """Put a file in place of another: readers see the old one or the new one, never half of one.

    The new file gets the old one's owner, group and mode; a file that was not there is its maker's
    alone (0600). A symbolic link stays one: the file that it points to is replaced. What is edited
    (`unless_changed_from`) keeps its byte order mark, without which spreadsheets break umlauts.

    Args:
        path: the file.
        text: what it shall hold.
        unless_changed_from: what it held when it was read, empty for a file that was not there;
            None does not look.

    Raises:
        ConfigError: somebody else has changed the file meanwhile.
        OutputError: it cannot be written, or its owner, group and mode cannot be kept; the old
            file stays.
    """
    if unless_changed_from is not None and read_text(path, missing="") != unless_changed_from:
        raise ConfigError(f"{path}: was changed meanwhile; try again")
    real = _real(path)
    temporary: Path | None = None
    try:
        old = _status(real)
        descriptor, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
        temporary = Path(name)
        marked = unless_changed_from is not None and old is not None and _is_marked(real)
        encoding = "utf-8-sig" if marked else "utf-8"
        with os.fdopen(descriptor, "w", encoding=encoding, newline="") as file:
            file.write(text)
            file.flush()
            if old is not None:
                _give_back(file.fileno(), old)
            os.fsync(file.fileno())
        temporary.replace(real)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


@contextmanager
def one_edit(path: Path) -> Iterator[None]:
    """Keep other edits of the folder's lists waiting while one of them is read and written.

    The lock is on the folder that the file (not a link to it) is in: each edit replaces the file
    itself, and may be the first to make it. Where the system or the file system has no such locks
    nothing waits; `write_atomically` then still refuses to replace what has changed meanwhile.

    Args:
        path: the list file.

    Raises:
        OutputError: another edit has not ended within 10 seconds.
    """
    descriptor = _open_folder(_real(path).parent)
    try:
        if descriptor is not None:
            _lock(descriptor, path)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _status(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    # A link may lead to a device; that must not become a list.
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no regular file")
    return found


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _give_back(descriptor: int, old: os.stat_result) -> None:
    """Give an open file the owner, group and mode of the one that it replaces."""
    # Windows has no owners and modes of this kind.
    if sys.platform == "win32":
        return
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        try:
            # By the descriptor: the folder's owner could put a link in place of the name.
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except PermissionError as error:
            whose = f"it belongs to user {old.st_uid} and group {old.st_gid}"
            why = f"{whose}, and would not any more; edit it as that user, or as root"
            raise PermissionError(errno.EPERM, why) from error
    # After the owner: to give a file away takes some bits from its mode.
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)


def _open_folder(folder: Path) -> int | None:
    # Windows has no flock.
    if sys.platform == "win32":
        return None
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        # Missing, or not to be read: whoever reads or writes the list says what is wrong.
        return None


def _lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                who = "another program is editing lists in this folder"
                raise OutputError(f"{path}: cannot be written: {who}; try again") from None
            time.sleep(_PAUSE)
        except OSError:
            return  # A network drive without locks.
        else:
            return
