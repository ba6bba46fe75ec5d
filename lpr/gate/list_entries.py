"""One entry of a list file: named fields in, a checked entry or a list of problems out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from lpr.errors import ConfigError, GateError, did_you_mean
from lpr.gate.direction import Direction
from lpr.gate.plate_list import ListKind, PlateEntry
from lpr.gate.plate_text import PlateTextError, normalise
from lpr.gate.schedule import Schedule, parse_schedule, time_zone

FIELDS: Final = (
    "plate",
    "list",
    "owner",
    "note",
    "valid_from",
    "valid_to",
    "schedule",
    "timezone",
    "gates",
    "direction",
    "entries",
)
_MAX_TEXT: Final = 200
_MAX_ENTRIES: Final = 1_000_000
_MAX_SHOWN: Final = 10**20


@dataclass(frozen=True, slots=True)
class ListProblem:
    """What is wrong with a list file.

    As a text it says file, line and field, and repeats nothing that stands there: it reaches the
    health file and logs, and a plate may stand in any column. `in_full` is for who edits the list.

    Attributes:
        where: file and line, for example `plates.csv:3`.
        message: what is wrong, and the remedy.
        field: the field that it is about; empty where it is the whole line or file.
        quotes: whether the message may repeat what stands there.
    """

    where: str
    message: str
    field: str = ""
    quotes: bool = True

    @property
    def in_full(self) -> str:
        """All that is known, what stands there included."""
        return f"{self._place}: {self.message}"

    def __str__(self) -> str:
        return f"{self._place}: {'is wrong' if self.quotes else self.message}"

    @property
    def _place(self) -> str:
        return f"{self.where}: {self.field}" if self.field else self.where


class PlateListError(ConfigError):
    """A plate list is wrong; the message repeats nothing that stands in it.

    Args:
        problems: what is wrong, at least one.

    Attributes:
        problems: the same.
    """

    def __init__(self, problems: Sequence[ListProblem]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}; `lpr gate check` shows it in full")
        self.problems = tuple(problems)


ListItem = tuple[str, Mapping[str, Any] | ListProblem]
"""File and line of an entry, and its fields or what keeps them from being read."""


@dataclass(frozen=True, slots=True)
class EntryRules:
    """What entries are checked against.

    Attributes:
        zone: time zone of entries that name none.
        gates: names of the site's gates; None accepts any.
        alphabet: the reader's characters; None allows every script that plates use.
        own_zone: whether entries that name no time zone take `zone` as their own, so that files
            written of them name it.
    """

    zone: ZoneInfo
    gates: tuple[str, ...] | None = None
    alphabet: AbstractSet[str] | None = None
    own_zone: bool = False


def parse_entry(
    fields: Mapping[str, Any], where: str, rules: EntryRules
) -> tuple[PlateEntry | None, list[ListProblem]]:
    """Check one entry.

    Args:
        fields: field name -> text, or what TOML made of it; empty texts count as missing.
        where: file and line, for problems and decisions.
        rules: what it is checked against.

    Returns:
        The entry and no problems, or None and every problem.
    """
    given = {name: value for name, value in fields.items() if value not in ("", None, [])}
    values: dict[str, Any] = {}
    problems = [
        ListProblem(where, f"unknown field {name!r}{did_you_mean(name, FIELDS)}")
        for name in given
        if name not in FIELDS
    ]
    problems.extend(
        ListProblem(where, "is missing", field=name, quotes=False)
        for name in ("plate", "list")
        if name not in given
    )
    for name, parse in _PARSERS.items():
        if name in given:
            try:
                values[name] = parse(given[name], rules)
            except PlateTextError as error:
                # It names a character at most.
                problems.append(ListProblem(where, str(error), field=name, quotes=False))
            except (ConfigError, GateError) as error:
                problems.append(ListProblem(where, str(error), field=name))
    if not problems:
        problems.extend(_contradictions(values, where))
    return (None, problems) if problems else (_entry(values, where, rules), [])


def entry_fields(entry: PlateEntry) -> dict[str, Any]:
    """Return an entry's fields as a file holds them; missing ones are left out."""
    fields: dict[str, Any] = {"plate": entry.plate, "list": entry.kind.value}
    optional: dict[str, Any] = {
        "owner": entry.owner,
        "note": entry.note,
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else "",
        "valid_to": entry.valid_to.isoformat() if entry.valid_to else "",
        "schedule": entry.schedule.text if entry.schedule else "",
        "timezone": (entry.zone.key or "") if entry.own_zone else "",
        "gates": list(entry.gates),
        "direction": entry.direction.value if entry.direction else "",
        "entries": entry.entries,
    }
    return fields | {name: value for name, value in optional.items() if value not in ("", None, [])}


