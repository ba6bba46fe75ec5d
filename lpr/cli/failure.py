"""Errors become one clear line and a documented exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Literal, TextIO

import typer

from lpr.cli.exit_codes import ExitCode, exit_code
from lpr.errors import LprError, OutputError

# What the system says where there is no room, or no right to write, behind an open file.
_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EROFS, errno.EFBIG, errno.EDQUOT)


def prepare_streams() -> None:
    """Make standard output and error take any text, and nothing where the caller closed them.

    The null device takes the descriptors that are free: no file of ours may get one of theirs.
    `sys.__stdout__` stays None, for who must know that nobody reads.
    """
    if sys.stdin is None:
        sys.stdin = _null("r")
    if sys.stdout is None:
        sys.stdout = _null("w")
    if sys.stderr is None:
        sys.stderr = _null("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _null(mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")


def complain(message: str) -> None:
    """Write one line to standard error, stripped of control characters."""
    line = "".join(char if char.isprintable() else " " for char in message)
    print(f"lpr: {line}", file=sys.stderr, flush=True)


@contextmanager
def clean_exit() -> Iterator[None]:
    """Turn what may go wrong inside into one line and an exit code.

    Raises:
        typer.Exit: always in place of an LprError, Ctrl-C or what the system refuses.
    """
    try:
        yield
        sys.stdout.flush()
    except LprError as error:
        complain(str(error))
        if isinstance(error, OutputError):
            _flush_quietly()
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt as error:
        complain("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from error
    except OSError as error:
        raise typer.Exit(refused(error)) from error


def refused(error: OSError) -> ExitCode:
    """Say what the system refused, in one line, and return the exit code."""
    if isinstance(error, BrokenPipeError):
        # The reader of our output went away (`lpr run ... | head`): nothing is left to say.
        drop(sys.stdout)
        return ExitCode.OUTPUT
    if error.filename is None and error.errno in _UNWRITABLE:
        drop(sys.stdout)
        complain(f"standard output: cannot be written: {error.strerror}")
        return ExitCode.OUTPUT
    where = "" if error.filename is None else f"{error.filename}: "
    complain(f"{where}{error.strerror or error}")
    return ExitCode.OUTPUT if error.errno in _UNWRITABLE else ExitCode.SOURCE


def _flush_quietly() -> None:
    """Write what is left for standard output; that it cannot be written has been said."""
    try:
        sys.stdout.flush()
    except OSError:
        drop(sys.stdout)


@contextmanager
def reader_may_leave(*, files: bool) -> Iterator[None]:
    """Where the reader of what is for people has left, go on without, if files are written, too.

    Raises:
        BrokenPipeError: it has, and there are no files: nothing is left to do.
    """
    try:
        yield
    except BrokenPipeError:
        drop(sys.stdout)
        if not files:
            raise


def drop(stream: IO[str]) -> None:
    """What is left in the buffer goes nowhere, or the interpreter would complain at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    finally:
        os.close(null)
