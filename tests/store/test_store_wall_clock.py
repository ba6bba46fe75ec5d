"""A wall clock that is wrong for a while: nothing is lost by it, and nothing is kept for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lpr.store import EventStore, Picture

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

TEN_YEARS = timedelta(days=3650)


def events(store: EventStore) -> int:
    return sum(one.rows for one in store.summary().holdings if one.what.startswith("events"))


def serve(site: Site, store: EventStore, *, hours: int) -> int:
    """Purge every hour, as a service does; how many rows went."""
    deleted = 0
    for _ in range(hours):
        deleted += store.purge().deleted
        site.clock.forward(hours=1)
    return deleted


def test_what_a_clock_dated_ahead_is_deleted(site: Site, event: MakeEvent) -> None:
    with site.open() as store:
        serve(site, store, hours=48)
        picture = Picture(b"\xff\xd8\xff")
        for ahead in (TEN_YEARS, timedelta(days=1, minutes=1), timedelta(hours=23)):
            store.add_event(event(), at=site.clock.now + ahead, picture=picture)
        report = store.purge()
        assert {one.what: one.deleted for one in report.counts if one.deleted} == {
            "events unmatched": 2,
            "pictures": 2,
        }
        assert events(store) == 1


def test_what_is_kept_without_limit_stays_though_it_is_dated_ahead(
    site: Site, event: MakeEvent
) -> None:
    ages = dict.fromkeys(("matched_days", "unmatched_days", "denied_days", "pictures_days"))
    with site.open(retention=ages) as store:
        store.add_event(event(), at=site.clock.now + TEN_YEARS)
        assert serve(site, store, hours=50) == 0


def test_the_first_rows_of_a_store_may_be_dated_ahead(site: Site, event: MakeEvent) -> None:
    right = site.clock.now
    site.clock.now += TEN_YEARS
    with site.open() as store:
        store.add_event(event())
        store.purge()
        site.clock.now = right
        assert serve(site, store, hours=24) == 0, "it may as well be behind now"
        assert serve(site, store, hours=2) == 1


def test_a_clock_that_starts_behind_deletes_nothing_for_a_day(site: Site, event: MakeEvent) -> None:
    with site.open() as store:
        serve(site, store, hours=48)
        store.add_event(event(), listed=True)
        right = site.clock.now
        for behind in (timedelta(days=2), TEN_YEARS):
            site.clock.now = right - behind
            store.add_event(event(), listed=True)
            assert serve(site, store, hours=20) == 0
        site.clock.now = right + timedelta(hours=2)
        assert store.purge().deleted == 1, "what was dated ten years back is too old"
        site.clock.now = right - TEN_YEARS
        assert serve(site, store, hours=26) == 2, "after a day it is what this site goes by"


def test_a_clock_that_starts_far_ahead_deletes_nothing_for_a_day(
    site: Site, event: MakeEvent
) -> None:
    with site.open() as store:
        serve(site, store, hours=48)
        store.add_event(event())
        store.add_event(event(), listed=True)
        right = site.clock.now
        site.clock.now += TEN_YEARS
        report = store.purge(rehearse=True)
        assert (report.held, report.deleted) == (True, 0)
        store.add_event(event())
        assert serve(site, store, hours=20) == 0
        site.clock.now = right
        store.purge()
        assert events(store) == 3
        assert serve(site, store, hours=30) == 2, "the unmatched one, and what was dated ahead"
        assert events(store) == 1


def test_after_a_long_gap_all_goes_a_day_later_though_nothing_happens(
    site: Site, event: MakeEvent
) -> None:
    with site.open() as store:
        store.add_event(event())
        site.clock.forward(days=91)
        report = store.purge()
        assert (report.held, report.deleted) == (True, 0)
        assert '"held": true' in store.audit()[0].detail
        site.clock.forward(days=1)
        report = store.purge()
        assert (report.held, report.deleted) == (False, 1)


def test_a_purge_now_and_then_is_no_gap(site: Site, event: MakeEvent) -> None:
    with site.open() as store:
        for _ in range(3):
            store.add_event(event(), listed=True)
            site.clock.forward(days=60)
            assert store.purge().deleted == 1
