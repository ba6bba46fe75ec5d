"""Ctrl-C and SIGTERM at a moment that loses nothing."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import complain


class StopRequest:
    """While entered, the first Ctrl-C or SIGTERM only sets `requested`; a second Ctrl-C interrupts.

    A frame that is being written when the signal comes is thus finished, and the outputs are
    closed in order.
    """

    def __init__(self) -> None:
        self.requested = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def obey(self) -> None:
        """End the command where that was requested; call it when the outputs are closed.

        Raises:
            typer.Exit: it was requested.
        """
        if self.requested:
            complain("interrupted; everything up to here was written")
            raise typer.Exit(ExitCode.INTERRUPTED)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
