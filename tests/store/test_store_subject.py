from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lpr.store import (
    EventStore,
    ListedPlate,
    Match,
    Picture,
    Requester,
    SearchQuery,
    StoredDecision,
)
from lpr.types import EventKind

if TYPE_CHECKING:
    from tests.store.conftest import Clock, MakeEvent, Site

PICTURE = Picture.encode(np.zeros((8, 16, 3), np.uint8))


def decision(clock: Clock, track_id: int, text: str, detail: str) -> StoredDecision:
    return StoredDecision(
        at=clock.now,
        gate="main",
        camera="north",
        track_id=track_id,
        event_time=10.0,
        action="ask",
        reason="not_listed",
        rule="policy.on_not_listed",
        text=text,
        detail=detail,
        suspicions=(("not_registered", detail),),
    )


@pytest.fixture
def filled(site: Site, event: MakeEvent) -> Iterator[EventStore]:
    """The plate ZQXW77 as a text, a raw text, an alternative and a mention; and others."""
    with site.open() as store:
        fill(store, site, event)
        yield store


def fill(store: EventStore, site: Site, event: MakeEvent) -> None:
    store.add_event(event("ZQXW77", track_id=1), picture=PICTURE)
    store.add_event(event("", kind=EventKind.DEPARTED, track_id=1, time=12.0))
    store.add_decision(decision(site.clock, 1, "ZQXW77", "ZQXW77 is on no allow list"))
    store.add_event(event("ZQXW71", raw_text="ZQXW77", track_id=2))
    store.add_event(event("ZQXW17", track_id=3, alternatives=("ZQXW77", "ZQXW11")))
    store.add_decision(decision(site.clock, 3, "ZQXW17", "it looks like ZQXW77, which is denied"))
    store.add_event(event("OTHER1", track_id=4), picture=PICTURE)
    store.add_decision(decision(site.clock, 4, "OTHER1", "XZQXW777 is another plate"))


def test_an_export_holds_everything_of_the_plate_and_nothing_else(
    filled: EventStore, guard: Requester
) -> None:
    filled.search(SearchQuery("ZQXW77"), guard)
    found = json.loads(json.dumps(filled.export("ZQXW77", guard)))
    assert (found["schema"], found["plate"]) == (1, "ZQXW77")
    tracks = [one["events"][0]["track_id"] for one in found["passages"]]
    assert tracks == [1, 2]
    first = found["passages"][0]
    assert [one["kind"] for one in first["events"]] == ["confirmed", "departed"]
    assert base64.b64decode(first["events"][0]["picture"]["base64"]) == PICTURE.data
    assert first["decisions"][0]["reason"] == "not_listed"
    assert [one["who"] for one in found["requests"]] == ["J. Guard"]
    assert "OTHER1" not in json.dumps(found)


def test_an_export_names_list_entries(filled: EventStore, guard: Requester) -> None:
    filled.add_plates([ListedPlate("ZQXW77", "allow", owner="Ms Ode")], guard)
    found = filled.export("ZQXW77", guard)
    assert found["listed"] == [{"plate": "ZQXW77", "list": "allow", "owner": "Ms Ode"}]


def test_an_erasure_takes_the_plate_out_of_every_row(filled: EventStore, guard: Requester) -> None:
    report = filled.erase("ZQXW77", guard)
    assert (report.events, report.decisions, report.pictures) == (3, 1, 1)
    assert (report.alternatives, report.mentions, report.listed) == (1, 1, 0)
    found = {one.event.track_id: one for one in filled.search(SearchQuery(), guard)}
    assert {track for track, one in found.items() if one.erased} == {1, 2}
    assert [one.text for one in found[3].event.alternatives] == ["ZQXW11"]
    details = filled.show(found[3].event_id, guard)
    assert details is not None
    assert details.decisions[0].detail == ""
    assert details.decisions[0].suspicions == (("not_registered", ""),)
    other = filled.show(found[4].event_id, guard)
    assert other is not None
    assert other.decisions[0].detail == "XZQXW777 is another plate"
    assert other.picture == PICTURE
    for query in (
        SearchQuery("ZQXW77"),
        SearchQuery("ZQXW77", folded=True),
        SearchQuery("ZQXW7*", match=Match.WILDCARD),
    ):
        assert filled.search(query, guard) == ()
    assert filled.export("ZQXW77", guard)["passages"] == []


def test_an_erasure_is_audited_without_the_plate(filled: EventStore, guard: Requester) -> None:
    report = filled.erase("ZQXW77", guard)
    (entry,) = filled.audit(plate="ZQXW77")
    assert (entry.number, entry.action) == (report.audit_number, "erase")
    assert "ZQXW77" not in repr(entry)
    assert entry.plate is not None
    assert len(entry.plate) == 32


