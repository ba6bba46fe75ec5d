from __future__ import annotations

import csv
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError, OutputError
from lpr.gate import list_files, schedule
from lpr.gate.confusion import default_confusables
from lpr.gate.direction import Direction
from lpr.gate.list_csv import dump_csv, escaped, unescaped
from lpr.gate.list_entries import EntryRules, PlateListError
from lpr.gate.list_files import (
    add_entry,
    export_list,
    import_list,
    load_lists,
    parse_list,
    read_list,
    remove_plate,
    replace_entry,
)
from lpr.gate.list_text import one_edit
from lpr.gate.list_toml import dump_toml
from lpr.gate.plate_list import ListKind, PlateEntry
from lpr.gate.schedule import parse_schedule, time_zone

RULES = EntryRules(zone=time_zone("Europe/Berlin"), gates=("main", "back"))

CSV = """\
plate,list,owner,note,valid_from,valid_to,schedule,timezone,gates,direction,entries
B-AB 1234,allow,Ms Ode,"second car, red",,,,,,,
m xy 99,allow,Visitor,,2026-11-01,2026-11-30,Mon-Fri 07:00-19:00,Europe/London,main|back,in,3

c-d 1,deny,,,,,,,,,
"""

TOML = """\
# The house.
timezone = "Europe/London"

# Ms Ode's cars
[[allow]]
plate = "B-AB 1234"
owner = "Ms Ode"

# the plumber
[[allow]]
plate = "M XY 99"
valid_from = 2026-11-01
valid_to = "2026-11-30"
schedule = ["Mon-Fri 07:00-19:00", "Sat 08:00-12:00"]
gates = ["main"]
direction = "in"
entries = 3

[[deny]]
plate = "CD 1"   # keep out
"""


HUGE = f"0x{'f' * 5000}"
DEEP = ".a" * 2000


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, name: str, text: str) -> list[str]:
    return [one.in_full for one in read_list(write(folder, name, text), RULES).problems]


def test_csv_is_read(tmp_path: Path) -> None:
    first, visitor, denied = read_list(write(tmp_path, "plates.csv", CSV), RULES).entries
    assert first == PlateEntry(
        "BAB1234", ListKind.ALLOW, ZoneInfo("Europe/Berlin"), "Ms Ode", "second car, red"
    )
    assert visitor == PlateEntry(
        "MXY99",
        ListKind.ALLOW,
        ZoneInfo("Europe/London"),
        "Visitor",
        valid_from=date(2026, 11, 1),
        valid_to=date(2026, 11, 30),
        schedule=parse_schedule("Mon-Fri 07:00-19:00"),
        gates=("main", "back"),
        direction=Direction.IN,
        entries=3,
    )
    assert denied.kind is ListKind.DENY
    assert [one.source for one in (first, visitor, denied)] == [
        "plates.csv:2",
        "plates.csv:3",
        "plates.csv:5",
    ]


