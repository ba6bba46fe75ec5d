"""What every report offers, Markdown tables, and the writing of a report to a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from lpr.errors import OutputError
from lpr.evaluate.failures import Failure, contact_sheets, remove_sheets

Progress = Callable[[int, int], None]
"""Is told how many of how many are done."""


class Report(Protocol):
    """A finished evaluation."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What went wrong, for looking at."""
        ...

    def to_json(self) -> dict[str, object]:
        """Every figure with its n and interval, as JSON values."""
        ...

    def to_markdown(self) -> str:
        """The same for people."""
        ...


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table.

    >>> print(table(["set", "n"], [["val", 3]]))
    | set | n |
    |---|---|
    | val | 3 |
    """
    lines = [_line(header), "|" + "---|" * len(header), *(_line(row) for row in rows)]
    return "\n".join(lines)


def write_report(report: Report, folder: Path, name: str, *, sheets: bool = True) -> list[Path]:
    """Write `<name>.md`, `<name>.json` and contact sheets of the failures into a folder.

    Contact sheets of an earlier report of this name are deleted first: beside these figures they
    would show failures that are no more.

    Returns:
        The files written.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_sheets(folder, name)
        markdown, data = folder / f"{name}.md", folder / f"{name}.json"
        markdown.write_text(report.to_markdown() + "\n", encoding="utf-8")
        text = json.dumps(report.to_json(), ensure_ascii=False, indent=1)
        data.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the report to {folder}: {error}") from error
    drawn = contact_sheets(report.failures, folder, name) if sheets else []
    return [markdown, data, *drawn]


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
