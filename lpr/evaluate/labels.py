"""Lines of a `labels.jsonl`, checked: what is wrong is told by file, line and key.

A label that is wrong in silence makes a figure wrong in silence.
"""

from __future__ import annotations

import codecs
import json
import math
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lpr.errors import SourceError
from lpr.gate.plate_text import bare
from lpr.geometry import Quad

SPLITS = ("train", "val", "all")
MARKED = ("train", "val")
"""What a row may say of its split."""

Row = Mapping[str, Any]
Value = TypeVar("Value")


def rows(folder: Path, split: str, names: str) -> Iterator[tuple[str, Row]]:
    """The rows of a split, each with its file and line.

    Args:
        folder: holds `labels.jsonl`.
        split: train, val or all.
        names: the key that names the picture or video: no two rows may have the same one, of
            whatever split, or it counts twice, or is measured on and trained on. Rows that name
            a video have no split.

    Raises:
        SourceError: the file cannot be read, or a row is no object, repeats another or has a
            wrong split.
        ValueError: an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    seen: dict[str, int] = {}
    for number, where, row in objects(folder / "labels.jsonl"):
        name = row.get(names)
        if isinstance(name, str):
            before = seen.setdefault(posixpath.normpath(name), number)
            if before != number:
                raise SourceError(
                    f"{where}: wrong label: {names}: {name!r} is that of line {before} already"
                )
        if names == "video":
            yield where, row
            continue
        found = parsed(where, row, split_of)
        if split in ("all", found):
            yield where, {**row, "split": found}


def split_of(row: Row) -> str:
    """Train or val, train where nothing is said.

    Raises:
        ValueError: it is another.
    """
    found = row.get("split", "train")
    if found not in MARKED:
        raise ValueError(f"split: must be train or val, not {found!r}")
    return str(found)


def objects(path: Path) -> Iterator[tuple[int, str, Row]]:
    """The objects of a file with one in each line: number of the line, file and line, object.

    Raises:
        SourceError: the file cannot be read, or a line is no object.
    """
    try:
        # Spreadsheets and Windows editors put a byte order mark first.
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SourceError(f"{where}: is not UTF-8: {error.reason}; save it as UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{where}: is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise SourceError(f"{where}: must be a JSON object")
        yield number, where, row


def parsed(where: str, row: Row, make: Callable[[Row], Value]) -> Value:
    """What `make` makes of a row.

    Raises:
        SourceError: it cannot use the row: `where` and the key are named.
    """
    try:
        return make(row)
    except KeyError as error:
        raise SourceError(f"{where}: lacks {error}") from error
    except ValueError as error:
        raise SourceError(f"{where}: wrong label: {error}") from error


def field(row: Row, key: str, make: Callable[[Any], Value], default: object = None) -> Value:
    """What `make` makes of the value of a key; None and a missing key are as `default`.

    Raises:
        KeyError: the key is missing, and there is no default.
        ValueError: the value is none that `make` can use; the key is named.
    """
    found = row[key] if default is None else row.get(key)
    try:
        return make(default if found is None and default is not None else found)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"{key}: {error}") from error


def optional(row: Row, key: str, make: Callable[[Any], Value]) -> Value | None:
    """The same, or None where the value is null, empty or missing."""
    return field(row, key, make) if row.get(key) not in (None, "", []) else None


def each(row: Row, key: str, make: Callable[[Row], Value]) -> tuple[Value, ...]:
    """What `make` makes of each object of a list; errors are as of `field`."""
    made = []
    for number, one in enumerate(field(row, key, elements)):
        place = f"{key}[{number}]"
        if not isinstance(one, dict):
            raise ValueError(f"{place}: {one!r} must be a JSON object")
        try:
            made.append(make(one))
        except KeyError as error:
            raise KeyError(f"{place}.{error.args[0]}") from error
        except ValueError as error:
            raise ValueError(f"{place}.{error}") from error
    return tuple(made)


def text(value: object) -> str:
    """A text as it is."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def elements(value: object) -> list[Any]:
    """A list as it is."""
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def texts(value: object) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(one) for one in elements(value))


def plate_text(value: object) -> str:
    """A plate's text as readings are written: capitals, no separators.

    >>> plate_text("b-ab 12?4")
    'BAB12?4'
    """
    plain = bare(text(value))
    if not plain:
        raise ValueError(f"no letter or digit is left of {value!r}")
    return plain


def integer(value: object) -> int:
    """A whole number."""
    if type(value) is not int:
        raise TypeError(f"must be a whole number, not {value!r}")
    return value


def rows_of_text(value: object) -> int:
    """How many rows a plate has."""
    if type(value) is int and value in (1, 2):
        return value
    raise ValueError(f"must be 1 or 2, not {value!r}")


def rate(value: object) -> float:
    """Frames a second."""
    found = _number(value)
    if not 0 < found < math.inf:
        raise ValueError(f"must be more than 0 and finite, not {found}")
    return found


def box(value: object) -> Quad:
    """An upright box `[left, top, right, bottom]`."""
    ends = [_number(one) for one in elements(value)]
    if len(ends) != 4 or not all(math.isfinite(one) for one in ends):
        raise ValueError(f"must be four finite numbers, not {value!r}")
    left, top, right, bottom = ends
    if right <= left or bottom <= top:
        raise ValueError(
            f"{value!r} has no area; it is [left, top, right, bottom], not "
            "[left, top, width, height]"
        )
    return Quad.from_box(left, top, right, bottom)


def quad(value: object) -> Quad:
    """Four corners `[x, y]` clockwise, from the top left of the text on."""
    corners = Quad.from_points(elements(value))
    if not corners.is_convex:
        raise ValueError(f"{value!r} are not corners clockwise from the top left")
    return corners.along_text()


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
