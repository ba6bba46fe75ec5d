"""The commands of `lpr`, each in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from lpr import __version__
from lpr.cli.bench import bench_app
from lpr.cli.config import config_app
from lpr.cli.doctor import doctor
from lpr.cli.evaluate import eval_app
from lpr.cli.events import events_app
from lpr.cli.explain import explain
from lpr.cli.formats import formats
from lpr.cli.gate import gate_app
from lpr.cli.read import read
from lpr.cli.run import run
from lpr.cli.synth import synth_app
from lpr.cli.train import train_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="License plate recognition on a CPU: one right plate per vehicle.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"lpr {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """License plate recognition on a CPU: one right plate per vehicle."""


app.command("run")(run)
app.command("read")(read)
app.command("explain")(explain)
app.command("formats")(formats)
app.command("doctor")(doctor)
app.add_typer(eval_app, name="eval")
app.add_typer(synth_app, name="synth")
app.add_typer(train_app, name="train")
app.add_typer(bench_app, name="bench")
app.add_typer(config_app, name="config")
app.add_typer(gate_app, name="gate")
app.add_typer(events_app, name="events")
