"""What a person sees of a run: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from lpr.cli.shown import shown_probability
from lpr.cli.summary import RunSummary, peak_memory_mb
from lpr.sinks.safe import safe_text
from lpr.types import EventKind, PlateEvent

_ROWS = 12
_PLATE_WIDTH = 10
"""Columns that a plate's text keeps on any terminal."""


class RunView:
    """Shows progress and events.

    Args:
        console: where to; a terminal gets a live table and a progress bar, anything else lines.
        quiet: show nothing at all.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._rows: dict[tuple[str, int], PlateEvent] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f} frames, {task.fields[fps]:.0f} a second"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._live: Live | None = None
        if console.is_terminal and not quiet:
            self._live = Live(
                get_renderable=self._render, console=console, refresh_per_second=4, transient=True
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, name: str, frames: int | None) -> None:
        """A source starts; `frames` is its expected number of frames."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(safe_text(name), total=frames, fps=0.0)

    def advance(self, summary: RunSummary, frame: int) -> None:
        """One more frame is done; `frame` counts within the source."""
        if self._live is not None and self._task is not None:
            self._progress.update(self._task, completed=frame, fps=summary.frames_per_second)

    def event(self, event: PlateEvent) -> None:
        """Show one event."""
        if self._quiet:
            return
        if self._live is None:
            self._console.print(Text(event_line(event)), soft_wrap=True)
        elif event.kind is not EventKind.DEPARTED:
            self._rows[event.camera, event.track_id] = event

    def summary(self, summary: RunSummary) -> None:
        """Show what the whole run did."""
        if self._quiet:
            return
        if self._live is not None and self._rows:
            self._console.print(_event_table(list(self._rows.values())))
        self._console.print(Text(_totals(summary)), soft_wrap=True)
        percentiles = summary.percentiles()
        if percentiles:
            self._console.print(_latency_table(percentiles))

    def _render(self) -> RenderableType:
        return Group(_event_table(list(self._rows.values())[-_ROWS:]), self._progress)


def event_line(event: PlateEvent) -> str:
    """One event as a line of text."""
    head = f"{event.time:9.2f} s  {safe_text(event.camera)}#{event.track_id}  {event.kind}"
    if event.kind is EventKind.UNREAD:
        return f"{head}  {event.reason}"
    region = f" {event.region}" if event.region else ""
    text = safe_text(event.text)
    sure = shown_probability(event.confidence)
    return f"{head}  {text}{region}  {sure}  ({event.readings} readings)"


def _event_table(events: list[PlateEvent]) -> Table:
    # Where the terminal is narrow, everything else gives way to the plate.
    plate = Column("plate", no_wrap=True, min_width=_PLATE_WIDTH)
    table = Table("seen", "camera", "track", plate, "country", "confidence", "readings")
    for event in events:
        read = event.kind is not EventKind.UNREAD
        table.add_row(
            f"{event.first_seen:.1f} s",
            Text(safe_text(event.camera)),
            str(event.track_id),
            Text(safe_text(event.text)) if read else Text(f"unread: {event.reason}", style="dim"),
            event.region or "",
            shown_probability(event.confidence) if read else "",
            str(event.readings),
        )
    return table


def _totals(summary: RunSummary) -> str:
    plates = len(summary.verdicts)
    parts = [
        f"{plates} plate{'' if plates == 1 else 's'}",
        f"{len(summary.unread)} unread",
        f"{summary.frames} frames in {summary.seconds:.1f} s"
        f" ({summary.frames_per_second:.0f} a second)",
        f"peak memory {peak_memory_mb():.0f} MiB",
    ]
    if summary.dropped:
        parts.insert(3, f"{summary.dropped} dropped")
    return ", ".join(parts)


def _latency_table(percentiles: dict[str, tuple[float, float, float]]) -> Table:
    table = Table("milliseconds", "p50", "p95", "p99")
    for name, values in percentiles.items():
        table.add_row(name, *(f"{value:.2f}" for value in values))
    return table
