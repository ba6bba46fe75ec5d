"""What viewers and operators may do: the grants of docs/store.md on a real server."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from lpr.errors import StoreError
from lpr.store import EventStore, ListedPlate, Requester, SearchQuery, StoreSettings, open_store
from lpr.store import account as account_module
from lpr.store.account import account

if TYPE_CHECKING:
    from tests.store.conftest import Cluster, MakeEvent, Site

PAGE = Path(__file__).resolve().parents[2] / "docs" / "store.md"
ROLES = ("lpr_viewer", "lpr_operator")
REFUSED = "the server's role lacks the rights for it"


@pytest.fixture
def roles(
    postgres: StoreSettings, cluster: Cluster, event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, EventStore]]:
    """A store with one event, opened by each role with the rights that the page grants."""
    with open_store(postgres) as store:
        store.add_event(event("AB123"), listed=True)
    grants = PAGE.read_text("utf-8").split("```sql roles\n", 1)[1].split("```", 1)[0]
    opened: dict[str, EventStore] = {}
    with psycopg.connect(cluster.url("store"), autocommit=True) as owner:
        for role in ROLES:
            owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{cluster.password}'")
            owner.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        owner.execute(grants.encode())
        try:
            for role in ROLES:
                monkeypatch.setenv(f"URL_{role}", cluster.url("store", user=role))
                opened[role] = open_store(postgres.model_copy(update={"url_env": f"URL_{role}"}))
            yield opened
        finally:
            for one in opened.values():
                one.close()
            for role in reversed(ROLES):
                owner.execute(f"DROP OWNED BY {role}")
                owner.execute(f"DROP ROLE {role}")


def test_a_viewer_looks_and_that_is_on_record(
    roles: dict[str, EventStore], guard: Requester
) -> None:
    viewer = roles["lpr_viewer"]
    (found,) = viewer.search(SearchQuery("AB123"), guard)
    assert viewer.show(found.event_id, guard) is not None
    assert len(viewer.export("AB123", guard)["passages"]) == 1
    assert [one.action for one in viewer.audit()] == ["export", "show", "search"]
    assert viewer.check_audit().broken_at is None
    assert viewer.summary().holdings


def test_a_viewer_changes_nothing(
    roles: dict[str, EventStore], guard: Requester, event: MakeEvent
) -> None:
    viewer = roles["lpr_viewer"]
    for change in (
        lambda: viewer.erase("AB123", guard),
        lambda: viewer.purge(guard),
        lambda: viewer.add_event(event("XY1"), listed=True),
        lambda: viewer.add_plates([ListedPlate("XY1", "allow")], guard),
        lambda: viewer.remove_plate("AB123", guard),
    ):
        with pytest.raises(StoreError, match=REFUSED):
            change()
    assert len(viewer.search(SearchQuery("AB123"), guard)) == 1
    assert [one.action for one in viewer.audit()] == ["search"]


def test_an_operator_keeps_the_lists_and_erases_nothing(
    roles: dict[str, EventStore], guard: Requester
) -> None:
    operator = roles["lpr_operator"]
    assert operator.add_plates([ListedPlate("XY1", "allow")], guard) == 1
    assert operator.remove_plate("XY1", guard) == 1
    assert [one.action for one in operator.audit()] == ["list", "list"]
    with pytest.raises(StoreError, match=REFUSED):
        operator.erase("AB123", guard)


def test_every_entry_has_the_account_of_the_system(store: EventStore, guard: Requester) -> None:
    store.search(SearchQuery("AB123"), guard)
    store.note_lists(guard, added=2, removed=1, editors=["jo"])
    noted, searched = (json.loads(one.detail) for one in store.audit())
    assert searched["account"] == noted["account"] == account()
    assert (noted["added"], noted["removed"], noted["editors"]) == (2, 1, ["jo"])
    assert store.check_audit().broken_at is None


def test_the_account_is_not_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = pwd.getpwuid(os.geteuid()).pw_name
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    login = tmp_path / "loginuid"
    monkeypatch.setattr(account_module, "_LOGIN", login)
    assert account() == own
    login.write_text(str(2**32 - 1))
    assert account() == own
    login.write_text("54321")
    assert account() == f"{own} (login uid 54321)"


def test_a_store_that_cannot_take_the_entry_shows_nothing(
    sqlite_site: Site, event: MakeEvent, guard: Requester
) -> None:
    with sqlite_site.open() as store:
        store.add_event(event("AB123"), listed=True)
        with store._database.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON audit "
                "BEGIN SELECT RAISE(ABORT, 'no room'); END"
            )
        with pytest.raises(StoreError, match="no room"):
            store.search(SearchQuery("AB123"), guard)
