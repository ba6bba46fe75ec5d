"""Plate lists as CSV: for spreadsheets, and safe from them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lpr.errors import did_you_mean
from lpr.gate.list_entries import FIELDS, ListItem, ListProblem, entry_fields
from lpr.gate.plate_list import PlateEntry

# A cell that begins so is a formula to a spreadsheet.
_FORMULA: Final = frozenset("=+-@\t\r")


def parse_csv(text: str, name: str) -> Iterator[ListItem]:
    """Yield the rows of a CSV text; the first line names the columns, separated by `,` or `;`.

    Args:
        text: the file's text.
        name: the file's name, for problems and entries.
    """
    delimiter, _ = _style(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # A file that is still being written may end in the middle of an entry, without its limits.
    unended = not text.endswith(("\n", "\r"))
    last = sum(1 for _ in io.StringIO(text, newline=""))
    start = 1
    header: list[str] | None = None
    try:
        for row in rows:
            where, start = f"{name}:{start}", rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = [cell.strip().lower() for cell in row]
                yield from _header_problems(header, where)
            elif len(row) > len(header):
                message = f"{len(row)} cells, but {len(header)} columns; quote texts with a comma"
                yield where, ListProblem(where, message, quotes=False)
            elif unended and rows.line_num == last and len(row) < len(header):
                message = "is cut short; write all cells, or end the line"
                yield where, ListProblem(where, message, quotes=False)
            elif unended and rows.line_num == last and not row[-1].strip():
                message = "may be cut short after its last comma; end the line"
                yield where, ListProblem(where, message, quotes=False)
            else:
                yield where, _named(header, row, where)
    except csv.Error as error:
        where = f"{name}:{rows.line_num}"
        yield where, ListProblem(where, f"is no CSV: {error}", quotes=False)
    if header is None:
        message = f"is empty; the first line names {', '.join(FIELDS)}"
        yield name, ListProblem(name, message, quotes=False)


def _style(text: str) -> tuple[str, str]:
    """What stands between two cells and behind a row, as the first line shows."""
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    return delimiter, "\r\n" if head.endswith("\r") else "\n"


def _named(
    header: Sequence[str], row: Sequence[str], where: str
) -> Mapping[str, str] | ListProblem:
    """Return column name -> cell; every cell that says something has to stand under a name."""
    cells = [(name, unescaped(cell.strip())) for name, cell in zip(header, row, strict=False)]
    if any(cell for name, cell in cells if not name):
        # It may be the limit that the entry was meant to have.
        message = "a cell stands under no column name; name its column in the first line"
        return ListProblem(where, message, quotes=False)
    return {name: cell for name, cell in cells if name}


def _header_problems(header: Sequence[str], where: str) -> Iterator[ListItem]:
    for name in header:
        if name and name not in FIELDS:
            message = f"unknown column {name!r}{did_you_mean(name, FIELDS)}"
            yield where, ListProblem(where, message)
        elif name and header.count(name) > 1:
            message = f"column {name!r} is there twice"
            yield where, ListProblem(where, message, quotes=False)
    for name in ("plate", "list"):
        if name not in header:
            alone = "; `lpr gate lists import PLATES LIST --as allow` takes plates alone"
            message = (
                f"column {name!r} is missing{alone if name == 'list' and len(header) == 1 else ''}"
            )
            yield where, ListProblem(where, message, quotes=False)


def dump_csv(entries: Iterable[PlateEntry], like: str = "") -> str:
    """Return entries as CSV, safe to open in a spreadsheet.

    Args:
        entries: what it holds.
        like: the CSV that it takes the place of: the spreadsheet that wrote `;` and CRLF there
            reads nothing else.
    """
    delimiter, line_end = _style(like)
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(FIELDS)
    for entry in entries:
        fields = entry_fields(entry)
        fields["gates"] = "|".join(fields.get("gates", ()))
        writer.writerow([escaped(str(fields.get(name, ""))) for name in FIELDS])
    return file.getvalue()


def escaped(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `unescaped` brings the text back."""
    return f"'{cell}" if cell.lstrip("'")[:1] in _FORMULA and cell else cell


def unescaped(cell: str) -> str:
    """Return the text of a cell that `escaped` made, and any other cell unchanged."""
    guarded = cell.startswith("'") and cell.lstrip("'")[:1] in _FORMULA
    return cell[1:] if guarded else cell
