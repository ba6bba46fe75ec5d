from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa

from lpr.errors import StoreError
from lpr.store import EventStore, Picture, Requester, RetentionClass, SearchQuery, StoredDecision
from lpr.store.retention import PurgeReport

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

PICTURE = Picture.encode(np.zeros((8, 16, 3), np.uint8), "png")


def passage(
    site: Site, store: EventStore, event: MakeEvent, text: str, kind: RetentionClass
) -> None:
    """One event with a picture, and the decision that gives it its class."""
    one = event(text)
    store.add_event(one, picture=PICTURE, listed=False)
    action = "deny" if kind is RetentionClass.DENIED else "ask"
    store.add_decision(
        StoredDecision(
            at=site.clock.now,
            gate="main",
            camera="north",
            track_id=one.track_id,
            event_time=one.time,
            action=action,
            reason="not_listed",
            rule="policy",
            text=text,
            plate=text if kind is RetentionClass.MATCHED else None,
        )
    )


def left(store: EventStore) -> dict[str, int]:
    return {one.what: one.rows for one in store.summary().holdings if one.rows}


def deleted(report: PurgeReport) -> dict[str, int]:
    return {one.what: one.deleted for one in report.counts if one.deleted}


def test_each_class_goes_when_its_time_is_over(site: Site, event: MakeEvent) -> None:
    ages = {"matched_days": 30, "unmatched_days": 1, "denied_days": 60, "pictures_days": 7}
    with site.open(retention=ages) as store:
        for kind in RetentionClass:
            passage(site, store, event, kind.value.upper(), kind)
        site.clock.forward(days=1)
        assert deleted(store.purge()) == {}
        site.clock.forward(seconds=1)
        assert deleted(store.purge()) == {
            "pictures": 1,
            "events unmatched": 1,
            "decisions unmatched": 1,
        }
        site.clock.forward(days=7)
        assert deleted(store.purge()) == {"pictures": 2}
        site.clock.forward(days=30)
        assert deleted(store.purge()) == {"events matched": 1, "decisions matched": 1}
        assert left(store) == {"events denied": 1, "decisions denied": 1, "audit log": 4}
        site.clock.forward(days=60)
        store.purge()
        assert left(store) == {"audit log": 5}


def test_what_has_no_limit_stays(site: Site, event: MakeEvent) -> None:
    ages = dict.fromkeys(("matched_days", "unmatched_days", "denied_days", "pictures_days"))
    with site.open(retention=ages) as store:
        passage(site, store, event, "AB123", RetentionClass.MATCHED)
        site.clock.forward(days=10_000)
        assert store.purge().deleted == 0


def test_a_purge_leaves_its_proof_in_the_audit_log(site: Site, event: MakeEvent) -> None:
    with site.open() as store:
        passage(site, store, event, "AB123", RetentionClass.UNMATCHED)
        site.clock.forward(days=2)
        report = store.purge()
        (entry,) = store.audit()
        assert (entry.number, entry.hash) == (report.audit_number, report.audit_hash)
        assert (entry.who, entry.action) == ("lpr", "purge")
        assert '"deleted": 1, "expired": 1, "what": "events unmatched"' in entry.detail
        assert "AB123" not in entry.detail
        for one in report.counts:
            assert one.before - one.deleted == one.after


def test_a_rehearsal_deletes_nothing(site: Site, event: MakeEvent) -> None:
    with site.open() as store:
        passage(site, store, event, "AB123", RetentionClass.UNMATCHED)
        before = left(store)
        site.clock.forward(days=2)
        report = store.purge(rehearse=True)
        assert {one.what for one in report.counts if one.expired} == {
            "events unmatched",
            "decisions unmatched",
            "pictures",
        }
        assert report.deleted == 0
        assert left(store) == before


def test_a_purge_whose_counts_do_not_add_up_deletes_nothing(
    sqlite_site: Site, event: MakeEvent
) -> None:
    site = sqlite_site
    with site.open() as store:
        passage(site, store, event, "AB123", RetentionClass.UNMATCHED)
        other = sqlite3.connect(site.settings.database)
        other.execute("CREATE TRIGGER keep BEFORE DELETE ON events BEGIN SELECT RAISE(IGNORE); END")
        other.commit()
        other.close()
        site.clock.forward(days=2)
        before = left(store)
        with pytest.raises(StoreError, match="nothing was deleted"):
            store.purge()
        assert left(store) == before


def test_purged_text_is_gone_from_every_file(sqlite_site: Site, event: MakeEvent) -> None:
    site = sqlite_site
    with site.open() as store:
        for number in range(60):
            text = f"ZQXW{number:04}"
            passage(site, store, event, text, RetentionClass.UNMATCHED)
        site.clock.forward(hours=12)
        passage(site, store, event, "KEEPME1", RetentionClass.UNMATCHED)
        assert traces(site.settings.database, b"ZQXW") > 0
        site.clock.forward(hours=18)
        assert store.purge().scrubbed
        assert traces(site.settings.database, b"ZQXW") == 0
        assert traces(site.settings.database, PICTURE.data) > 0
        assert traces(site.settings.database, b"KEEPME1") > 0


def test_a_reader_that_keeps_old_text_alive_is_reported(
    sqlite_site: Site, event: MakeEvent
) -> None:
    site = sqlite_site
    with site.open(busy_timeout=0.05) as store:
        passage(site, store, event, "ZQXW1", RetentionClass.UNMATCHED)
        other = sqlite3.connect(site.settings.database, isolation_level=None)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
        site.clock.forward(days=2)
        report = store.purge()
        assert (report.deleted, report.scrubbed) == (3, False)
        other.execute("ROLLBACK")
        other.close()
        assert store.purge().scrubbed
        assert traces(site.settings.database, b"ZQXW1") == 0


def test_a_passage_keeps_its_class_for_late_events(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open() as store:
        one = event("AB123")
        store.add_event(one)
        passage_of_it = replace(one, time=20.0)
        store.add_event(passage_of_it, listed=True, at=site.clock.now + timedelta(seconds=5))
        found = store.search(SearchQuery("AB123"), guard)
        assert [each.retention for each in found] == [RetentionClass.MATCHED] * 2


def test_the_summary_names_ages_and_limits(site: Site, event: MakeEvent) -> None:
    with site.open(retention={"denied_days": None}) as store:
        passage(site, store, event, "AB123", RetentionClass.UNMATCHED)
        oldest = site.clock.now
        site.clock.forward(hours=1)
        passage(site, store, event, "AB124", RetentionClass.UNMATCHED)
        found = {one.what: one for one in store.summary().holdings}
    assert (found["events unmatched"].rows, found["events unmatched"].oldest) == (2, oldest)
    assert found["events unmatched"].days == 1
    assert found["events denied"].days is None
    assert found["pictures"].rows == 2


def traces(database: Path, needle: bytes) -> int:
    """How often something stands in the database's files."""
    return sum(file.read_bytes().count(needle) for file in database.parent.glob("events.db*"))


def test_sqlalchemy_has_no_hidden_copy() -> None:
    """The two statements above rest on this SQLite being one that overwrites what it deletes."""
    with sa.create_engine("sqlite://").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete=ON").scalar() == 1
