"""Plate lists as TOML: for hands, with comments."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lpr.errors import ConfigError, did_you_mean
from lpr.gate.list_entries import ListItem, ListProblem, entry_fields
from lpr.gate.plate_list import ListKind, PlateEntry
from lpr.gate.schedule import time_zone

_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*(allow|deny|watch)[ \t]*\]\]", re.MULTILINE)
_KINDS: Final = tuple(kind.value for kind in ListKind)
_NO_ENTRIES: Final = "# A plate list: tables [[allow]], [[deny]] and [[watch]].\n"


def parse_toml(text: str, name: str) -> Iterator[ListItem]:
    """Yield the tables `[[allow]]`, `[[deny]]` and `[[watch]]` of a TOML text.

    A `timezone` above the first table holds for every entry that names none. A text without even
    a comment is a problem, not a list without entries: a full disk leaves one behind.

    Args:
        text: the file's text.
        name: the file's name, for problems and entries.
    """
    if not text.strip():
        message = "is empty; a list without plates holds a comment (# ...) at least"
        yield name, ListProblem(name, message, quotes=False)
        return
    data = _loaded(text, name)
    if isinstance(data, ListProblem):
        yield name, data
        return
    zone = data.pop("timezone", None)
    try:
        if not isinstance(zone, str | None):
            raise ConfigError("needs a text in quotes")
        if zone is not None:
            time_zone(zone)
    except ConfigError as error:
        yield name, ListProblem(name, str(error), field="timezone")
        return
    for key in data.keys() - set(_KINDS):
        hint = did_you_mean(key, _KINDS)
        yield name, ListProblem(name, f"unknown table {key!r}{hint}")
    tables = _in_order(text, {kind: data.get(kind, []) for kind in _KINDS}, name)
    for where, kind, table in tables:
        if not isinstance(table, dict):
            message = f"write each entry as a table, [[{kind}]]"
            yield where, ListProblem(where, message, quotes=False)
        elif "list" in table:
            message = f"unknown field 'list': the table is [[{kind}]] already"
            yield where, ListProblem(where, message, quotes=False)
        else:
            yield where, {**({"timezone": zone} if zone else {}), **table, "list": kind}


def _loaded(text: str, name: str) -> dict[str, Any] | ListProblem:
    """What a TOML text says, or what keeps it from being read."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return ListProblem(name, f"is no valid TOML: {error}")
    # Python takes no numbers of thousands of digits, and no hundreds of brackets in each other.
    except ValueError:
        return ListProblem(name, "is no valid TOML: a number is too long", quotes=False)
    except RecursionError:
        return ListProblem(name, "is no valid TOML: it is nested too deeply", quotes=False)


def _in_order(text: str, tables: Mapping[str, Any], name: str) -> Iterator[tuple[str, str, Any]]:
    """Yield (file and line, kind, table), in the order of the headers where they can be found."""
    headers: list[tuple[str, int]] = []
    line, counted = 1, 0
    for header in _HEADER.finditer(text):
        line += text.count("\n", counted, header.start(1))
        counted = header.start(1)
        headers.append((header.group(1), line))
    waiting = {
        kind: list(found) if isinstance(found, list) else [found] for kind, found in tables.items()
    }
    counts = {kind: sum(1 for one, _ in headers if one == kind) for kind in _KINDS}
    if all(counts[kind] == len(waiting[kind]) for kind in _KINDS):
        for kind, line in headers:
            yield f"{name}:{line}", kind, waiting[kind].pop(0)
        return
    for kind, found in waiting.items():
        for place, table in enumerate(found, start=1):
            yield f"{name} {kind} {place}", kind, table


def without_tables(text: str, drop: Sequence[bool]) -> str | None:
    """Cut tables, with the comments right above them, out of a TOML text.

    Args:
        text: the file's text.
        drop: for each table in the order of the file whether it goes.

    Returns:
        What is left, a comment at least; None where the headers do not line up with `drop`.
    """
    starts = [_with_comments(text, found.start(1)) for found in _HEADER.finditer(text)]
    if len(starts) != len(drop):
        return None
    ends = [*starts[1:], len(text)]
    kept = [text[: starts[0]]] if starts else [text]
    kept.extend(
        text[start:end] for start, end, gone in zip(starts, ends, drop, strict=True) if not gone
    )
    left = "".join(kept)
    return left if left.strip() else _NO_ENTRIES


def with_table_replaced(text: str, place: int, table: str) -> str | None:
    """Put a table in place of another one; the comments above it stay.

    Args:
        text: the file's text.
        place: which table of the file goes, from 0.
        table: what comes, as `dump_toml` writes it.

    Returns:
        The new text; None where there are fewer tables.
    """
    headers = [found.start(1) for found in _HEADER.finditer(text)]
    if place >= len(headers):
        return None
    begin = text.rfind("\n", 0, headers[place]) + 1
    later = headers[place + 1 : place + 2]
    end = _with_comments(text, later[0]) if later else len(text)
    old = text[begin:end]
    between = old[len(old.rstrip()) :] or "\n"
    return text[:begin] + table.rstrip() + between + text[end:]


def _with_comments(text: str, place: int) -> int:
    """Start of the line at `place`, or of the comment lines right above it."""
    start = text.rfind("\n", 0, place) + 1
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


def dump_toml(entries: Iterable[PlateEntry]) -> str:
    """Return entries as TOML tables, a comment where there are none."""
    tables: list[str] = []
    for entry in entries:
        fields = entry_fields(entry)
        kind = fields.pop("list")
        lines = [f"[[{kind}]]", *(f"{name} = {_toml(value)}" for name, value in fields.items())]
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables) or _NO_ENTRIES


def _toml(value: object) -> str:
    # JSON's strings, numbers and lists are TOML's; entries hold no control characters.
    return json.dumps(value, ensure_ascii=False)
