"""The console of what is for people, which outlives its reader."""

from __future__ import annotations

from rich.console import Console

from lpr.cli.failure import drop


class PeopleConsole(Console):
    """A console without colours of its own; rich ends the process where a pipe's reader leaves.

    Args:
        stderr: standard error in place of standard output.
        files: whether files are written, too: then the work goes on, and nothing more is shown.

    Raises:
        BrokenPipeError: by what prints, once: the reader has left and there are no files.
    """

    def __init__(self, *, stderr: bool = False, files: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False)
        self._files = files

    def on_broken_pipe(self) -> None:
        """Show nothing any more."""
        self.quiet = True
        drop(self.file)
        if not self._files:
            raise BrokenPipeError
