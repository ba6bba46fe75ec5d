"""Events as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from lpr.errors import OutputError
from lpr.sinks.output import LineOutput
from lpr.sinks.safe import csv_cell
from lpr.sinks.wire import JsonObject, event_to_json
from lpr.types import PlateEvent

COLUMNS = (
    "kind",
    "source",
    "camera",
    "track_id",
    "text",
    "raw_text",
    "confidence",
    "region",
    "readings",
    "agreeing",
    "first_seen",
    "time",
    "frame_index",
    "reason",
    "char_scores",
    "alternatives",
    *(f"{axis}{corner}" for corner in range(1, 5) for axis in "xy"),
)


class CsvSink:
    """Writes each event as a row, at once, under one row of column names.

    Texts cannot become formulas: see `lpr.sinks.safe.csv_cell`.

    Args:
        target: a path, or "-" for standard output.
        sources: address of each camera's source, without credentials; the camera's name elsewhere.
            Looked up with each event: cameras may come later.
        append: keep what the file holds.

    Raises:
        OutputError: the output cannot be written.
    """

    def __init__(
        self, target: Path | str, *, sources: Mapping[str, str] | None = None, append: bool = False
    ) -> None:
        self._sources: Mapping[str, str] = {} if sources is None else sources
        self._output = LineOutput(target, append=append)
        if self._output.is_empty:
            self._output.write(_row(COLUMNS))

    def emit(self, event: PlateEvent) -> None:
        """Write one event.

        Raises:
            OutputError: it could not be written; the file then ends with the event before.
        """
        try:
            record = event_to_json(event, source=self._sources.get(event.camera))
        except ValueError as error:
            raise OutputError(f"{self._output.name}: event not written: {error}") from error
        self._output.write(_row(_cells(record)))

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._output.close()


def _cells(record: JsonObject) -> Iterable[str]:
    flat = dict(record)
    flat["char_scores"] = " ".join(str(score) for score in record["char_scores"])
    flat["alternatives"] = " ".join(
        f"{other['text']}:{other['probability']}" for other in record["alternatives"]
    )
    for corner, (x, y) in enumerate(record["quad"], start=1):
        flat[f"x{corner}"], flat[f"y{corner}"] = x, y
    return (_cell(flat[column]) for column in COLUMNS)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else str(value)


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(list(cells))
    return text.getvalue()