def test_toml_is_read(tmp_path: Path) -> None:
    first, visitor, denied = read_list(write(tmp_path, "plates.toml", TOML), RULES).entries
    assert first.zone == visitor.zone == ZoneInfo("Europe/London")
    assert visitor.valid_from == date(2026, 11, 1)
    assert visitor.schedule is not None
    assert len(visitor.schedule.windows) == 6
    assert visitor.entries == 3
    assert [one.source for one in (first, visitor, denied)] == [
        "plates.toml:5",
        "plates.toml:10",
        "plates.toml:19",
    ]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_spreadsheets_write_csv_in_many_ways(tmp_path: Path, separator: str, newline: str) -> None:
    text = newline.join([f"list{separator}plate", f"allow{separator}AB 1", ""])
    path = tmp_path / "plates.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [one.plate for one in read_list(path, RULES).entries] == ["AB1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plate,list\nAB1,alow\n", "p.csv:2: list: 'alow' is no list; did you mean 'allow'?"),
        ("plate,list\n,allow\n", "p.csv:2: plate: is missing"),
        ("plate,list\nA/B,allow\n", "p.csv:2: plate: character 2 (U+002F) cannot be on a plate"),
        ("plate,list,notes\n", "p.csv:1: unknown column 'notes'; did you mean 'note'?"),
        ("plate\nAB1\n", "p.csv:1: column 'list' is missing"),
        ("plate,list,plate\n", "p.csv:1: column 'plate' is there twice"),
        ("plate,list\nAB1,allow,x\n", "p.csv:2: 3 cells, but 2 columns"),
        (
            "plate,list,owner,,schedule\nAB1,allow,me,2020-01-01,\n",
            "p.csv:2: a cell stands under no column name; name its column in the first line",
        ),
        ("plate,list, \nAB1,allow,x\n", "p.csv:2: a cell stands under no column name"),
        ("plate,list\nAB1,allow\nAB-1,allow\n", "p.csv:3: this entry is there already, at p.csv:2"),
        ("plate,list,gates\nAB1,allow,mian\n", "there is no gate 'mian'; did you mean 'main'?"),
        ("plate,list,direction\nAB1,allow,up\n", "'up' is no direction"),
        ("plate,list,entries\nAB1,allow,0\n", "'0' is no number of entries"),
        ("plate,list,entries\nAB1,allow,²\n", "is no number of entries"),
        ("plate,list,entries\nAB1,deny,2\n", "only an allow entry can be a visitor pass"),
        ("plate,list,valid_to\nAB1,allow,30.11.2026\n", "is no date; write 2026-12-31"),
        ("plate,list,valid_to\nAB1,allow,2026-02-30\n", "is no date"),
        (
            "plate,list,valid_from,valid_to\nAB1,allow,2026-02-03,2026-02-01\n",
            "p.csv:2: valid_to: 2026-02-01 is before valid_from 2026-02-03",
        ),
        ("plate,list,schedule\nAB1,allow,always\n", "'always' is no weekday"),
        ("plate,list,timezone\nAB1,allow,Europe/Berln\n", "did you mean 'Europe/Berlin'?"),
        ("plate,list,owner\nAB1,allow,a\x1b[2Jb\n", "control characters"),
        (f"plate,list,owner\nAB1,allow,{'x' * 201}\n", "too long"),
        ('plate,list\n"AB1,allow\n', "is no CSV"),
        ("plate,list,valid_to\nAB1,allow", "p.csv:2: is cut short; write all cells, or end the"),
        ('plate,list,owner,valid_to\nAB2,allow\n"AB\n1",allow,Ms O', "is cut short"),
        ("plate,list,entries\nAB2,allow,\nAB1,allow,", "p.csv:3: may be cut short after its last"),
        ("plate,list,owner,valid_to\nAB1,allow,Cleaners, ", "p.csv:2: may be cut short"),
        ('plate;list;entries\r\nAB1;allow;""', "p.csv:2: may be cut short"),
        ("", "is empty"),
    ],
)
def test_wrong_csv_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in one for one in problems(tmp_path, "p.csv", text)), message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[alow]]\nplate = "A1"\n', "p.toml: unknown table 'alow'; did you mean 'allow'?"),
        ('\n[[allow]]\nplte = "A1"\n', "p.toml:2: unknown field 'plte'; did you mean 'plate'?"),
        ("[[allow]]\nplate = 1\n", "p.toml:1: plate: needs a text in quotes"),
        ('[[allow]]\nplate = "A1"\nlist = "deny"\n', "unknown field 'list'"),
        ('[[allow]]\nplate = "A1"\nentries = true\n', "entries: needs a text"),
        ('[[allow]]\nplate = "A1"\ngates = ["mian"]\n', "did you mean 'main'"),
        ('allow = ["A1"]\n', "p.toml allow 1: write each entry as a table"),
        ('timezone = "Mars"\n', "p.toml: timezone: 'Mars' is no time zone"),
        ("[[allow]\n", "is no valid TOML"),
        ("", "p.toml: is empty; a list without plates holds a comment"),
        (" \n\n", "p.toml: is empty"),
        ('[allow]\nplate = "A1"\nx = 1\n', "p.toml allow 1: unknown field 'x'"),
        ("[[allow]]\nplate = 2026-01-01\n", "needs a text in quotes"),
        ('[[allow]]\nplate = "A1"\nvalid_to = 2026-01-01T10:00:00\n', "is no date"),
        (f"[[allow]]\nentries = {'1' * 5000}\n", "p.toml: is no valid TOML: a number is too long"),
        (f"[[allow]]\nnote = {'[' * 5000}{']' * 5000}\n", "p.toml: is no valid TOML: it is nested"),
        (f"[[allow]]\nnote = {'{a=' * 3000}1{'}' * 3000}\n", "it is nested too deeply"),
        (f'[[allow]]\nplate = "A1"\nentries = {HUGE}\n', "p.toml:1: entries: a number this long"),
        (f"[[allow]]\nplate = {HUGE}\n", "plate: needs a text in quotes, not a number this long"),
        (f'[[allow]]\nplate = "A1"\nvalid_to = {HUGE}\n', "valid_to: a number this long is no d"),
        (f'[[allow]]\nplate = "A1"\nvalid_from{DEEP} = 1\n', "valid_from: a table is no date"),
        (f"[[allow]]\nplate{DEEP} = 1\n", "plate: needs a text in quotes, not a table"),
        (f"allow{DEEP} = 1\n", "p.toml allow 1: unknown field 'a'"),
        (f"timezone = {HUGE}\n", "p.toml: timezone: needs a text in quotes"),
        (f"timezone{DEEP} = 1\n", "p.toml: timezone: needs a text in quotes"),
        ("timezone = 1\n", "p.toml: timezone: needs a text in quotes"),
        ('[[allow]]\nplate = "A1"\nschedule = [[1]]\n', "needs a text in quotes, not a list"),
    ],
)
def test_wrong_toml_is_told(tmp_path: Path, text: str, message: str) -> None:
    try:
        found = problems(tmp_path, "p.toml", text)
    except ConfigError as error:
        found = [str(error)]
    assert any(message in one for one in found), found


