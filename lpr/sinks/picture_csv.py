"""What was read from single pictures as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lpr.sinks.csv_table import CORNERS, CsvTable, corner_cells, scores_cell
from lpr.sinks.picture import PictureResult, picture_to_json

COLUMNS = (
    "source",
    "plate",
    "text",
    "raw_text",
    "confidence",
    "region",
    "score",
    "lines",
    "char_scores",
    *CORNERS,
    "ms",
    "error",
)


class PictureCsv:
    """Writes a row for each plate, at once; a picture without plates, or that failed, gets one too.

    Args:
        target: a path, or "-" for standard output.

    Raises:
        OutputError: the output cannot be written.
    """

    def __init__(self, target: Path | str) -> None:
        self._table = CsvTable(target, COLUMNS)

    def write(self, result: PictureResult) -> None:
        """Write what one picture brought.

        Raises:
            OutputError: it could not be written; the file then ends with a whole row.
        """
        for row in _rows(result):
            self._table.write(row)

    def close(self) -> None:
        """Finish; closing twice is harmless."""
        self._table.close()


def _rows(result: PictureResult) -> Iterator[Mapping[str, Any]]:
    record = picture_to_json(result)
    for number, plate in enumerate(record["plates"], start=1):
        yield {
            **record,
            **plate,
            "plate": number,
            "char_scores": scores_cell(plate["char_scores"]),
            **corner_cells(plate["quad"]),
        }
    if not record["plates"]:
        # The time of a picture that was not read is none.
        yield record if result.error is None else {**record, "ms": None}
