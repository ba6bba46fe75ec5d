"""What the picture libraries write to standard error by themselves, kept from there."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

_STDERR = 2
_LIBRARY_LINES = re.compile(
    rb"(?:libpng |Corrupt JPEG data|Premature end of JPEG|Unknown Adobe color"
    rb"|Inconsistent progression|Invalid SOS parameters|Warning: unknown JFIF)[^\n]*\n?"
)
"""libjpeg and libpng cannot be told where to write through OpenCV, and name no file."""

_turn = threading.Lock()
if hasattr(os, "register_at_fork"):  # a fork meanwhile would keep the file, and the lock for ever
    os.register_at_fork(
        before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release
    )


@contextmanager
def library_lines_kept() -> Iterator[list[str]]:
    """Keep the lines of libjpeg and libpng from standard error; they are in the list at the end.

    File descriptor 2 is a file of ours meanwhile, for the whole process, one thread at a time:
    what others write there is passed on at the end. It takes 0.07 ms. Where standard error is
    closed, or no file can be made, nothing is kept; on Linux the file is in memory.
    """
    kept: list[str] = []
    with _turn, ExitStack() as opened:
        try:
            file = opened.enter_context(_nameless_file())
            real = os.dup(_STDERR)
        except OSError:
            yield kept
            return
        opened.callback(os.close, real)
        try:
            os.dup2(file.fileno(), _STDERR)
            yield kept
        finally:
            os.dup2(real, _STDERR)
            file.seek(0)
            written = file.read()
            kept += [
                line.decode(errors="replace").strip() for line in _LIBRARY_LINES.findall(written)
            ]
            with suppress(OSError):
                os.write(real, _LIBRARY_LINES.sub(b"", written))


def _nameless_file() -> IO[bytes]:
    """A file in memory: where a disk is full or takes no files, damage is to be told, too."""
    with suppress(AttributeError, OSError):  # not Linux, or a sandbox without it
        return os.fdopen(os.memfd_create("lpr-stderr"), "w+b", buffering=0)
    return tempfile.TemporaryFile()