def test_columns_without_a_name_may_be_empty(tmp_path: Path) -> None:
    path = write(tmp_path, "p.csv", "plate,list,,owner,\nAB1,allow,, Ms Ode, \n")
    file = read_list(path, RULES)
    assert file.problems == ()
    assert [(one.plate, one.owner) for one in file.entries] == [("AB1", "Ms Ode")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plate,list,owner\nMs Ode,B-AB 1234,allow\n", "p.csv:2: list: is wrong"),
        (
            "plate,list\nB-AB 1234/x,allow\n",
            "p.csv:2: plate: character 10 (U+002F) cannot be on a plate",
        ),
        ("plate,list,valid_to\nA1,allow,B-AB 1234\n", "p.csv:2: valid_to: is wrong"),
        ("plate,list,gates\nA1,allow,B-AB 1234\n", "p.csv:2: gates: is wrong"),
        ("plate,list,schedule\nA1,allow,B-AB 1234\n", "p.csv:2: schedule: is wrong"),
        ("B-AB 1234,allow\n", "p.csv:1: is wrong"),
        ("plate,list\n,allow\nB-AB 1234,allow,\n", "p.csv:3: 3 cells, but 2 columns"),
        ('[[allow]]\nplate = "A1"\n"b-ab 1234" = 1\n', "p.toml:1: is wrong"),
        ('[[allow]]\nplate = ["B-AB 1234"]\n', "p.toml:1: plate: is wrong"),
        ('timezone = "B-AB 1234"\n', "p.toml: timezone: is wrong"),
        ('["b-ab 1234"]\n', "p.toml: is wrong"),
        ('"b-ab 1234" = 1\n"b-ab 1234" = 2\n', "p.toml: is wrong"),
    ],
)
def test_what_is_told_of_a_wrong_list_quotes_nothing_of_it(
    tmp_path: Path, text: str, told: str
) -> None:
    path = write(tmp_path, "p.csv" if "," in text else "p.toml", text)
    found = [str(one) for one in read_list(path, RULES).problems]
    assert any(one.startswith(told) for one in found), found
    with pytest.raises(PlateListError, match="`lpr gate check` shows it in full") as caught:
        load_lists([path], RULES, default_confusables())
    assert len(caught.value.problems) == len(found)
    for one in (*found, str(caught.value)):
        assert "1234" not in one


def test_a_last_line_that_is_whole_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("plate,list,valid_to,entries\nAB2,allow\nAB1,allow,,2")
    assert [one.plate for one in read_list(path, RULES).entries] == ["AB2", "AB1"]
    path.write_text("plate,list,entries\nAB2,allow,\nAB1,allow,\n")
    assert [one.plate for one in read_list(path, RULES).entries] == ["AB2", "AB1"]


