"""The command `lpr`: each command parses, builds and prints; the work is done below."""

from __future__ import annotations


def main() -> None:
    """Entry point of the command `lpr`."""
    from lpr.cli.app import app

    app()
