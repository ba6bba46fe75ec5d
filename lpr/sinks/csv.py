"""Events as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lpr.errors import OutputError
from lpr.sinks.csv_table import CORNERS, CsvTable, corner_cells, scores_cell
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
    *CORNERS,
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
        self._table = CsvTable(target, COLUMNS, append=append)

    def emit(self, event: PlateEvent) -> None:
        """Write one event.

        Raises:
            OutputError: it could not be written; the file then ends with the event before.
        """
        try:
            record = event_to_json(event, source=self._sources.get(event.camera))
        except ValueError as error:
            raise OutputError(f"{self._table.name}: event not written: {error}") from error
        self._table.write(_cells(record))

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._table.close()


def _cells(record: JsonObject) -> Mapping[str, Any]:
    others = record["alternatives"]
    return {
        **record,
        "char_scores": scores_cell(record["char_scores"]),
        "alternatives": " ".join(f"{other['text']}:{other['probability']}" for other in others),
        **corner_cells(record["quad"]),
    }
