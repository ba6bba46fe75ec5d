"""Plates alone, one a line: what people have before they have a list."""

from __future__ import annotations

from collections.abc import Iterator

from lpr.gate.list_entries import ListItem, ListProblem
from lpr.gate.plate_list import ListKind


def parse_plain(text: str, name: str, kind: ListKind) -> Iterator[ListItem]:
    """Yield the plates of a text, or of a CSV with one column, as entries of one kind.

    Empty lines and those that begin with `#` are left out, a first line that says `plate`, too.

    Args:
        text: the file's text.
        name: the file's name, for problems and entries.
        kind: what all of the plates are.
    """
    begun = False
    for number, line in enumerate(text.splitlines(), start=1):
        where, plate = f"{name}:{number}", line.strip()
        if not plate or plate.startswith("#"):
            continue
        if len(plate) > 1 and plate[0] == plate[-1] == '"':
            plate = plate[1:-1]
        first, begun = not begun, True
        if first and plate.lower() == "plate":
            continue
        if first and not any(map(str.isdigit, plate)) and text.strip() != line.strip():
            message = "has no digit and may be a heading; name it `plate`, or put it further down"
            yield where, ListProblem(where, message, quotes=False)
        elif "," in plate or ";" in plate:
            message = "has several cells; plates alone stand one a line, further columns need names"
            yield where, ListProblem(where, message, quotes=False)
        else:
            yield where, {"plate": plate, "list": kind.value}
