"""The history of benchmark runs, drawn: latency, memory and accuracy over revisions."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from lpr.errors import ConfigError, MissingExtraError, OutputError
from lpr.latency.conditions import Conditions
from lpr.latency.record import FLOOR, BenchRecord, load_record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (
    ("ms", "latency, ms"),
    ("MB", "memory and size, MB"),
    ("share", "accuracy, share right"),
    ("s", "start, s"),
    ("fps", "throughput, frames/s"),
)
_ROW_HEIGHT, _WIDTH = 3.2, 9.0


def load_history(folder: Path) -> tuple[BenchRecord, ...]:
    """Every record of a folder (`*.json`), oldest first.

    Raises:
        ConfigError: the folder has none, or one of them is no benchmark record.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        make = "" if folder.is_dir() else f"mkdir -p {quote(str(folder))} && "
        raise ConfigError(
            f"{folder}: holds no benchmark records; make one with: "
            f"{make}lpr bench --json {quote(str(folder / 'now.json'))}"
        )
    return tuple(sorted((load_record(path) for path in paths), key=lambda record: record.taken))


def draw_history(records: Sequence[BenchRecord], path: Path) -> None:
    """Draw the records over revisions, one column of charts per machine and way of measuring.

    Lines never join two machines, two clips or two numbers of threads: absolute times are only
    compared where `lpr bench --baseline` compares them.

    Args:
        records: in order of time.
        path: `.svg` for the charts alone, `.html` for a page with the charts and a table.

    Raises:
        ConfigError: there is no record, or the ending is neither of the two.
        MissingExtraError: matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    if not records:
        raise ConfigError("no benchmark records to draw")
    if path.suffix not in (".svg", ".html"):
        raise ConfigError(f"{path}: give a report the ending .svg or .html")
    picture = _svg(records)
    text = picture if path.suffix == ".svg" else _page(records, picture)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def comparable(records: Sequence[BenchRecord]) -> tuple[tuple[BenchRecord, ...], ...]:
    """The records that may be compared: of one machine, clip, number of frames, threads and so on.

    Groups are in order of their first record; a clip that was renamed is the same clip.
    """
    groups: dict[tuple[str, Conditions | None], list[BenchRecord]] = {}
    for record in records:
        taken = record.conditions and record.conditions.model_copy(update={"clip": ""})
        groups.setdefault((record.machine.id, taken), []).append(record)
    return tuple(tuple(group) for group in groups.values())


def _svg(records: Sequence[BenchRecord]) -> str:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "bench") from error
    groups = comparable(records)
    panels = [
        (unit, title)
        for unit, title in PANELS
        if any(figure.unit == unit for record in records for figure in record.figures)
    ]
    # Fixed ids and no date: the same history gives the same file.
    with mpl.rc_context({"svg.hashsalt": "lpr", "svg.fonttype": "none", "font.size": 8}):
        drawing = Figure(
            figsize=(_WIDTH * len(groups), _ROW_HEIGHT * max(1, len(panels))),
            layout="constrained",
        )
        grid = drawing.subplots(max(1, len(panels)), len(groups), squeeze=False)
        for column, group in enumerate(groups):
            for row, (unit, title) in enumerate(panels):
                _panel(grid[row][column], group, unit, title)
            machine = group[0].machine
            title = f"{machine.cpu}, {machine.cores} cores [{machine.id}]"
            grid[0][column].set_title("\n".join([title, *_taken(group)]), parse_math=False)
        buffer = io.StringIO()
        drawing.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _panel(axes: Axes, records: Sequence[BenchRecord], unit: str, title: str) -> None:
    names = dict.fromkeys(
        figure.name
        for record in records
        for figure in record.figures
        if figure.unit == unit
        and not figure.name.endswith(".p95")
        # They are judged, and say the same a second time.
        and not figure.name.startswith(FLOOR)
    )
    for name in names:
        points = [(i, record.value(name)) for i, record in enumerate(records)]
        known = [(i, value) for i, value in points if value is not None]
        axes.plot([i for i, _ in known], [v for _, v in known], marker="o", ms=3, label=name)
    axes.set_ylabel(title)
    axes.set_xticks(range(len(records)), [record.revision[:9] for record in records], rotation=45)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, alpha=0.3)
    if names:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=6)


def _page(records: Sequence[BenchRecord], picture: str) -> str:
    svg = picture[picture.index("<svg") :]
    tables = "\n".join(_table(group) for group in comparable(records))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        "<title>lpr: benchmark history</title>\n"
        "<style>body{font:14px sans-serif;margin:2em}svg{max-width:100%;height:auto}"
        "td,th{padding:2px 8px;text-align:right}td:first-child,th:first-child{text-align:left}"
        "</style></head>\n<body><h1>Benchmark history</h1>\n"
        f"{svg}\n{tables}\n</body></html>\n"
    )


def _table(records: Sequence[BenchRecord]) -> str:
    machine = records[0].machine
    names = dict.fromkeys(
        (figure.name, figure.unit) for record in records for figure in record.figures
    )
    head = "".join(f"<th>{html.escape(record.revision[:9])}</th>" for record in records)
    rows = []
    for name, unit in names:
        cells = "".join(_cell(record.value(name)) for record in records)
        rows.append(f"<tr><td>{html.escape(name)} [{html.escape(unit)}]</td>{cells}</tr>")
    return (
        f"<h2>{html.escape(machine.cpu)}, {machine.cores} cores, {html.escape(machine.system)}, "
        f"Python {html.escape(machine.python)}</h2>\n"
        + "".join(f"<p>{html.escape(line)}</p>\n" for line in _taken(records))
        + f"<table><tr><th>figure</th>{head}</tr>\n"
        + "\n".join(rows)
        + "</table>"
    )


def _taken(records: Sequence[BenchRecord]) -> tuple[str, ...]:
    """How these were taken, in a line; nothing where they do not say."""
    how = records[-1].conditions
    if how is None:
        return ()
    threads = "1 thread" if how.threads == 1 else f"{how.threads} threads"
    return (
        f"{how.clip}: {how.width}x{how.height}, {how.frames} frames behind {how.warmup}, "
        f"best of {how.passes}, {threads}",
    )


def _cell(value: float | None) -> str:
    return f"<td>{value:.4g}</td>" if value is not None else "<td></td>"
