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
        max_bytes: start a new file before one grows beyond this; older ones become FILE.1,
            FILE.2 and so on.
        keep: how many older files are kept.
        sync: wait until each line is on the disk.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(
        self,
        target: Path | str,
        *,
        append: bool = False,
        max_bytes: int | None = None,
        keep: int = 5,
        sync: bool = False,
    ) -> None:
        if (max_bytes is not None and max_bytes < 1) or keep < 1:
            raise ValueError("max_bytes and keep must be at least 1")
        self.name = "standard output" if str(target) == STDOUT else str(target)
        self._path = None if str(target) == STDOUT else Path(target)
        self._max_bytes, self._keep, self._sync = max_bytes, keep, sync
        self._file: BinaryIO | None = self._open(append=append)
        self._regular = self._path is not None and _is_regular(self._file)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in the output yet; a pipe counts as empty."""
        return not self._regular or self._size() == 0

    @property
    def rotates(self) -> bool:
        """Whether the output changes files by size."""
        return self._regular and self._max_bytes is not None

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

    def needs_rotation(self, line: str) -> bool:
        """Whether this line would make the file too large."""
        if not self.rotates or self.is_empty:
            return False
        assert self._max_bytes is not None
        return self._size() + len(line.encode("utf-8", "backslashreplace")) + 1 > self._max_bytes

    def rotate(self) -> None:
        """Begin a new file; the present one becomes FILE.1.

        Raises:
            OutputError: the files cannot be renamed.
        """
        assert self._path is not None
        assert self._file is not None
        names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, self._keep + 1))]
        try:
            for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
                if newer.exists():
                    newer.replace(older)
        except OSError as error:
            raise OutputError(f"{self.name}: cannot start a new file: {_why(error)}") from error
        self._file.close()
        self._file = self._open(append=True)

    def close(self) -> None:
        """Finish; closing twice is harmless. Standard output stays open."""
        file, self._file = self._file, None
        if file is not None and self._path is not None:
            try:
                file.close()
            except OSError as error:
                raise OutputError(f"{self.name}: {_why(error)}") from error

    def _open(self, *, append: bool) -> BinaryIO:
        if self._path is None:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            return cast(BinaryIO, getattr(sys.stdout, "buffer", sys.stdout))
        try:
            file = self._path.open("a+b" if append else "wb", buffering=0)
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.name}: {_why(error, self._path)}") from error
        if append and _is_regular(file) and _is_torn(file):
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


def _is_regular(file: BinaryIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _is_torn(file: BinaryIO) -> bool:
    if os.fstat(file.fileno()).st_size == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _why(error: Exception, path: Path | None = None) -> str:
    if isinstance(error, FileNotFoundError) and path is not None:
        return f"cannot be written: the folder {path.parent} does not exist"
    if isinstance(error, IsADirectoryError):
        return "cannot be written: it is a folder"
    if isinstance(error, BrokenPipeError):
        return "its reader has gone away"
    return f"cannot be written: {getattr(error, 'strerror', None) or error}"
