"""`lpr formats`: the plate formats of a country."""

from __future__ import annotations

from typing import Annotated

import typer

from lpr.cli.failure import clean_exit


def formats(
    region: Annotated[
        str | None, typer.Argument(help="Country code, for example DE; all are listed without.")
    ] = None,
) -> None:
    """List the countries, or one country's plate formats with an example of each."""
    with clean_exit():
        from rich.table import Table
        from rich.text import Text

        from lpr.cli.console import PeopleConsole
        from lpr.formats.registry import available_regions, load_region

        if region is None:
            table = Table("code", "country", "formats", "confidence")
            for found in map(load_region, available_regions()):
                table.add_row(
                    found.code.upper(), found.name, str(len(found.formats)), found.confidence
                )
        else:
            found = load_region(region)
            table = Table("format", "rows", "example", "confidence", title=Text(found.name))
            for one in found.formats:
                rows = " or ".join(str(lines) for lines in one.lines)
                table.add_row(one.name, rows, Text(one.examples[0]), one.confidence)
        PeopleConsole().print(table)
