"""Plate lists as files: CSV for spreadsheets, TOML for hands. Read strictly, edited one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lpr.errors import ConfigError, did_you_mean
from lpr.formats.confusables import Confusables
from lpr.formats.folding import plate_identity
from lpr.gate.list_csv import dump_csv, parse_csv
from lpr.gate.list_entries import (
    EntryRules,
    ListItem,
    ListProblem,
    PlateListError,
    entry_fields,
    parse_entry,
)
from lpr.gate.list_plain import parse_plain
from lpr.gate.list_text import one_edit, read_text, write_atomically
from lpr.gate.list_toml import dump_toml, parse_toml, with_table_replaced, without_tables
from lpr.gate.plate_list import ListKind, PlateEntry, PlateList
from lpr.gate.plate_text import PlateTextError, normalise

MAX_ENTRIES: Final = 100_000
MAX_PROBLEMS: Final = 100
"""Problems after which nothing more of a file is checked: one wrong column is as many as lines."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a list file holds.

    Attributes:
        entries: the entries that are right.
        problems: what is wrong with the others; after about a hundred problems the rest is not
            checked, and the last one says how many entries that are.
    """

    entries: tuple[PlateEntry, ...]
    problems: tuple[ListProblem, ...]


def read_list(path: Path, rules: EntryRules) -> ListFile:
    """Read a CSV or TOML list and report the problems of it, up to about a hundred.

    Raises:
        ConfigError: the file cannot be read at all, is no regular file or larger than 16 MiB.
    """
    return parse_list(read_text(path), path, rules)


def parse_list(text: str, path: Path, rules: EntryRules) -> ListFile:
    """Read the text of a list file; `path` gives the format and the name in problems.

    Raises:
        ConfigError: it is neither CSV nor TOML.
    """
    parse = {".csv": parse_csv, ".toml": parse_toml}.get(path.suffix.lower())
    if parse is None:
        raise _no_list(path)
    return _collect(parse(text, path.name), path.name, rules)


def _collect(
    items: Iterator[ListItem],
    name: str,
    rules: EntryRules,
    repeated: list[ListProblem] | None = None,
) -> ListFile:
    """Check the entries of a file; `repeated` takes those that are there twice, as no problems."""
    entries: list[PlateEntry] = []
    problems: list[ListProblem] = []
    repeated = problems if repeated is None else repeated
    wanted = "remove one" if repeated is problems else "left out"
    first: dict[PlateEntry, str] = {}
    for where, item in items:
        if len(problems) >= MAX_PROBLEMS:
            more = 1 + sum(1 for _ in items)
            message = f"{more} more entries were not looked at; mend these first"
            problems.append(ListProblem(name, message, quotes=False))
            break
        if isinstance(item, ListProblem):
            problems.append(item)
            continue
        if len(entries) >= MAX_ENTRIES:
            message = f"more than {MAX_ENTRIES} entries; split the list"
            problems.append(ListProblem(where, message, quotes=False))
            break
        entry, found = parse_entry(item, where, rules)
        problems.extend(found)
        if entry is None:
            continue
        there = first.setdefault(entry, where)
        if there != where:
            message = f"this entry is there already, at {there}; {wanted}"
            repeated.append(ListProblem(where, message, quotes=False))
            if repeated is not problems:
                continue
        entries.append(entry)
    return ListFile(tuple(entries), tuple(problems))


def load_lists(paths: Iterable[Path], rules: EntryRules, confusables: Confusables) -> PlateList:
    """Load list files for a gate: all of them right, or none.

    Raises:
        ConfigError: a file cannot be read.
        PlateListError: an entry is wrong (a ConfigError, too); the first problem is named with
            its line and field, the others are counted.
    """
    entries: list[PlateEntry] = []
    for path in paths:
        file = read_list(path, rules)
        if file.problems:
            raise PlateListError(file.problems)
        entries.extend(file.entries)
    return PlateList(entries, confusables)


def export_list(entries: Sequence[PlateEntry], path: Path) -> None:
    """Write entries as CSV or TOML in place of `path`, atomically.

    Raises:
        ConfigError: the name ends in neither .csv nor .toml.
        OutputError: the file cannot be written; the old one stays.
    """
    text = _dumped(entries, path)
    with one_edit(path):
        write_atomically(path, text)


def import_list(source: Path, target: Path, rules: EntryRules) -> int:
    """Add the entries of one file to another, which may be of the other format.

    Entries that are in the target already are left out.

    Returns:
        How many entries came in.

    Raises:
        ConfigError: an entry of either file is wrong; nothing is written.
        OutputError: the target cannot be written; it stays as it was.
    """
    return _add(_checked(read_list(source, rules)), target, rules)


def import_plates(
    source: Path, target: Path, kind: ListKind, rules: EntryRules
) -> tuple[int, tuple[ListProblem, ...]]:
    """Add the plates of a file that holds nothing else, one a line, to a list.

    Plates that are in the target already, with no limits, are left out.

    Args:
        source: the plates; a text file, or a CSV with one column.
        target: the list.
        kind: what the plates become.
        rules: what they are checked against.

    Returns:
        How many came in, and the lines that repeat an earlier one.

    Raises:
        ConfigError: an entry of the target is wrong; nothing is written.
        PlateListError: a line is no plate, and so on for all of them; nothing is written.
        OutputError: the target cannot be written; it stays as it was.
    """
    repeated: list[ListProblem] = []
    items = parse_plain(read_text(source), source.name, kind)
    file = _collect(items, source.name, rules, repeated)
    if file.problems:
        raise PlateListError(file.problems)
    return _add(file.entries, target, rules), tuple(repeated)


def _add(coming: Iterable[PlateEntry], target: Path, rules: EntryRules) -> int:
    """Add those entries to a list that are not in it; return how many they are."""
    with one_edit(target):
        text, there = _there(target, rules)
        new = [entry for entry in coming if entry not in there]
        joined = _dumped([*there, *new], target, like=text)
        write_atomically(target, joined, unless_changed_from=text)
    return len(new)


def add_entry(path: Path, fields: Mapping[str, Any], rules: EntryRules) -> PlateEntry:
    """Add one entry to a list file; the file is made where it is missing. Comments in TOML stay.

    A plate that needs several entries, for different hours or gates, gets them by hand.

    Args:
        path: the list file.
        fields: field name -> value, as in a file; `list` is `allow` where it is missing.
        rules: what it is checked against.

    Returns:
        The new entry.

    Raises:
        ConfigError: the entry or the file is wrong, or the plate is there already.
        OutputError: the file cannot be written; it stays as it was.
    """
    return _edited(path, fields, rules, replacing=False)[1]


def replace_entry(
    path: Path, fields: Mapping[str, Any], rules: EntryRules
) -> tuple[PlateEntry | None, PlateEntry]:
    """Change a plate's entry in a list file, or add one. Comments in TOML stay, but those in it.

    Args:
        path: the list file.
        fields: field name -> value, as in a file. What the old entry has and is not among them
            stays, its time zone only where `rules` has none for new entries; an empty text takes
            a field away.
        rules: what the new entry is checked against.

    Returns:
        The entry that was there, None where there was none, and the new one.

    Raises:
        ConfigError: the entry or the file is wrong, or the plate has several entries there.
        OutputError: the file cannot be written; it stays as it was.
    """
    return _edited(path, fields, rules, replacing=True)


def _edited(
    path: Path, fields: Mapping[str, Any], rules: EntryRules, *, replacing: bool
) -> tuple[PlateEntry | None, PlateEntry]:
    """Write one entry, in place of the plate's old one where that is wanted; return both."""
    default = {"list": ListKind.ALLOW.value}
    plate = _parsed({**default, **fields}, rules).plate
    with one_edit(path):
        text, there = _there(path, rules)
        same = [one for one in there if plate_identity(one.plate) == plate_identity(plate)]
        if len(same) > 1:
            raise ConfigError(
                f"{path}: {same[0].plate} is there already, in {len(same)} entries; "
                "change them by hand"
            )
        if same and not replacing:
            raise ConfigError(
                f"{path}: {same[0].plate} is there already ({same[0].source}, {same[0].kind}); "
                "--replace changes its entry: what is not given stays"
            )
        old = same[0] if same else None
        kept_fields = default if old is None else entry_fields(old)
        if rules.own_zone:
            kept_fields.pop("timezone", None)
        entry = _parsed({**kept_fields, **fields}, rules)
        kept = [one for one in there if one not in same]
        if path.suffix.lower() == ".toml" and text:
            table = dump_toml([entry])
            if old is None:
                new = f"{text.rstrip()}\n\n{table}"
            else:
                new = with_table_replaced(text, there.index(old), table) or text
            _check_edit(path, new, kept, entry, _unnamed(rules))
        else:
            place = len(there) if old is None else there.index(old)
            new = _dumped([*kept[:place], entry, *kept[place:]], path, like=text)
        write_atomically(path, new, unless_changed_from=text)
    return old, entry