def test_a_plate_is_removed_as_people_write_it(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("plate,list\nMÜ-X 12,allow\nAB2,allow\n")
    assert remove_plate(path, "mü x-12", RULES) == 1
    with pytest.raises(ConfigError, match="AB3 is not in it; did you mean 'AB2'"):
        remove_plate(path, "ab-3", RULES)
    with pytest.raises(ConfigError, match="plate: no letter or digit is left"):
        remove_plate(path, "-", RULES)


def test_every_problem_is_reported_and_one_stops_the_gate(tmp_path: Path) -> None:
    path = write(tmp_path, "p.csv", "plate,list\nA/1,allow\nAB1,allow\nB1,wach\n")
    file = read_list(path, RULES)
    assert [entry.plate for entry in file.entries] == ["AB1"]
    assert len(file.problems) == 2
    with pytest.raises(ConfigError, match=r"p\.csv:2: plate: .*\(and 1 more\)"):
        load_lists([path], RULES, default_confusables())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", "plate,list\n" + "".join(f"AB{n},wach\n" for n in range(1000))),
        ("p.csv", "plate,list\n" + "AB1,allow\n" * 1001),
        ("p.csv", "plate,list\n" + "AB1,allow,x\n" * 1000),
        ("p.toml", "".join(f'[[allow]]\nplate = "A/{n}"\n' for n in range(1000))),
    ],
)
def test_after_a_hundred_problems_the_others_are_counted(
    tmp_path: Path, name: str, text: str
) -> None:
    found = read_list(write(tmp_path, name, text), RULES).problems
    assert len(found) == 101
    assert str(found[-1]) == f"{name}: 900 more entries were not looked at; mend these first"


def test_a_wrong_column_does_not_take_a_time_zone_for_each_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def hint(word: str, known: Iterable[str]) -> str:
        looks.append(word)
        return ""

    monkeypatch.setattr(schedule, "did_you_mean", hint)
    rows = "".join(f"AB{n},allow,no zone {n % 7}\n" for n in range(5000))
    assert len(problems(tmp_path, "p.csv", f"plate,list,timezone\n{rows}")) == 101
    assert len(looks) == 7


def test_lines_of_a_large_toml_list_are_counted_in_one_pass(tmp_path: Path) -> None:
    class Counted(str):
        counted = 0

        def count(self, *args: Any) -> int:
            Counted.counted += args[2] - args[1]
            return super().count(*args)

    text = Counted("".join(f'[[allow]]\nplate = "A{n}"\n\n' for n in range(200)))
    entries = parse_list(text, Path("p.toml"), RULES).entries
    assert [one.source for one in entries[:2]] == ["p.toml:1", "p.toml:4"]
    assert entries[-1].source == "p.toml:598"
    assert Counted.counted <= len(text)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.csv: cannot be read"):
        read_list(tmp_path / "none.csv", RULES)
    (tmp_path / "latin.csv").write_bytes("plate,list,owner\nA1,allow,Jürgen".encode("latin-1"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_list(tmp_path / "latin.csv", RULES)
    with pytest.raises(ConfigError, match=r"ends in \.csv or \.toml"):
        read_list(write(tmp_path, "plates.txt", ""), RULES)


def test_lists_join(tmp_path: Path) -> None:
    first = write(tmp_path, "a.csv", "plate,list\nAB0,allow\n")
    second = write(tmp_path, "b.toml", '[[deny]]\nplate = "ABO"\n')
    plates = load_lists([first, second], RULES, default_confusables())
    assert plates.collisions == (("AB0", "ABO"),)


NOTES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs"]) | st.just(" "),
    max_size=20,
).map(str.strip)
ENTRIES = st.builds(
    PlateEntry,
    plate=st.text("ABCÄ012京가", min_size=1, max_size=8),
    kind=st.just(ListKind.ALLOW),
    zone=st.sampled_from([time_zone("Europe/Berlin"), time_zone("UTC")]),
    owner=NOTES,
    note=NOTES | st.sampled_from(["=1+1", "'=1", "-2", "''@x", "'", 'say "hi", then; go']),
    valid_from=st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    valid_to=st.none() | st.dates(date(2031, 1, 1), date(2040, 1, 1)),
    schedule=st.none() | st.just(parse_schedule("Mon-Fri 07:00-19:00; Sat 22:00-06:00")),
    gates=st.sampled_from([(), ("main",), ("main", "back")]),
    direction=st.none() | st.sampled_from(Direction),
    entries=st.none() | st.integers(1, 1000),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, max_size=4, unique=True))
