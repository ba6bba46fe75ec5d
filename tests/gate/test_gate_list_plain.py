from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lpr.errors import ConfigError
from lpr.gate.list_entries import EntryRules, PlateListError
from lpr.gate.list_files import import_plates, read_list
from lpr.gate.plate_list import ListKind

RULES = EntryRules(zone=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    "text",
    [
        "B-AB 1234\nM-XY 99\n",
        "\ufeff# neighbours\r\n\r\nb-ab 1234\r\n  # and a visitor\r\n  M-XY 99",
        "Plate\nB-AB 1234\nM-XY 99\n",
        '"plate"\n"B-AB 1234"\n"M-XY 99"\n',
    ],
)
@pytest.mark.parametrize("name", ["plates.txt", "plates.csv", "plates"])
def test_plates_alone_become_entries(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    for target in ("list.csv", "list.toml"):
        added = import_plates(tmp_path / name, tmp_path / target, ListKind.DENY, RULES)
        assert added == (2, ())
        entries = read_list(tmp_path / target, RULES).entries
        assert [(one.plate, one.kind) for one in entries] == [
            ("BAB1234", ListKind.DENY),
            ("MXY99", ListKind.DENY),
        ]


def test_repeated_plates_are_told_and_come_in_once(tmp_path: Path) -> None:
    source, target = tmp_path / "plates.txt", tmp_path / "list.csv"
    source.write_text("# ours\nB-AB 1234\nM-XY 99\n\nBAB1234\nPLATE\n")
    added, repeated = import_plates(source, target, ListKind.ALLOW, RULES)
    assert added == 3
    assert [one.in_full for one in repeated] == [
        "plates.txt:5: this entry is there already, at plates.txt:2; left out"
    ]
    assert [one.plate for one in read_list(target, RULES).entries] == ["BAB1234", "MXY99", "PLATE"]
    assert import_plates(source, target, ListKind.ALLOW, RULES)[0] == 0


def test_every_line_that_is_no_plate_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = tmp_path / "plates.txt", tmp_path / "list.csv"
    source.write_text("B-AB 1234\nA/1\n-\nM-XY 99,allow\n")
    before = "plate,list\nC1,allow\n"
    target.write_text(before)
    with pytest.raises(PlateListError) as caught:
        import_plates(source, target, ListKind.ALLOW, RULES)
    assert [one.in_full.split(";")[0] for one in caught.value.problems] == [
        "plates.txt:2: plate: character 2 (U+002F) cannot be on a plate",
        "plates.txt:3: plate: no letter or digit is left of the plate",
        "plates.txt:4: has several cells",
    ]
    assert target.read_text() == before


@pytest.mark.parametrize("name", ["plates.txt", "plates.csv"])
def test_who_takes_plates_alone_for_a_list_is_told_how_they_become_one(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text("plate\nB-AB 1234\n")
    try:
        told = "".join(one.in_full for one in read_list(path, RULES).problems)
    except ConfigError as error:
        told = str(error)
    assert "`lpr gate lists import PLATES LIST --as allow`" in told


@pytest.mark.parametrize("heading", ["License plate", "Kennzeichen", "# cars\nRegistration"])
def test_a_heading_becomes_no_plate(tmp_path: Path, heading: str) -> None:
    source, target = tmp_path / "plates.csv", tmp_path / "list.csv"
    source.write_text(f"{heading}\nB-AB 12\n")
    with pytest.raises(PlateListError, match="may be a heading"):
        import_plates(source, target, ListKind.ALLOW, RULES)
    assert not target.exists()
    source.write_text("SKO USA\n")
    assert import_plates(source, target, ListKind.ALLOW, RULES) == (1, ())
