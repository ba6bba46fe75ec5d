from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.errors import StoreError
from lpr.store import KeySettings, Requester, SearchQuery
from lpr.store.audit import GENESIS, AuditEntry, _digest
from lpr.store.database import Database, connect
from lpr.store.schema import audit

if TYPE_CHECKING:
    from tests.store.conftest import Site

Attack = Callable[[sa.Connection], None]
MADE_UP = "f" * 16


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


def rewrite(connection: sa.Connection, *, key_id: str | None = None, since: int = 1) -> None:
    """Change an entry and make the whole chain anew; only the seals need a key."""
    previous = GENESIS
    for row in connection.execute(sa.select(audit).order_by(audit.c.number)).all():
        who = "Somebody Else" if row.number == 3 else row.who
        key = row.key_id if key_id is None or row.number < since else key_id
        parts = [row.number, row.at.isoformat(), who, row.why, row.action, row.plate]
        parts += [row.detail, key, previous]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        connection.execute(
            audit.update()
            .where(audit.c.number == row.number)
            .values(who=who, previous=previous, hash=digest, key_id=key)
        )
        previous = digest


def made_up_key(connection: sa.Connection) -> None:
    """A seal of a key that nobody knows cannot be checked."""
    rewrite(connection, key_id=MADE_UP)


def made_up_key_at_the_end(connection: sa.Connection) -> None:
    rewrite(connection, key_id=MADE_UP, since=3)


def add_made_up(connection: sa.Connection, *, action: str = "search", detail: str = "{}") -> None:
    """Write one more entry; the triggers of the database allow it."""
    last = connection.execute(sa.select(audit).order_by(audit.c.number.desc()).limit(1)).one()
    fields = (last.number + 1, last.at, "J. Guard", "case 17", action, None, detail, MADE_UP)
    digest = _digest(*fields, previous=last.hash)
    row = AuditEntry(*fields, previous=last.hash, hash=digest, seal="0" * 64)
    connection.execute(audit.insert().values(**{one: getattr(row, one) for one in row.__slots__}))


UNVOUCHED = "its key is not given, and no change of the key vouches for it"


@pytest.mark.parametrize(
    ("attack", "broken_at", "problem"),
    [
        (change, 3, "it was changed"),
        (remove, 3, "entry 3 is missing"),
        (rewrite, 3, "its seal is forged"),
        (made_up_key, 1, UNVOUCHED),
        (made_up_key_at_the_end, 3, UNVOUCHED),
        (add_made_up, 6, UNVOUCHED),
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
        if attack is not cut:
            # Nor does what is written on top of it vouch for it.
            store.search(SearchQuery(), guard)
            assert store.check_audit().broken_at == broken_at


def test_a_head_that_was_noted_before_the_first_entry_is_still_held(
    site: Site, guard: Requester
) -> None:
    with site.open() as store:
        head = store.check_audit().head
        assert head == GENESIS
        store.search(SearchQuery(), guard)
        assert store.check_audit(expect=head).broken_at is None


def keys_in_a_row(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[KeySettings]:
    """Settings that give the first key, then each next one with the one before."""
    for name in names:
        monkeypatch.setenv(name, name * 16)
    first = KeySettings(env=names[0])
    later = zip(names[1:], names, strict=False)
    return [first, *(KeySettings(env=new, previous_envs=(old,)) for new, old in later)]


def test_each_change_of_the_key_vouches_for_the_one_before(
    site: Site, guard: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in keys_in_a_row(monkeypatch, "KEY_A", "KEY_B", "KEY_C"):
        with site.open(key=key) as store:
            store.search(SearchQuery(), guard)
            store.search(SearchQuery(), guard)
    with site.open(key={"env": "KEY_C"}) as store:
        assert [entry.number for entry in store.audit() if entry.action == "key"] == [6, 3]
        check = store.check_audit()
        assert (check.entries, check.broken_at, check.unsealed) == (8, None, 5)
    database = connect(site.settings)
    with database.write() as connection:
        first = connection.execute(sa.select(audit.c.key_id).where(audit.c.number == 1)).scalar()
        second = connection.execute(sa.select(audit.c.key_id).where(audit.c.number == 3)).scalar()
        # Whoever makes up a key can also make up that it vouches for others.
        for before in (first, second, MADE_UP):
            detail = json.dumps({"before": before, "after": MADE_UP})
            add_made_up(connection, action="key", detail=detail)
    database.close()
    with site.open(key={"env": "KEY_C"}) as store:
        store.search(SearchQuery(), guard)
        check = store.check_audit()
        assert (check.broken_at, check.problem) == (9, UNVOUCHED)


def test_a_key_that_was_replaced_seals_nothing_any_more(
    site: Site, guard: Requester, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_in_a_row(monkeypatch, "KEY_A", "KEY_B")
    old = site.open(key=keys[0])
    old.search(SearchQuery(), guard)
    with site.open(key=keys[1]) as store:
        old.search(SearchQuery(), guard)
        assert store.check_audit().broken_at is None, "both keys are given"
    old.close()
    with site.open(key={"env": "KEY_B"}) as store:
        check = store.check_audit()
        assert (check.broken_at, check.problem) == (3, UNVOUCHED)


def test_the_command_says_what_it_could_not_check(
    sqlite_site: Site, guard: Requester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key in keys_in_a_row(monkeypatch, "KEY_A", "KEY_B"):
        with sqlite_site.open(key=key) as store:
            store.search(SearchQuery(), guard)
    config = tmp_path / "store.toml"
    config.write_text('[store]\ndatabase = "events.db"\n[store.key]\nenv = "KEY_B"\n')
    command = ["events", "audit", "--limit", "0", "--config", str(config)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == ExitCode.OK
    assert "audit log: 3 entries unchanged" in result.stderr
    assert "of 1 of them the chain alone was checked, not the seals" in result.stderr
    database = connect(sqlite_site.settings)
    with database.write() as connection:
        add_made_up(connection)
    database.close()
    result = CliRunner().invoke(app, command)
    assert result.exit_code == ExitCode.LIMIT_MISSED
    assert f"tampered with at entry 4: {UNVOUCHED}" in result.stderr
    assert "unchanged" not in result.stderr


@pytest.mark.parametrize("detail", ["", "[]", "{}", "1", '{"before": 1}', '{"before": ["x"]}'])
def test_a_change_of_the_key_may_be_nonsense(site: Site, guard: Requester, detail: str) -> None:
    fill(site, guard)
    database = connect(site.settings)
    with database.write() as connection:
        add_made_up(connection, action="key", detail=detail)
    database.close()
    with site.open() as store:
        assert store.check_audit().broken_at == 6


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