def test_what_is_written_is_read_back(entries: list[PlateEntry]) -> None:
    for name, text in (("p.csv", dump_csv(entries)), ("p.toml", dump_toml(entries))):
        file = parse_list(text, Path(name), RULES)
        assert file.problems == ()
        assert list(file.entries) == entries


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=10))
def test_no_cell_is_a_formula(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert escaped(text)[:1] not in frozenset("=+-@\t\r")


def test_a_formula_in_a_note_does_not_reach_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    add_entry(path, {"plate": "A1", "list": "allow", "note": '=cmd|"/c calc"!A1'}, RULES)
    with path.open(newline="") as file:
        assert next(csv.DictReader(file))["note"].startswith("'=")
    assert read_list(path, RULES).entries[0].note == '=cmd|"/c calc"!A1'


@pytest.mark.parametrize("name", ["p.csv", "p.toml"])
def test_entries_come_and_go(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    entry = add_entry(path, {"plate": "ab 1", "list": "allow", "entries": 2}, RULES)
    assert entry.plate == "AB1"
    add_entry(path, {"plate": "cd 2", "list": "deny", "note": "[[allow]]"}, RULES)
    assert [one.plate for one in read_list(path, RULES).entries] == ["AB1", "CD2"]
    with pytest.raises(ConfigError, match="AB1 is there already"):
        add_entry(path, {"plate": "AB1", "list": "allow", "entries": 2}, RULES)
    with pytest.raises(ConfigError, match="plate: character 1"):
        add_entry(path, {"plate": "/", "list": "allow"}, RULES)
    assert remove_plate(path, "AB1", RULES) == 1
    assert [one.plate for one in read_list(path, RULES).entries] == ["CD2"]
    with pytest.raises(ConfigError, match="CD22 is not in it; did you mean 'CD2'"):
        remove_plate(path, "CD22", RULES)


def test_comments_in_toml_stay(tmp_path: Path) -> None:
    path = write(tmp_path, "p.toml", TOML)
    add_entry(path, {"plate": "new 1", "list": "watch"}, RULES)
    text = path.read_text()
    assert text.startswith(TOML)
    assert remove_plate(path, "MXY99", RULES) == 1
    left = path.read_text()
    assert "# Ms Ode's cars" in left
    assert "# keep out" in left
    assert "plumber" not in left
    assert [one.plate for one in read_list(path, RULES).entries] == ["BAB1234", "CD1", "NEW1"]


@pytest.mark.parametrize("name", ["p.csv", "p.toml"])
def test_a_list_that_was_emptied_by_a_failed_save_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    add_entry(path, {"plate": "A1", "list": "deny"}, RULES)
    path.write_bytes(b"")
    with pytest.raises(PlateListError, match=rf"{name}: is empty"):
        load_lists([path], RULES, default_confusables())
    # Nor does the next edit make a valid list of it, without its denials.
    with pytest.raises(ConfigError, match="is empty"):
        add_entry(path, {"plate": "B1"}, RULES)
    assert path.read_bytes() == b""


def test_a_replaced_toml_entry_keeps_its_place_and_the_comments_around_it(tmp_path: Path) -> None:
    text = '# Ms Ode, flat 3\n[[allow]]\nplate = "A1"\n\n# Guests\n[[allow]]\nplate = "B1"\n'
    path = write(tmp_path, "p.toml", text)
    replace_entry(path, {"plate": "A1", "note": "blue"}, RULES)
    assert path.read_text() == text.replace('"A1"\n', '"A1"\nnote = "blue"\n')
    replace_entry(path, {"plate": "B1", "list": "deny"}, RULES)
    assert "# Guests\n[[deny]]" in path.read_text()


@pytest.mark.parametrize("name", ["p.csv", "p.toml"])
def test_a_list_whose_last_plate_goes_is_no_empty_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    add_entry(path, {"plate": "A1", "list": "deny"}, RULES)
    replace_entry(path, {"plate": "A1", "list": "allow"}, RULES)
    assert remove_plate(path, "A1", RULES) == 1
    assert load_lists([path], RULES, default_confusables()).entries == ()
    add_entry(path, {"plate": "B1", "list": "deny"}, RULES)
    assert [one.plate for one in read_list(path, RULES).entries] == ["B1"]
    export_list([], path)
    assert load_lists([path], RULES, default_confusables()).entries == ()


def test_tangled_toml_is_not_cut(tmp_path: Path) -> None:
    text = (
        '[[allow]]\nplate = "A1"\nnote = "x"\n[[deny]]\nplate = "B1"\nnote = """\\\n[[deny]]"""\n'
    )
    path = write(tmp_path, "p.toml", text)
    with pytest.raises(ConfigError, match="by hand"):
        remove_plate(path, "A1", RULES)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        'allow = [{ plate = "A1" }]\n',
        'allow = [{ plate = "A1" }]  # by hand\n',
        '[allow]\nplate = "A1"\n',
        '[[allow]]\nplate = "A1"\nnote = """\n[[deny]]\n"""\n',
    ],
)
@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("kind", ["allow", "deny"])
def test_an_entry_is_added_to_toml_where_the_list_then_says_so(
    tmp_path: Path, text: str, replacing: bool, kind: str
) -> None:
    path = write(tmp_path, "p.toml", text)
    before = read_list(path, RULES)
    try:
        put = replace_entry if replacing else add_entry
        put(path, {"plate": "NEW 1", "list": kind}, RULES)
    except ConfigError as error:
        assert "add NEW1 by hand" in str(error)
        assert path.read_text() == text
    else:
        assert path.read_text().startswith(text)
        after = read_list(path, RULES)
        assert after.problems == before.problems
        plates = sorted((one.plate, one.kind.value) for one in after.entries)
        assert plates == [("A1", "allow"), ("NEW1", kind)]