def remove_plate(path: Path, plate: str, rules: EntryRules) -> int:
    """Remove every entry of a plate from a list file. Comments elsewhere in TOML stay.

    Args:
        path: the list file.
        plate: the plate as people write it: case, spaces, hyphens and the dots of umlauts do not
            matter.
        rules: what the file's entries are checked against.

    Returns:
        How many entries went.

    Raises:
        ConfigError: the file is wrong, or the plate is not in it or none.
        OutputError: the file cannot be written; it stays as it was.
    """
    try:
        plate = normalise(plate)
    except PlateTextError as error:
        raise ConfigError(f"plate: {error}") from error
    rules = _unnamed(rules)
    with one_edit(path):
        text = read_text(path)
        there = _checked(parse_list(text, path, rules))
        gone = [entry for entry in there if plate_identity(entry.plate) == plate_identity(plate)]
        if not gone:
            known = [entry.plate for entry in there]
            raise ConfigError(f"{path}: {plate} is not in it{did_you_mean(plate, known)}")
        if path.suffix.lower() == ".toml":
            smaller = _without(path, text, there, gone, rules)
        else:
            smaller = dump_csv((entry for entry in there if entry not in gone), like=text)
        write_atomically(path, smaller, unless_changed_from=text)
    return len(gone)


def _parsed(fields: Mapping[str, Any], rules: EntryRules) -> PlateEntry:
    entry, problems = parse_entry(fields, "new entry", rules)
    if entry is None:
        raise ConfigError("; ".join(problem.in_full for problem in problems))
    return entry


