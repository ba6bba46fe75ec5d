from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from lpr.errors import StoreError
from lpr.store import Requester, SearchQuery
from lpr.store.audit import GENESIS
from lpr.store.database import Database, connect
from lpr.store.schema import audit

if TYPE_CHECKING:
    from tests.store.conftest import Site

Attack = Callable[[sa.Connection], None]


def fill(site: Site, guard: Requester) -> str:
    """Five entries; returns the head."""
    with site.open() as store:
        for number in range(5):
            store.search(SearchQuery(f"AB{number}"), guard)
        return store.check_audit().head


def without_guards(database: Database, attack: Attack) -> None:
    """What somebody can do who owns the database: the triggers go first."""
    with database.write() as connection:
        for name in ("audit_no_update", "audit_no_delete", "audit_in_order", "audit_no_truncate"):
            place = "" if database.is_sqlite else " ON audit"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{place}")
        attack(connection)


def change(connection: sa.Connection) -> None:
    connection.execute(audit.update().where(audit.c.number == 3).values(who="Somebody Else"))


def remove(connection: sa.Connection) -> None:
    connection.execute(audit.delete().where(audit.c.number == 3))


def cut(connection: sa.Connection) -> None:
    connection.execute(audit.delete().where(audit.c.number > 3))


def rewrite(connection: sa.Connection) -> None:
    """Change an entry and make the whole chain anew; only the seals need a key."""
    previous = GENESIS
    for row in connection.execute(sa.select(audit).order_by(audit.c.number)).all():
        who = "Somebody Else" if row.number == 3 else row.who
        parts = [row.number, row.at.isoformat(), who, row.why, row.action, row.plate]
        parts += [row.detail, row.key_id, previous]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        connection.execute(
            audit.update()
            .where(audit.c.number == row.number)
            .values(who=who, previous=previous, hash=digest)
        )
        previous = digest


@pytest.mark.parametrize(
    ("attack", "broken_at", "problem"),
    [
        (change, 3, "it was changed"),
        (remove, 3, "entry 3 is missing"),
        (rewrite, 3, "its seal is forged"),
        (cut, 4, "the expected head is missing"),
    ],
)
def test_tampering_shows(
    site: Site, guard: Requester, attack: Attack, broken_at: int, problem: str
) -> None:
    head = fill(site, guard)
    database = connect(site.settings)
    without_guards(database, attack)
    database.close()
    with site.open() as store:
        check = store.check_audit(expect=head)
    assert (check.broken_at, check.problem) == (broken_at, problem)


def test_an_untouched_log_is_whole(site: Site, guard: Requester) -> None:
    head = fill(site, guard)
    with site.open() as store:
        store.search(SearchQuery(), guard)
        check = store.check_audit(expect=head)
        assert (check.entries, check.unsealed, check.broken_at, check.problem) == (6, 0, None, "")
        assert check.head == store.audit()[0].hash
        assert [entry.number for entry in store.audit(limit=3)] == [6, 5, 4]


CHANGES = (
    "UPDATE audit SET who = 'x'",
    "DELETE FROM audit",
    "INSERT INTO audit SELECT 9, at, who, why, action, plate, detail, key_id, previous, hash,"
    " seal FROM audit WHERE number = 1",
)
ONLY_SQLITE = "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1"
ONLY_POSTGRES = "TRUNCATE audit"


def test_the_database_itself_refuses_changes(site: Site, guard: Requester) -> None:
    fill(site, guard)
    database = connect(site.settings)
    for statement in (*CHANGES, ONLY_SQLITE if site.is_sqlite else ONLY_POSTGRES):
        with pytest.raises(StoreError, match="append-only"), database.write() as connection:
            connection.exec_driver_sql(statement)
    database.close()
    with site.open() as store:
        check = store.check_audit()
        assert (check.entries, check.broken_at) == (5, None)


def test_a_search_that_cannot_be_audited_finds_nothing(site: Site, guard: Requester) -> None:
    with site.open() as store:
        database = connect(site.settings)
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")
        database.close()
        with pytest.raises(StoreError):
            store.search(SearchQuery(), guard)