def test_an_inline_toml_list_is_not_torn(tmp_path: Path) -> None:
    text = 'allow = [{ plate = "A1" }]\n'
    path = write(tmp_path, "p.toml", text)
    with pytest.raises(ConfigError, match=r"p\.toml: .*; add NEW1 by hand"):
        add_entry(path, {"plate": "NEW 1", "list": "allow"}, RULES)
    assert path.read_text() == text


def test_an_entry_takes_the_time_zone_of_the_toml_list_that_it_joins(tmp_path: Path) -> None:
    path = write(tmp_path, "p.toml", TOML)
    add_entry(path, {"plate": "NEW 1", "list": "allow"}, RULES)
    add_entry(path, {"plate": "NEW 2", "list": "allow", "timezone": "Asia/Tokyo"}, RULES)
    zones = [one.zone.key for one in read_list(path, RULES).entries[-2:]]
    assert zones == ["Europe/London", "Asia/Tokyo"]


def test_a_list_that_is_full_is_not_made_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "MAX_ENTRIES", 3)
    path = write(tmp_path, "p.toml", TOML)
    with pytest.raises(ConfigError, match="more than 3 entries; split the list"):
        add_entry(path, {"plate": "NEW 1", "list": "allow"}, RULES)
    assert path.read_text() == TOML


@pytest.mark.parametrize("name", ["p.csv", "p.toml"])
@pytest.mark.parametrize("plate", ["FÜ-AB 10", "FU-AB 10"])
def test_a_plate_goes_with_and_without_its_dots(tmp_path: Path, name: str, plate: str) -> None:
    spelled = ("FÜ-AB 10", "FU-AB 10")
    tables = "".join(f'[[allow]]\nplate = "{one}"\n' for one in (*spelled, "AB1"))
    rows = "".join(f"{one},allow\n" for one in (*spelled, "AB1"))
    path = write(tmp_path, name, tables if name == "p.toml" else f"plate,list\n{rows}")
    with pytest.raises(ConfigError, match="is there already"):
        add_entry(path, {"plate": plate, "list": "deny"}, RULES)
    assert remove_plate(path, plate, RULES) == 2
    plates = load_lists([path], RULES, default_confusables())
    assert plates.plates == ("AB1",)
    add_entry(path, {"plate": "FUAB10", "list": "allow"}, RULES)
    replace_entry(path, {"plate": "FÜAB10", "list": "deny"}, RULES)
    left = [(one.plate, one.kind.value) for one in read_list(path, RULES).entries]
    assert left == [("AB1", "allow"), ("FÜAB10", "deny")]


def test_import_joins_formats_and_leaves_out_what_is_there(tmp_path: Path) -> None:
    source = write(tmp_path, "new.csv", "plate,list\nAB1,allow\nCD2,deny\n")
    target = write(tmp_path, "all.toml", '[[allow]]\nplate = "AB1"\n')
    assert import_list(source, target, RULES) == 1
    assert import_list(source, target, RULES) == 0
    assert [one.plate for one in read_list(target, RULES).entries] == ["AB1", "CD2"]


