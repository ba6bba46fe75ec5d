"""A table for a spreadsheet, in which no text becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lpr.sinks.output import LineOutput
from lpr.sinks.safe import csv_cell

CORNERS = tuple(f"{axis}{corner}" for corner in range(1, 5) for axis in "xy")
"""The columns of a plate's four corners."""


class CsvTable:
    """Rows under one row of column names, each handed to the system at once.

    Texts cannot become formulas: see `lpr.sinks.safe.csv_cell`.

    Args:
        target: a path, or "-" for standard output.
        columns: their names, in order.
        append: keep what the file holds.

    Raises:
        OutputError: the output cannot be written.
    """

    def __init__(self, target: Path | str, columns: Sequence[str], *, append: bool = False) -> None:
        self._columns = tuple(columns)
        self._output = LineOutput(target, append=append)
        self.name = self._output.name
        if self._output.is_empty:
            self._output.write(_row(self._columns))

    def write(self, cells: Mapping[str, Any]) -> None:
        """Write one row; a column that is missing or None stays empty, other keys are passed over.

        Raises:
            OutputError: it could not be written; the file then ends with the row before.
        """
        self._output.write(_row(_cell(cells.get(column)) for column in self._columns))

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._output.close()


def corner_cells(quad: Iterable[Sequence[float]]) -> dict[str, float]:
    """The cells of four (x, y) corners.

    >>> corner_cells([(1.0, 2.0)])
    {'x1': 1.0, 'y1': 2.0}
    """
    return dict(zip(CORNERS, (value for corner in quad for value in corner), strict=False))


def scores_cell(scores: Iterable[float]) -> str:
    """The cell of several probabilities, separated by spaces."""
    return " ".join(map(str, scores))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else str(value)


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(list(cells))
    return text.getvalue()
