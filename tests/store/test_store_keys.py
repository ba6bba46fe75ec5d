from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lpr.errors import ConfigError
from lpr.store import (
    KeySettings,
    ListedPlate,
    Match,
    Picture,
    Requester,
    SearchQuery,
    StoredDecision,
    StoreSettings,
    open_store,
)
from lpr.store.keys import Keys
from lpr.store.schema import events

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

PICTURE = Picture.encode(np.zeros((8, 16, 3), np.uint8))
NEW_KEY = "fedcba9876543210fedcba9876543210"


def test_a_plate_on_no_list_is_kept_as_a_keyed_hash(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open(pseudonyms=True) as store:
        one = event("ZQXW77", alternatives=("ZQXW71",))
        store.add_event(one, picture=PICTURE)
        store.add_decision(
            StoredDecision(
                at=site.clock.now,
                gate="main",
                camera="north",
                track_id=one.track_id,
                event_time=10.0,
                action="ask",
                reason="not_listed",
                rule="policy",
                text="ZQXW77",
                detail="ZQXW77 is on no allow list",
                suspicions=(("not_registered", "ZQXW77 is on no list"),),
            )
        )
        (found,) = store.search(SearchQuery("ZQXW77"), guard)
        assert (found.event.text, found.event.raw_text, found.event.alternatives) == ("", "", ())
        assert found.pseudonym is not None
        assert not found.has_picture
        assert found.action == "ask"
        assert store.search(SearchQuery("2QXW77", folded=True), guard) == (found,)
        assert store.search(SearchQuery("ZQX", match=Match.PREFIX), guard) == ()
        exported = store.export("ZQXW77", guard)["passages"]
        assert len(exported) == 1
        assert "ZQXW" not in str(exported)
        if site.is_sqlite:
            files = site.settings.database.parent.glob("events.db*")
            assert all(b"ZQXW" not in file.read_bytes() for file in files)
        assert store.erase("ZQXW77", guard).events == 1
        assert store.search(SearchQuery("ZQXW77"), guard) == ()


def test_a_hidden_plate_is_found_with_and_without_its_dots(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open(pseudonyms=True) as store:
        for text in ("FÜAB10", "FUAB10"):
            store.add_event(event(text), listed=False)
        # An earlier version made the folded pseudonym with the dots, and it cannot be made anew.
        with store._database.write() as connection:
            first = events.c.number == 1
            old = store._keys.pseudonym(store._confusables.fold("FÜAB10"))
            connection.execute(events.update().where(first).values(folded_pseudonym=old))
        for text in ("FÜAB10", "FUAB10"):
            assert len(store.search(SearchQuery(text, folded=True), guard)) == 2
            assert len(store.search(SearchQuery(text), guard)) == 1
            assert len(store.export(text, guard)["passages"]) == 2
        assert store.erase("FUAB10", guard).events == 2


def test_a_listed_plate_is_kept_as_it_is(site: Site, event: MakeEvent, guard: Requester) -> None:
    with site.open(pseudonyms=True) as store:
        store.add_plates([ListedPlate("AB0123", "allow"), ListedPlate("FÜ-AB 10", "deny")], guard)
        for text in ("AB0123", "FÜAB10", "FUAB10", "XY9"):
            store.add_event(event(text))
        store.add_event(event("TOLD"), listed=True)
        found = [one.event.text for one in store.search(SearchQuery(), guard)]
    assert found == ["TOLD", "", "FUAB10", "FÜAB10", "AB0123"]


def test_a_stranger_who_looks_like_a_listed_plate_is_kept_as_a_keyed_hash(
    site: Site, event: MakeEvent, guard: Requester
) -> None:
    with site.open(pseudonyms=True) as store:
        store.add_plates([ListedPlate("AB0123", "allow")], guard)
        for text in ("ABO123", "ABÖ123"):
            one = event(text)
            store.add_event(one, picture=PICTURE)
            store.add_decision(
                StoredDecision(
                    at=site.clock.now,
                    gate="main",
                    camera="north",
                    track_id=one.track_id,
                    event_time=10.0,
                    action="open",
                    reason="confusable_match",
                    rule="store:1",
                    text=text,
                    detail=f"{text} can only be AB0123, allowed",
                    plate="AB0123",
                    suspicions=(("watch_listed", f"{text} is watched"),),
                )
            )
        for found in store.search(SearchQuery(), guard):
            details = store.show(found.event_id, guard)
            assert details is not None
            (decided,) = details.decisions
            assert (found.event.text, decided.text, decided.plate) == ("", "", "AB0123")
            assert found.pseudonym is not None
            assert found.pseudonym == decided.pseudonym
            assert "123" not in decided.detail + str(decided.suspicions)
            assert not found.has_picture


def test_an_unread_event_needs_no_pseudonym(site: Site, event: MakeEvent, guard: Requester) -> None:
    with site.open(pseudonyms=True) as store:
        store.add_event(replace(event(""), raw_text="ZQXW77"))
        (found,) = store.search(SearchQuery(""), guard)
    assert (found.pseudonym, found.event.raw_text) == (None, "")


def test_a_wrong_key_is_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.open().close()
    monkeypatch.setenv("LPR_TEST_KEY", NEW_KEY)
    with pytest.raises(ConfigError, match="is not the key that this store was written with") as e:
        site.open()
    assert NEW_KEY not in str(e.value)


@pytest.mark.parametrize(("key", "message"), [("short", "16 are needed"), ("", "is not set")])
def test_a_key_that_is_none_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    monkeypatch.setenv("LPR_TEST_KEY", key)
    with pytest.raises(ConfigError, match=message):
        site.open()


def test_a_new_key_takes_over_and_the_old_one_still_finds(
    site: Site, event: MakeEvent, guard: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.open(pseudonyms=True) as store:
        store.add_event(event("ZQXW77"))
        store.search(SearchQuery("ZQXW77"), guard)
    old = {"env": "LPR_TEST_KEY"}
    monkeypatch.setenv("NEW_KEY", NEW_KEY)
    both = {"env": "NEW_KEY", "previous_envs": ("LPR_TEST_KEY",)}
    with site.open(pseudonyms=True, key=both) as store:
        store.add_event(event("ZQXW77"))
        found = store.search(SearchQuery("ZQXW77"), guard)
        assert len({one.pseudonym for one in found}) == len(found) == 2
        assert len(store.audit(plate="ZQXW77")) == 2
        assert store.audit()[1].action == "key"
        check = store.check_audit()
        assert (check.broken_at, check.unsealed) == (None, 0)
    with site.open(pseudonyms=True, key={"env": "NEW_KEY"}) as store:
        assert len(store.search(SearchQuery("ZQXW77"), guard)) == 1
        check = store.check_audit()
        assert (check.broken_at, check.unsealed) == (None, 1)
    with pytest.raises(ConfigError, match="was replaced by a newer key"):
        site.open(key=old)


def test_a_lost_key_file_is_not_replaced_by_another(tmp_path: Path) -> None:
    settings = StoreSettings(database=tmp_path / "events.db")
    open_store(settings).close()
    (tmp_path / "events.db.key").rename(tmp_path / "elsewhere.key")
    with pytest.raises(ConfigError, match=r"events.db.key is missing; restore it"):
        open_store(settings)
    moved = KeySettings(file=tmp_path / "elsewhere.key")
    open_store(settings.model_copy(update={"key": moved})).close()


def test_postgres_needs_a_key(postgres: StoreSettings) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL needs env or file with a key"):
        open_store(postgres.model_copy(update={"key": KeySettings()}))


def test_a_hash_says_nothing_without_its_key() -> None:
    one, other = Keys("a" * 32), Keys("b" * 32)
    assert one.pseudonym("AB123") == Keys("a" * 32).pseudonym("AB123")
    assert one.pseudonym("AB123") != other.pseudonym("AB123")
    assert one.pseudonym("AB123") != one.pseudonym("AB124")
    assert one.key_id != other.key_id
    assert Keys("a" * 32, ["b" * 32]).pseudonyms("X") == (one.pseudonym("X"), other.pseudonym("X"))