def test_writing_keeps_the_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write(tmp_path, "p.csv", "plate,list\n")
    path.chmod(0o640)
    export_list([], path)
    assert path.stat().st_mode & 0o777 == 0o640
    export_list([], tmp_path / "new.csv")
    assert (tmp_path / "new.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new.csv", "p.csv"]
    with pytest.raises(ConfigError, match="ends in"):
        export_list([], tmp_path / "p.xlsx")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "p.csv", "plate,list\nA1,allow\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        add_entry(path, {"plate": "B1", "list": "allow"}, RULES)
    assert path.read_text() == "plate,list\nA1,allow\n"
    assert [one.name for one in tmp_path.iterdir()] == ["p.csv"]
    with pytest.raises(OutputError, match="cannot be written"):
        export_list([], tmp_path / "nowhere" / "p.csv")


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("edit", ["add", "import", "remove"])
def test_an_edit_leaves_a_csv_as_its_spreadsheet_wrote_it(
    tmp_path: Path, delimiter: str, line_end: str, mark: bytes, edit: str
) -> None:
    path = tmp_path / "p.csv"
    rows = (("plate", "list", "owner"), ("A1", "allow", "Jürgen"), ("C1", "deny", "K; L, M"))
    written = [delimiter.join(f'"{cell}"' for cell in row) + line_end for row in rows]
    path.write_bytes(mark + "".join(written).encode())
    edits(path)[edit]()
    data = path.read_bytes()
    assert data.startswith(mark + b"plate" + delimiter.encode() + b"list")
    assert data.count(b"\xef\xbb\xbf") == bool(mark)
    text = data.decode("utf-8-sig")
    assert text.replace(line_end, "") == text.replace("\r", "").replace("\n", "")
    found = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    assert ("C1", "K; L, M") in [(one["plate"], one["owner"]) for one in found]
    plates = {one.plate for one in read_list(path, RULES).entries}
    assert plates == ({"C1"} if edit == "remove" else {"A1", "B1", "C1"})


def edits(path: Path) -> dict[str, Callable[[], object]]:
    """What changes a list that holds the plate A1."""
    source = write(path.parent, "new.csv", "plate,list\nB1,deny\n")
    return {
        "add": lambda: add_entry(path, {"plate": "B1", "list": "deny"}, RULES),
        "import": lambda: import_list(source, path, RULES),
        "remove": lambda: remove_plate(path, "A1", RULES),
    }


@pytest.mark.parametrize("name", ["p.csv", "p.toml"])
@pytest.mark.parametrize("edit", ["add", "import", "remove"])
def test_an_edit_waits_for_the_one_before(tmp_path: Path, name: str, edit: str) -> None:
    path = tmp_path / name
    add_entry(path, {"plate": "A1", "list": "allow"}, RULES)
    work = threading.Thread(target=edits(path)[edit])
    with one_edit(path):
        work.start()
        work.join(0.2)
        assert work.is_alive()
        entry = read_list(path, RULES).entries[0]
        theirs = replace(entry, plate="C1", kind=ListKind.DENY)
        text = dump_csv([entry, theirs]) if name == "p.csv" else dump_toml([entry, theirs])
        path.write_text(text, encoding="utf-8")
    work.join()
    plates = {one.plate for one in read_list(path, RULES).entries}
    assert plates == ({"C1"} if edit == "remove" else {"A1", "B1", "C1"})


def test_no_edit_of_many_at_once_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"

    def add(number: int) -> None:
        add_entry(path, {"plate": f"BCC{number}", "list": "deny"}, RULES)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(6)))
    assert len(read_list(path, RULES).entries) == 6
    assert [one.name for one in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("edit", "before"),
    [
        ("add", "plate,list\nA1,allow\n"),
        ("add", ""),
        ("import", "plate,list\nA1,allow\n"),
        ("import", ""),
        ("remove", "plate,list\nA1,allow\n"),
    ],
)
def test_where_nothing_locks_a_change_by_somebody_else_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: str, before: str
) -> None:
    path = tmp_path / "p.csv"
    if before:
        path.write_text(before)
    theirs = "plate,list\nA1,allow\nC1,deny\n"

    def changed(entries: Iterable[PlateEntry], like: str = "") -> str:
        path.write_text(theirs)
        return dump_csv(entries, like)

    monkeypatch.setattr(list_files, "dump_csv", changed)
    with pytest.raises(ConfigError, match="was changed meanwhile; try again"):
        edits(path)[edit]()
    assert path.read_text() == theirs


def test_an_edit_leaves_a_link_and_its_format(tmp_path: Path) -> None:
    real = tmp_path / "data" / "plates.2026"
    real.parent.mkdir()
    link = tmp_path / "p.csv"
    link.symlink_to(real)
    add_entry(link, {"plate": "A1", "list": "allow"}, RULES)
    add_entry(link, {"plate": "B1", "list": "allow"}, RULES)
    remove_plate(link, "A1", RULES)
    assert link.readlink() == real
    assert [one.plate for one in read_list(link, RULES).entries] == ["B1"]
    assert [one.name for one in real.parent.iterdir()] == ["plates.2026"]


