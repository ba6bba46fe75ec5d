"""`lpr config`: the effective configuration and its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lpr.cli.failure import clean_exit

config_app = typer.Typer(no_args_is_help=True, help="The effective configuration and its schema.")


@config_app.command("show")
def show(
    config: Annotated[
        Path | None, typer.Option(help="A configuration file; the defaults where not given.")
    ] = None,
) -> None:
    """Print every setting as JSON, the defaults filled in."""
    with clean_exit():
        from lpr.config import EngineConfig, load_config

        settings = load_config(config) if config else EngineConfig()
        print(json.dumps(settings.model_dump(mode="json"), indent=2))


@config_app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the configuration file."""
    with clean_exit():
        from lpr.config import EngineConfig

        print(json.dumps(EngineConfig.model_json_schema(), indent=2))
