"""`lpr explain`: the readings, weights and votes behind one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpr.cli.failure import clean_exit


def explain(
    events: Annotated[
        Path, typer.Argument(help="The file that `lpr run --jsonl` wrote.", readable=False)
    ],
    track: Annotated[int, typer.Argument(help="The event's track_id.")],
    camera: Annotated[
        str | None, typer.Option(help="The camera, where the file holds several.")
    ] = None,
) -> None:
    """Show why a plate got its verdict: readings, weights, votes and the rule."""
    with clean_exit():
        from rich.table import Column, Table
        from rich.text import Text

        from lpr.cli.console import PeopleConsole
        from lpr.cli.explanations import read_explanations
        from lpr.errors import SourceError
        from lpr.sinks.safe import safe_text
        from lpr.vote.explain import summarize, tabulate

        # Of several lines of one id the last one holds.
        known = {(name, one.track_id): one for name, one in read_explanations(events)}
        asked = [(name, one) for (name, _), one in known.items() if camera in (None, name)]
        # A track that slipped to another vehicle is one of that vehicle's, too.
        found = [(name, one) for name, one in asked if one.track_id == track] or [
            (name, one) for name, one in asked if track in one.tracks
        ]
        if not found:
            ids = ", ".join(f"{name}#{number}" for name, number in known) or "none"
            whose = "" if camera is None else f" of camera {camera!r}"
            raise SourceError(f"{events}: no track {track}{whose}; known: {ids}")
        console = PeopleConsole()
        for name, explanation in found:
            console.print(Text(safe_text(f"{name}: {summarize(explanation)}")))
            for part in tabulate(explanation):
                cells = [[Text(safe_text(cell)) for cell in row] for row in part.rows]
                # Where there is little room, everything else gives way to the plates.
                columns = [Column(name, overflow="fold") for name in part.header]
                if "text" in part.header:
                    place = part.header.index("text")
                    columns[place].no_wrap = True
                    columns[place].min_width = max(
                        (row[place].cell_len for row in cells), default=0
                    )
                table = Table(
                    *columns,
                    title=part.title,
                    title_justify="left",
                    box=None,  # nine columns and a plate go into 80 characters without borders
                    padding=(0, 2, 0, 0),
                    pad_edge=False,
                )
                for row in cells:
                    table.add_row(*row)
                console.print()
                console.print(table)