@pytest.mark.parametrize("name", ["plates.csv", "plates.toml"])
def test_an_entry_without_a_zone_of_its_own_is_written_without_one(
    tmp_path: Path, name: str
) -> None:
    utc = EntryRules(zone=time_zone("UTC"))
    path = write(tmp_path, "old.csv", "plate,list,timezone\nA1,allow,\nB1,allow,Asia/Tokyo\n")
    export_list(read_list(path, utc).entries, tmp_path / name)
    add_entry(tmp_path / name, {"plate": "C1", "list": "allow"}, utc)
    import_list(write(tmp_path, "new.csv", "plate,list\nD1,deny\n"), tmp_path / name, utc)
    remove_plate(tmp_path / name, "C1", utc)
    zones = [entry.zone.key for entry in read_list(tmp_path / name, RULES).entries]
    assert zones == ["Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"]


def test_a_zone_that_is_given_is_written_for_new_entries_alone(tmp_path: Path) -> None:
    given = EntryRules(zone=time_zone("Asia/Tokyo"), own_zone=True)
    path = write(tmp_path, "plates.csv", "plate,list\nA1,allow\n")
    add_entry(path, {"plate": "B1", "list": "allow"}, given)
    import_list(write(tmp_path, "new.csv", "plate,list\nC1,deny\n"), path, given)
    zones = [entry.zone.key for entry in read_list(path, RULES).entries]
    assert zones == ["Europe/Berlin", "Asia/Tokyo", "Asia/Tokyo"]


@pytest.mark.parametrize("name", ["plates.csv", "plates.toml"])
def test_a_plate_is_added_once_or_replaced(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    add_entry(path, {"plate": "AB 1", "list": "allow"}, RULES)
    add_entry(path, {"plate": "CD 2", "list": "allow"}, RULES)
    with pytest.raises(ConfigError, match=r"AB1 is there already \(.*:\d, allow\); --replace ch"):
        add_entry(path, {"plate": "ab-1", "list": "deny"}, RULES)
    replace_entry(path, {"plate": "ab-1", "list": "deny"}, RULES)
    found = [(one.plate, one.kind.value) for one in read_list(path, RULES).entries]
    assert found == [("AB1", "deny"), ("CD2", "allow")]
    assert replace_entry(path, {"plate": "EF 3", "list": "deny"}, RULES)[0] is None
    assert len(read_list(path, RULES).entries) == 3


LIMITED = {
    "plate": "AB 1",
    "list": "allow",
    "owner": "Ms Ode",
    "note": "blue",
    "valid_from": "2026-01-01",
    "valid_to": "2030-12-31",
    "schedule": "Mon-Fri 07:00-19:00",
    "timezone": "Asia/Tokyo",
    "gates": "main|back",
    "direction": "in",
    "entries": 2,
}


@pytest.mark.parametrize("name", ["plates.csv", "plates.toml"])
def test_a_replaced_entry_keeps_what_is_not_given(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    there = add_entry(path, LIMITED, RULES)
    old, new = replace_entry(path, {"plate": "ab-1", "owner": "Mr Poe", "gates": ""}, RULES)
    assert old == there
    assert new == replace(there, owner="Mr Poe", gates=())
    assert read_list(path, RULES).entries == (new,)
    tokyo_no_more = EntryRules(zone=time_zone("Europe/Rome"), own_zone=True)
    assert replace_entry(path, {"plate": "AB1"}, tokyo_no_more)[1].zone.key == "Europe/Rome"
    with pytest.raises(ConfigError, match="only an allow entry can be a visitor pass"):
        replace_entry(path, {"plate": "AB1", "list": "deny"}, RULES)
    replace_entry(path, {"plate": "AB1", "list": "deny", "entries": ""}, RULES)
    assert replace_entry(path, {"plate": "AB1", "note": ""}, RULES)[1].kind is ListKind.DENY


@pytest.mark.parametrize("put", [add_entry, replace_entry])
def test_one_of_several_entries_is_not_replaced(tmp_path: Path, put: Callable[..., object]) -> None:
    text = "plate,list,schedule\nAB1,allow,Mon 07:00-09:00\nAB1,allow,Tue 07:00-09:00\n"
    path = write(tmp_path, "plates.csv", text)
    with pytest.raises(
        ConfigError, match="AB1 is there already, in 2 entries; change them by hand"
    ):
        put(path, {"plate": "AB1", "list": "deny"}, RULES)
    assert path.read_text() == text