def _dumped(entries: Sequence[PlateEntry], path: Path, *, like: str = "") -> str:
    """Return entries in the format that the file's name asks for; a CSV is written as `like` is."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".toml"):
        raise _no_list(path)
    return dump_csv(entries, like) if suffix == ".csv" else dump_toml(entries)


def _no_list(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: a plate list ends in .csv or .toml; "
        "`lpr gate lists import PLATES LIST --as allow` makes one of plates alone, one a line"
    )


def _there(path: Path, rules: EntryRules) -> tuple[str, list[PlateEntry]]:
    """Return the text and the entries of a list that is edited; none where there is no file yet."""
    text = read_text(path, missing="")
    if not text and not path.exists():
        return text, []
    return text, _checked(parse_list(text, path, _unnamed(rules)))


def _without(
    path: Path,
    text: str,
    there: Sequence[PlateEntry],
    gone: Sequence[PlateEntry],
    rules: EntryRules,
) -> str:
    """Return the text of a TOML list without the tables of some of its entries."""
    smaller = without_tables(text, [entry in gone for entry in there])
    kept = [entry for entry in there if entry not in gone]
    # The lines were cut by their headers; what is left must say exactly what is meant.
    if smaller is None or parse_list(smaller, path, rules) != ListFile(tuple(kept), ()):
        raise ConfigError(
            f"{path}: its tables are too tangled to edit; remove {gone[0].plate} by hand"
        )
    return smaller


def _check_edit(
    path: Path, text: str, kept: Sequence[PlateEntry], entry: PlateEntry, rules: EntryRules
) -> None:
    """Refuse an edited TOML list that does not say what is meant: old entries and a new one."""
    found = parse_list(text, path, rules)
    new = list((Counter(found.entries) - Counter(kept)).elements())
    # An entry that names no time zone takes the one that stands above the tables.
    meant = [entry if entry.own_zone else replace(entry, zone=one.zone) for one in new]
    # Entries that are written otherwise than as tables take no table behind them.
    if found.problems or len(found.entries) != len(kept) + 1 or new != meant:
        why = f" ({found.problems[0].in_full})" if found.problems else ""
        raise ConfigError(f"{path}: cannot take another table{why}; add {entry.plate} by hand")


def _unnamed(rules: EntryRules) -> EntryRules:
    """Rules for entries that are in a file already: what names no time zone stays so."""
    return replace(rules, own_zone=False)


def _checked(file: ListFile) -> list[PlateEntry]:
    if file.problems:
        more = f" (and {len(file.problems) - 1} more)" if len(file.problems) > 1 else ""
        raise ConfigError(f"{file.problems[0].in_full}{more}")
    return list(file.entries)
