"""Options that several commands share, and the configuration they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lpr.config import EngineConfig

Jsonl = Annotated[
    str | None, typer.Option("--jsonl", help="Write JSON lines to this file, or - for stdout.")
]
Region = Annotated[
    str | None,
    typer.Option("--region", help="Expected countries, for example DE,FR; a soft prior."),
]
Config = Annotated[
    Path | None, typer.Option("--config", help="A configuration file.", readable=False)
]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads of each network.", min=1)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing.")]


def engine_config(config: Path | None, region: str | None, threads: int | None) -> EngineConfig:
    """The configuration file with the command line's options over it.

    Raises:
        ConfigError: a key, value or region is wrong.
    """
    from lpr.config import EngineConfig, load_config
    from lpr.settings import check_settings

    base = load_config(config) if config is not None else EngineConfig()
    over = dict(base)
    if region is not None:
        over["regions"] = tuple(code.strip() for code in region.split(",") if code.strip())
    if threads is not None:
        over["threads"] = threads
    return check_settings(over, EngineConfig, "command line")