def _entry(values: Mapping[str, Any], where: str, rules: EntryRules) -> PlateEntry:
    return PlateEntry(
        plate=values["plate"],
        kind=values["list"],
        zone=values.get("timezone", rules.zone),
        owner=values.get("owner", ""),
        note=values.get("note", ""),
        valid_from=values.get("valid_from"),
        valid_to=values.get("valid_to"),
        schedule=values.get("schedule"),
        gates=values.get("gates", ()),
        direction=values.get("direction"),
        entries=values.get("entries"),
        source=where,
        own_zone=rules.own_zone or "timezone" in values,
    )


def _contradictions(values: Mapping[str, Any], where: str) -> Iterator[ListProblem]:
    first, last = values.get("valid_from"), values.get("valid_to")
    if first is not None and last is not None and first > last:
        yield ListProblem(where, f"{last} is before valid_from {first}", field="valid_to")
    if "entries" in values and values["list"] is not ListKind.ALLOW:
        message = "only an allow entry can be a visitor pass"
        yield ListProblem(where, message, field="entries", quotes=False)


def _plate(value: Any, rules: EntryRules) -> str:
    return normalise(_text(value, rules), rules.alphabet)


def _kind(value: Any, rules: EntryRules) -> ListKind:
    name = _text(value, rules).lower()
    known = [kind.value for kind in ListKind]
    if name not in known:
        raise ConfigError(f"{name!r} is no list{did_you_mean(name, known)}; known: {_join(known)}")
    return ListKind(name)


def _text(value: Any, rules: EntryRules) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"needs a text in quotes, not {_shown(value)}")
    text = value.strip()
    if len(text) > _MAX_TEXT:
        raise ConfigError(f"{len(text)} characters are too long; {_MAX_TEXT} are allowed")
    if not text.isprintable():
        raise ConfigError("line breaks and control characters are not allowed")
    return text


def _shown(value: Any) -> str:
    """What stands there, for a message; Python writes out no endless number and no deep table."""
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, int) and abs(value) > _MAX_SHOWN:
        return "a number this long"
    return repr(value)


def _date(value: Any, rules: EntryRules) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(_text(value, rules))
    except ValueError as error:
        raise ConfigError(f"{_shown(value)} is no date; write 2026-12-31") from error


def _schedule(value: Any, rules: EntryRules) -> Schedule:
    if isinstance(value, list):
        return parse_schedule("; ".join(_text(one, rules) for one in value))
    return parse_schedule(_text(value, rules))


def _zone(value: Any, rules: EntryRules) -> ZoneInfo:
    return time_zone(_text(value, rules))


def _gates(value: Any, rules: EntryRules) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else _text(value, rules).split("|")
    names = tuple(_text(one, rules) for one in parts)
    for name in names:
        if rules.gates is not None and name not in rules.gates:
            hint = did_you_mean(name, rules.gates)
            raise ConfigError(f"there is no gate {name!r}{hint}; known: {_join(rules.gates)}")
    return names


def _direction(value: Any, rules: EntryRules) -> Direction:
    name = _text(value, rules).lower()
    if name not in [one.value for one in Direction]:
        raise ConfigError(f"{name!r} is no direction; write in or out")
    return Direction(name)


def _number(value: Any, rules: EntryRules) -> int:
    number = value if type(value) is int else 0
    if type(value) is not int:
        text = _text(value, rules)
        number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= _MAX_ENTRIES:
        raise ConfigError(f"{_shown(value)} is no number of entries; write 1 to {_MAX_ENTRIES}")
    return number


def _join(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)


_PARSERS: Final[Mapping[str, Callable[[Any, EntryRules], Any]]] = {
    "plate": _plate,
    "list": _kind,
    "owner": _text,
    "note": _text,
    "valid_from": _date,
    "valid_to": _date,
    "schedule": _schedule,
    "timezone": _zone,
    "gates": _gates,
    "direction": _direction,
    "entries": _number,
}
