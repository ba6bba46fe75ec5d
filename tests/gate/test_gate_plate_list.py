from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lpr.errors import GateError
from lpr.gate.direction import Direction
from lpr.gate.fakes import plain_list
from lpr.gate.near_miss import NearMissIndex
from lpr.gate.plate_list import EntryState, ListKind, PlateEntry
from lpr.gate.schedule import parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
ENTRY = PlateEntry("AB123CD", ListKind.ALLOW, BERLIN)


def state(
    entry: PlateEntry, moment: str, gate: str = "main", direction: Direction | None = None
) -> EntryState:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return entry.state(now=now, gate=gate, direction=direction)


def test_dates_are_days_of_the_entrys_zone_and_both_belong() -> None:
    entry = replace(ENTRY, valid_from=date(2026, 11, 23), valid_to=date(2026, 11, 24))
    assert state(entry, "2026-11-22T22:59:59") is EntryState.NOT_YET_VALID
    assert state(entry, "2026-11-22T23:00:00") is EntryState.IN_FORCE
    assert state(entry, "2026-11-24T22:59:59") is EntryState.IN_FORCE
    assert state(entry, "2026-11-24T23:00:00") is EntryState.EXPIRED


def test_gates_and_directions() -> None:
    entry = replace(ENTRY, gates=("main",), direction=Direction.IN)
    noon = "2026-11-23T12:00:00"
    assert state(entry, noon, "back", Direction.IN) is EntryState.WRONG_GATE
    assert state(entry, noon, "main", Direction.IN) is EntryState.IN_FORCE
    assert state(entry, noon, "main", Direction.OUT) is EntryState.WRONG_DIRECTION
    assert state(entry, noon, "main", None) is EntryState.DIRECTION_UNKNOWN


def test_schedules_use_the_entrys_zone() -> None:
    entry = replace(ENTRY, schedule=parse_schedule("Mon 07:00-08:00"))
    assert state(entry, "2026-11-23T06:30:00") is EntryState.IN_FORCE
    assert state(entry, "2026-11-23T07:30:00") is EntryState.OUT_OF_SCHEDULE


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(GateError):
        ENTRY.state(now=datetime(2026, 1, 1), gate="main", direction=None)


def test_matches_are_exact_or_alike_and_never_edited() -> None:
    plates = plain_list(["AB0123", "ABO123", "XY999"], deny=["CD777"])
    match = plates.match("ABO123")
    assert [entry.plate for entry in match.exact] == ["ABO123"]
    assert match.alike_plates == ("AB0123",)
    assert plates.match("ABQ123").alike_plates == ("AB0123", "ABO123")
    for edited in ("XY99", "XY9999", "XY998", "X999", "YX999"):
        assert plates.match(edited) == plates.match("NOTHING")
    assert plates.collisions == (("AB0123", "ABO123"),)
    assert plates.plates == ("AB0123", "ABO123", "CD777", "XY999")
    assert len(plates) == 4


@pytest.mark.parametrize("read", ["FUAB10", "FÜAB10"])
def test_umlauts_are_the_same_plate_with_and_without_their_dots(read: str) -> None:
    for listed in ("FÜAB10", "FUAB10"):
        match = plain_list([listed, "FUABIO"]).match(read)
        assert [entry.plate for entry in match.exact] == [listed]
        assert match.alike_plates == ("FUABIO",)
    denied = plain_list(["FÜAB10"], deny=["FUAB10"]).match(read)
    assert len(denied.exact) == 2


@pytest.mark.parametrize(("listed", "read"), [("BÖAB12", "BOAB12"), ("BOAB12", "BÖAB12")])
def test_two_districts_differ_in_the_dots_alone(listed: str, read: str) -> None:
    plates = plain_list([listed])
    assert plates.match(listed).exact
    assert not plates.match(read).exact
    assert not plates.match(read).alike
    index = NearMissIndex(plates.plates, plates.confusables)
    assert [miss.plate for miss in index.near(read)] == [listed]


def test_a_denied_plate_that_differs_in_the_dots_alone_is_alike() -> None:
    """The reader drops the dots of one umlaut in four."""
    denied = plain_list(["BOAB10"], deny=["BÖAB10"]).match("BOAB10")
    assert [entry.plate for entry in denied.exact] == ["BOAB10"]
    assert denied.alike_plates == ("BÖAB10",)
    # To open, dots that make another plate are no likeness.
    assert plain_list(["BOAB10"]).match("BÖAB10").alike == ()


def test_a_pass_is_one_under_both_spellings_but_one_for_each_gate() -> None:
    entry = PlateEntry("FÜAB10", ListKind.ALLOW, ZoneInfo("UTC"), entries=1)
    assert entry.pass_key == replace(entry, plate="FUAB10").pass_key
    assert entry.pass_key != replace(entry, gates=("outer",)).pass_key


def test_new_dates_make_a_new_pass() -> None:
    assert ENTRY.pass_key != replace(ENTRY, valid_to=date(2026, 1, 1)).pass_key
    assert ENTRY.pass_key == replace(ENTRY, owner="somebody").pass_key
