from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lpr.gate.list_entries import EntryRules, entry_fields, parse_entry
from lpr.store import EventStore, ListedPlate, Requester

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent

ENTRY = ListedPlate(
    plate="BAB1234",
    list="allow",
    owner="Ms Ode",
    note="2nd car",
    valid_from="2026-01-01",
    valid_to="2030-12-31",
    schedule="Mon-Fri 07:00-19:00",
    timezone="Europe/Berlin",
    gates=("main", "yard"),
    direction="in",
    entries=2,
)


def test_list_entries_come_back_in_their_order(store: EventStore, guard: Requester) -> None:
    deny = ListedPlate("BZZ66", "deny")
    assert store.add_plates([ENTRY, deny, ENTRY], guard) == 2
    assert store.add_plates([deny], guard) == 0
    assert store.plates() == (ENTRY, deny)
    assert store.remove_plate("BAB1234", guard) == 1
    assert store.remove_plate("BAB1234", guard) == 0
    assert store.plates() == (deny,)
    assert store.add_plates([ENTRY], guard, replace_all=True) == 1
    assert store.plates() == (ENTRY,)
    assert [entry.action for entry in store.audit()] == ["list"] * 5


def test_the_gate_reads_an_entry_from_its_fields(store: EventStore, guard: Requester) -> None:
    store.add_plates([ENTRY], guard)
    (found,) = store.plates()
    entry, problems = parse_entry(found.fields(), "store", EntryRules(ZoneInfo("UTC")))
    assert problems == []
    assert entry is not None
    assert entry_fields(entry) == found.fields()


def test_a_listed_plate_makes_its_passage_matched(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    store.add_plates([ENTRY], guard)
    store.add_event(event("BAB1234"))
    assert {one.what for one in store.summary().holdings if one.rows and "events" in one.what} == {
        "events matched"
    }
