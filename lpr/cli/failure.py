"""Errors become one clear line and a documented exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from lpr.cli.exit_codes import ExitCode, exit_code
from lpr.errors import LprError


def complain(message: str) -> None:
    """Write one line to standard error, stripped of control characters."""
    line = "".join(char if char.isprintable() else " " for char in message)
    print(f"lpr: {line}", file=sys.stderr, flush=True)


@contextmanager
def clean_exit() -> Iterator[None]:
    """Turn what may go wrong inside into one line and an exit code.

    Raises:
        typer.Exit: always in place of an LprError, Ctrl-C, a closed pipe or a full disk.
    """
    try:
        yield
        sys.stdout.flush()
    except LprError as error:
        complain(str(error))
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt as error:
        complain("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader of our output went away (`lpr run ... | head`): nothing is left to say.
        _drop_stdout()
        raise typer.Exit(ExitCode.OUTPUT) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            raise
        _drop_stdout()
        complain(f"standard output: cannot be written: {error.strerror}")
        raise typer.Exit(ExitCode.OUTPUT) from error


def _drop_stdout() -> None:
    """What is left in the buffer goes nowhere, or the interpreter would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
