"""Options that several commands share, and the configuration they make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lpr.config import EngineConfig

Jsonl = Annotated[
    str | None, typer.Option("--jsonl", help="Write JSON lines to this file, or - for stdout.")
]
Region = Annotated[
    list[str] | None,
    typer.Option("--region", help="Expected countries, for example DE,FR; a soft prior."),
]
Config = Annotated[
    Path | None, typer.Option("--config", help="A configuration file.", readable=False)
]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Threads of each network.", min=1, max=64)
]
RegionOfInterest = Annotated[
    str | None,
    typer.Option(
        "--roi",
        metavar="LEFT,TOP,RIGHT,BOTTOM",
        help="Look at this part of the picture only, in its pixels: 200,300,1280,720.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show nothing.")]


def names(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names of an option that may be repeated, hold several between commas, or be missing.

    >>> names(["DE,FR", "GB"])
    ('DE', 'FR', 'GB')
    """
    if given is None:
        return None
    return tuple(name.strip() for part in given for name in part.split(",") if name.strip())


def keep_regions_apart(sources: Sequence[str], region: Sequence[str] | None) -> None:
    """Notice that `--region DE FR` has made a source of FR.

    Raises:
        UsageError: a source is a region's code, and there is no file of that name.
    """
    from lpr.cli.usage import UsageError
    from lpr.formats.registry import available_regions

    if region is None:
        return
    known = available_regions()
    codes = [one for one in sources if one.lower() in known and not Path(one).exists()]
    if codes:
        every = ",".join((*(names(region) or ()), *codes))
        raise UsageError(
            f"{codes[0]}: no such file or folder; for several regions write --region {every}"
        )


def engine_config(
    config: Path | None,
    region: Sequence[str] | None,
    threads: int | None,
    roi: str | None = None,
) -> EngineConfig:
    """The configuration file with the command line's options over it.

    Raises:
        ConfigError: a key, value or region is wrong.
        UsageError: the roi is none.
    """
    from lpr.cli.usage import UsageError
    from lpr.config import EngineConfig, load_config
    from lpr.errors import ConfigError
    from lpr.roi import parse_roi
    from lpr.settings import check_settings

    base = load_config(config) if config is not None else EngineConfig()
    over = dict(base)
    if region is not None:
        over["regions"] = names(region)
        if not over["regions"]:
            raise ConfigError("command line: --region names no country; leave it out for all")
    if threads is not None:
        over["threads"] = threads
    if roi is not None:
        try:
            over["roi"] = parse_roi(roi)
        except ValueError as error:
            raise UsageError(f"--roi {roi!r}: {error}") from error
    return check_settings(over, EngineConfig, "command line")
