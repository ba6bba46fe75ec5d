from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from lpr.gate.list_entries import EntryRules, entry_fields, parse_entry
from lpr.gate.plate_text import PlateTextError, normalise
from lpr.store import EventStore, ListedPlate, Requester, RetentionClass, SearchQuery
from lpr.store.plates import typed_plate
from lpr.store.rows import listed_columns
from lpr.store.schema import meta, plates

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

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


def test_a_plate_is_stored_as_the_reader_writes_it(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    typed = ListedPlate("b–ab\u202f1234", "allow")
    assert store.add_plates([typed, replace(typed, plate="BAB1234")], guard) == 1
    assert store.add_plates([replace(typed, plate="ＢＡＢ 1234")], guard) == 0
    assert [one.plate for one in store.plates()] == ["BAB1234"]
    store.add_event(event("BAB1234"))
    (found,) = store.search(SearchQuery("BAB1234"), guard)
    assert found.retention is RetentionClass.MATCHED
    assert store.erase("BAB1234", guard).listed == 1
    assert store.remove_plate("B-AB 1234", guard) == 1
    assert len(store.audit(plate="BAB1234")) == 3
    assert store.plates() == ()


def test_a_plate_is_removed_with_and_without_its_dots(store: EventStore, guard: Requester) -> None:
    entries = [ListedPlate(text, "allow") for text in ("FÜAB10", "FUAB10", "FUAB1")]
    store.add_plates(entries, guard)
    assert store.remove_plate("fu-ab 10", guard) == 2
    assert [one.plate for one in store.plates()] == ["FUAB1"]


def test_a_plate_that_an_earlier_version_stored_as_typed_is_the_same(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open() as store, store._database.write() as connection:
        columns = {**listed_columns(ListedPlate("B-AB 1234", "allow")), "folded": "8-A8 1234"}
        connection.execute(plates.insert().values(columns))
        connection.execute(meta.update().values(value='["8B"]').where(meta.c.name == "confusables"))
    with site.open() as store:
        store.add_event(event("BAB1234"))
        (found,) = store.search(SearchQuery("BAB1234"), guard)
        assert found.retention is RetentionClass.MATCHED
        assert store.erase("BAB1234", guard).listed == 1
        assert store.add_plates([ListedPlate("BAB1234", "allow")], guard) == 0
        assert store.remove_plate("BAB1234", guard) == 1


@given(
    st.text(st.sampled_from("aBüÜ1-– .ſıßＡｂ\u0308\u00a0/'京µаΑ9"), max_size=20)
    | st.text(max_size=70)
)
def test_a_stored_plate_is_to_the_gate_what_was_typed(typed: str) -> None:
    def of_gate(text: str) -> str | None:
        try:
            return normalise(text)
        except PlateTextError:
            return None

    expected = of_gate(typed)
    assert of_gate(typed_plate(typed)) == expected
    assert expected is None or typed_plate(typed) == expected


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
