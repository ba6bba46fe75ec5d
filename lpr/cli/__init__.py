"""The command `lpr`: each command parses, builds and prints; the work is done below."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Entry point of the command `lpr`."""
    try:
        from lpr.cli.app import app

        app()
    except KeyboardInterrupt:
        # Before any command could say so; afterwards each one does.
        sys.stderr.write("lpr: interrupted\n")
        sys.exit(_INTERRUPTED)
