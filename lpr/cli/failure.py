"""Errors become one clear line and a documented exit code."""

from __future__ import annotations

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
        typer.Exit: always in place of an LprError, Ctrl-C or a closed pipe.
    """
    try:
        yield
    except LprError as error:
        complain(str(error))
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt as error:
        complain("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader of our output went away (`lpr run ... | head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.OUTPUT) from error