def test_an_erased_event_does_not_come_back(
    store: EventStore, event: MakeEvent, guard: Requester
) -> None:
    one = event("ZQXW77")
    store.add_event(one, picture=PICTURE)
    store.erase("ZQXW77", guard)
    event_id = store.add_event(one, picture=PICTURE)
    assert not store.add_picture(event_id, PICTURE)
    (found,) = store.search(SearchQuery(), guard)
    assert (found.event.text, found.has_picture) == ("", False)


def test_a_listed_plate_is_reported_and_stays_listed(store: EventStore, guard: Requester) -> None:
    store.add_plates([ListedPlate("ZQXW77", "allow")], guard)
    assert store.erase("ZQXW77", guard).listed == 1
    assert [one.plate for one in store.plates()] == ["ZQXW77"]


def test_erased_text_is_gone_from_every_file(
    sqlite_site: Site, event: MakeEvent, guard: Requester
) -> None:
    folder = sqlite_site.settings.database.parent
    with sqlite_site.open() as store:
        fill(store, sqlite_site, event)
        store.search(SearchQuery("ZQXW77"), guard)
        assert plain_traces(folder) > 0
        assert store.erase("ZQXW77", guard).scrubbed
        assert plain_traces(folder) == 0
        assert traces(folder, b"OTHER1") > 0
    assert plain_traces(folder) == 0


def test_a_confusable_reading_of_the_plate_is_erased_with_its_passage(
    store: EventStore, event: MakeEvent, guard: Requester, site: Site
) -> None:
    store.add_event(event("ZOXW1", track_id=1))
    matched = replace(decision(site.clock, 1, "ZOXW1", "matched Z0XW1"), plate="Z0XW1")
    store.add_decision(matched)
    report = store.erase("Z0XW1", guard)
    assert (report.events, report.decisions) == (1, 1)


@pytest.mark.parametrize("asked", ["FÜAB10", "FUAB10"])
@pytest.mark.parametrize("pseudonyms", [False, True])
def test_a_plate_counts_with_and_without_the_dots_of_its_umlauts(
    site: Site, event: MakeEvent, guard: Requester, asked: str, pseudonyms: bool
) -> None:
    with site.open(pseudonyms=pseudonyms) as store:
        for track_id, text in enumerate(("FÜAB10", "FUAB10", "FÜXB10", "BOAB10"), 1):
            store.add_event(event(text, track_id=track_id), listed=False)
        store.add_event(event("OTHER1", track_id=5, alternatives=("FUAB10", "FÜAB10")))
        store.add_decision(decision(site.clock, 5, "OTHER1", "it looks like FUAB10"))
        store.add_plates([ListedPlate("fü-ab 10", "allow")], guard)
        found = store.export(asked, guard)
        assert [one["events"][0]["track_id"] for one in found["passages"]] == [1, 2]
        assert [one["plate"] for one in found["listed"]] == ["FÜAB10"]
        alike = store.search(SearchQuery(asked, folded=True), guard)
        assert {one.event.track_id for one in alike} == {1, 2}
        report = store.erase(asked, guard)
        assert (report.events, report.mentions, report.listed) == (2, 0 if pseudonyms else 1, 1)
        kept = {one.event.track_id for one in store.search(SearchQuery(), guard) if not one.erased}
        assert kept == {3, 4, 5}
        assert store.export(asked, guard)["passages"] == []
        assert {one.action for one in store.audit(plate=asked)} >= {"erase", "export"}


def test_an_empty_plate_is_nobodys(site: Site, event: MakeEvent, guard: Requester) -> None:
    with site.open(pseudonyms=True) as store:
        store.add_event(event("HIDDEN1", track_id=1), listed=False)
        store.add_event(event("ZQXW77", track_id=2), listed=True, picture=PICTURE)
        # Its raw text is hidden, as that of any reading that is on no list.
        store.add_event(event("ZQXW77", raw_text="", track_id=3), listed=True, picture=PICTURE)
        store.add_decision(decision(site.clock, 1, "HIDDEN1", "HIDDEN1 is on no allow list"))
        before = store.search(SearchQuery(), guard)
        assert store.export("", guard)["passages"] == []
        report = store.erase("", guard)
        assert (report.events, report.decisions, report.pictures) == (0, 0, 0)
        assert store.search(SearchQuery(), guard) == before


def traces(folder: Path, needle: bytes) -> int:
    return sum(file.read_bytes().count(needle) for file in folder.glob("events.db*"))


def plain_traces(folder: Path) -> int:
    """Traces of the plate, less those of the other plate that its letters are a part of."""
    return traces(folder, b"ZQXW77") - traces(folder, b"XZQXW777")
