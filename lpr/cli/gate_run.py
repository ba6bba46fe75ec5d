"""`lpr gate run`: the gates of a site, until told to stop."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit, complain


def run(
    config: Annotated[Path, typer.Argument(help="The site's gate.toml.")],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run a site: watch its cameras, decide, open where it is armed.

    SIGTERM or Ctrl-C ends it in order, a second one at once; SIGHUP loads the plate lists.
    """
    with clean_exit():
        from lpr.gate import load_gate_config
        from lpr.service.build import running_site
        from lpr.service.signals import Signals

        _log_to_stderr(verbose)
        site = load_gate_config(config)
        for gate in site.gates:
            state = "ARMED: it opens" if site.opens(gate) else "dry run: it never opens"
            print(f"gate {gate.name}: {state}", file=sys.stderr)
        with Signals() as signals, running_site(site) as service:
            in_order = service.run(signals)
        if not in_order:
            complain("stopped before everything was told")
            raise typer.Exit(ExitCode.INTERRUPTED)


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # Foreign libraries log addresses and payloads at these levels.
    for name in ("httpx", "httpcore", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
