"""`lpr explain`: the readings, weights and votes behind one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpr.cli.failure import clean_exit


def explain(
    events: Annotated[Path, typer.Argument(help="The file that `lpr run --jsonl` wrote.")],
    track: Annotated[int, typer.Argument(help="The event's track_id.")],
    camera: Annotated[
        str | None, typer.Option(help="The camera, where the file holds several.")
    ] = None,
) -> None:
    """Show why a plate got its verdict: readings, weights, votes and the rule."""
    with clean_exit():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        from lpr.cli.explanations import read_explanations
        from lpr.errors import SourceError
        from lpr.vote.explain import summarize, tabulate

        known = [
            (name, one)
            for name, one in read_explanations(events)
            if camera is None or name == camera
        ]
        found = [(name, one) for name, one in known if track in (one.track_id, *one.tracks)]
        if not found:
            ids = ", ".join(f"{name}#{one.track_id}" for name, one in known) or "none"
            raise SourceError(f"{events}: no track {track}; known: {ids}")
        console = Console()
        for name, explanation in found:
            console.print(Text(f"{name}: {summarize(explanation)}"))
            for part in tabulate(explanation):
                table = Table(*part.header, title=part.title, title_justify="left")
                for row in part.rows:
                    table.add_row(*(Text(cell) for cell in row))
                console.print(table)
