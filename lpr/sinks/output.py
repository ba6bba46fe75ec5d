"""A text output that loses nothing that was written to it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO, cast

from lpr.errors import OutputError

STDOUT = "-"


class LineOutput:
    """Whole lines to a file or to standard output, each handed to the system at once.

    The file is opened here, so that a wrong path is found before work starts. A line is written
    whole or not at all: a write cut by a full disk is taken back.

    Args:
        target: a path, or "-" for standard output.
        append: keep what a file holds; a last line torn by a crash gets its end.
        sync: wait until each line is on the disk.
        alone: refuse a file that another output has open alone. What is written anew always is.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(
        self,
        target: Path | str,
        *,
        append: bool = False,
        sync: bool = False,
        alone: bool = False,
    ) -> None:
        self.name = "standard output" if str(target) == STDOUT else str(target)
        self._path = None if str(target) == STDOUT else Path(target)
        self._sync = sync
        self._file: BinaryIO | None = self._open(append=append, alone=alone or not append)
        self._regular = self._path is not None and _is_regular(self._file)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in the output yet; a pipe counts as empty."""
        return self.size == 0

    @property
    def size(self) -> int:
        """Bytes in the output; 0 for a pipe, and once it is closed."""
        return self._size() if self._regular and self._file is not None else 0

    @property
    def is_in_place(self) -> bool:
        """Whether what is written can be found under its name: nobody moved or removed the file."""
        if self._path is None or self._file is None:
            return True
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def write(self, line: str) -> None:
        """Write one line; its end is added.

        Raises:
            OutputError: it could not be written, or the output is closed.
        """
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        if self._file is None:
            raise OutputError(f"{self.name}: already closed")
        try:
            self._write(self._file, data)
        except OSError as error:
            raise OutputError(f"{self.name}: {_why(error)}") from error

    def sync(self) -> None:
        """Wait until what was written is on the disk; nothing to wait for once it is closed.

        Raises:
            OutputError: the disk did not take it.
        """
        if self._file is None or not self._regular:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(f"{self.name}: {_why(error)}") from error

    def close(self) -> None:
        """Finish; closing twice is harmless. Standard output stays open."""
        file, self._file = self._file, None
        if file is not None and self._path is not None:
            try:
                file.close()
            except OSError as error:
                raise OutputError(f"{self.name}: {_why(error)}") from error

    def _open(self, *, append: bool, alone: bool) -> BinaryIO:
        if self._path is None:
            if sys.__stdout__ is None:
                raise OutputError(f"{self.name}: cannot be written: it is closed")
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            return cast(BinaryIO, getattr(sys.stdout, "buffer", sys.stdout))
        file = claim(self._path) if alone else _open(self._path)
        if not _is_regular(file):
            return file
        if not append:
            file.truncate(0)
        elif _is_torn(file):
            file.write(b"\n")
        return file

    def _write(self, file: BinaryIO, data: bytes) -> None:
        before = self._size() if self._regular else 0
        try:
            _write_all(file, data)
            if self._sync and self._regular:
                os.fsync(file.fileno())
        except OSError:
            if self._regular:
                with contextlib.suppress(OSError):
                    os.ftruncate(file.fileno(), before)
                    file.seek(0, os.SEEK_END)
            raise

    def _size(self) -> int:
        assert self._file is not None
        return os.fstat(self._file.fileno()).st_size


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = file.write(view)
        if not written:
            raise OSError(errno.EIO, "nothing was written")
        view = view[written:]
    file.flush()


def check_writable(path: Path) -> None:
    """Find out whether a file can be written anew; what it holds stays, and none is made.

    Raises:
        OutputError: it cannot be, or another program is writing it.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        folder = Path(os.path.realpath(path)).parent  # a link may lead to where nothing is yet
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{path}: {_why(error, path)}") from error
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: {_why(error, path)}") from error
    else:
        # A pipe is left alone: its reader would take the closing for the end.
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            claim(path).close()


def claim(path: Path) -> BinaryIO:
    """Open a file, and keep other programs from doing the same.

    What it holds stays for now. The claim ends when the file is closed, or with the process.

    Raises:
        OutputError: it cannot be written, or another program is writing it.
    """
    file = _open(path)
    try:
        import fcntl
    except ImportError:  # Windows
        return file
    if _is_regular(file):
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise OutputError(f"{path}: another program is writing it") from error
        except OSError:
            pass  # A network drive without locks.
    return file


def why_not_there(path: Path) -> str:
    """What the system does not tell of what is not there and cannot be made."""
    link = ""
    if path.is_symlink():
        path = Path(os.path.realpath(path))
        link = f"it is a link to {path}, and "
    file = next((one for one in path.parents if one.exists() and not one.is_dir()), None)
    if file is not None:
        return f"{link}{file} is no folder"
    if not path.parent.exists():
        return f"{link}the folder {path.parent} does not exist"
    # Folders of the system's own, as /proc, look writable and are not.
    return f"{link}the folder {path.parent} takes no files"


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("a+b", buffering=0)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: {_why(error, path)}") from error


def _is_regular(file: BinaryIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _is_torn(file: BinaryIO) -> bool:
    if os.fstat(file.fileno()).st_size == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _why(error: Exception, path: Path | None = None) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError) and path is not None:
        return f"cannot be written: {why_not_there(path)}"
    if isinstance(error, IsADirectoryError):
        return "cannot be written: it is a folder"
    if isinstance(error, BrokenPipeError):
        return "its reader has gone away"
    return f"cannot be written: {getattr(error, 'strerror', None) or error}"
