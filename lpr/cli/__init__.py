"""The command `lpr`: each command parses, builds and prints; the work is done below."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the command `lpr`."""
    try:
        from lpr.cli.failure import prepare_streams, refused

        prepare_streams()
        from lpr.cli.app import app

        try:
            try:
                app()
            finally:
                sys.stdout.flush()
        except OSError as error:
            # No command's, which tells its own, but what `--help` and `--version` write.
            sys.exit(refused(error))
    except KeyboardInterrupt:
        # Before any command could say so; afterwards each one does.
        from lpr.cli.exit_codes import ExitCode

        sys.stderr.write("lpr: interrupted\n")
        sys.exit(ExitCode.INTERRUPTED)
