from __future__ import annotations

import sqlite3
import stat
import sys
import threading
import traceback
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lpr.errors import ConfigError, MissingExtraError, StoreError
from lpr.store import EventStore, StoreSettings, open_store
from lpr.store.database import connect
from lpr.store.schema import VERSION_TABLE, metadata

if TYPE_CHECKING:
    from tests.store.conftest import Cluster, MakeEvent, Site


def test_a_new_database_gets_the_schema_and_an_old_one_keeps_it(site: Site) -> None:
    with site.open() as store:
        assert store.migration.before is None
        assert store.migration.changed
    with site.open() as store:
        assert store.migration.before == store.migration.after
        assert not store.migration.changed


def test_the_migrations_make_exactly_the_tables_of_the_code(site: Site) -> None:
    site.open().close()
    database = connect(site.settings)
    with database.read() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        found = sa.inspect(connection)
        made = {
            name: {(index["name"], *index["column_names"]) for index in found.get_indexes(name)}
            for name in metadata.tables
        }
    database.close()
    for name, table in metadata.tables.items():
        wanted = {(index.name, *index.columns.keys()) for index in table.indexes}
        assert wanted <= made[name], name


def test_a_newer_schema_is_refused(site: Site) -> None:
    site.open().close()
    database = connect(site.settings)
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    database.close()
    with pytest.raises(StoreError, match=r"newer version of lpr .*'9999'.* update lpr"):
        site.open()


def test_a_broken_migration_leaves_nothing_behind(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("CREATE", {}, Exception("power cut"))

    with monkeypatch.context() as broken:
        broken.setattr("alembic.operations.Operations.create_index", fail)
        with pytest.raises(StoreError):
            site.open()
    database = connect(site.settings)
    with database.read() as connection:
        assert sa.inspect(connection).get_table_names() == []
    database.close()
    site.open().close()


def test_several_may_open_a_new_database_at_once(site: Site) -> None:
    opened: list[EventStore] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            opened.append(site.open())
        except Exception as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in opened:
        store.close()
    assert failed == []
    assert len(opened) == 4
    assert sum(store.migration.changed for store in opened) >= 1


def test_sqlite_is_private_and_keeps_what_it_committed(sqlite: StoreSettings) -> None:
    with open_store(sqlite):
        assert stat.S_IMODE(sqlite.database.stat().st_mode) == 0o600
        database = connect(sqlite)
        with database.write() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            }
        database.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_nothing_has_to_be_set_up(tmp_path: Path, event: MakeEvent) -> None:
    settings = StoreSettings(database=tmp_path / "events.db")
    with open_store(settings) as store:
        store.add_event(event())
    key = tmp_path / "events.db.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) == 64
    with open_store(settings) as store:
        assert store.summary().holdings[0].rows == 1


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    settings = StoreSettings(database=tmp_path / "missing" / "events.db")
    with pytest.raises(StoreError, match=r"missing/events.db: cannot be opened"):
        open_store(settings)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"plates and times, but no database at all" * 100)
    with pytest.raises(StoreError, match="is no SQLite database"):
        open_store(StoreSettings(database=path))


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_another_programs_database_is_refused_and_stays_as_it_is(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "home.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA journal_mode={mode}")
        other.execute("CREATE TABLE states (value TEXT)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"home.db: is a database of another program.*'states'"):
        open_store(StoreSettings(database=path))
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["home.db"]


def test_a_lock_that_is_held_too_long_is_an_error_and_passes(
    sqlite: StoreSettings, event: MakeEvent
) -> None:
    with open_store(sqlite.model_copy(update={"busy_timeout": 0.05})) as store:
        other = sqlite3.connect(sqlite.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process holds its lock"):
            store.add_event(event())
        other.execute("ROLLBACK")
        other.close()
        store.add_event(event())
        assert store.summary().holdings[0].rows == 1


def test_a_thread_waits_for_its_turn_and_not_for_ever(
    sqlite: StoreSettings, event: MakeEvent
) -> None:
    settings = sqlite.model_copy(update={"busy_timeout": 0.05})
    database = connect(settings)
    failed: list[str] = []

    def write() -> None:
        try:
            with database.write():
                pass
        except StoreError as error:
            failed.append(str(error))

    with database.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert "another thread is writing for too long" in failed[0]
    write()
    database.close()
    assert len(failed) == 1


@pytest.mark.parametrize(("package", "extra"), [("sqlalchemy", "store"), ("alembic", "store")])
def test_a_missing_extra_is_named(
    package: str, extra: str, sqlite: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"lpr\[{extra}\]"):
        open_store(sqlite)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"lpr\[postgres\]"):
        open_store(StoreSettings(url="postgresql://127.0.0.1:9/lpr"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hunter2@@:://", "is no URL"),
        ("mysql://gate:hunter2@db/lpr", "must begin with postgresql"),
        ("postgresql://gate:hunter2@127.0.0.1:notaport/lpr", "is no URL"),
        ("postgresql://gate:hunter2@127.0.0.1:9/lpr", "cannot be reached"),
    ],
)
def test_a_url_that_does_not_work_keeps_its_secret(
    url: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", url)
    with pytest.raises((ConfigError, StoreError), match=message) as caught:
        open_store(StoreSettings(url_env="STORE_URL", busy_timeout=1))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url", ["postgresql://a:hunter2@db/x", "postgresql://a@db/x?password=hunter2"]
)
def test_a_password_in_the_configuration_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="put it into url_env or url_file") as caught:
        open_store(StoreSettings(url=url))
    assert "hunter2" not in str(caught.value)


def test_a_wrong_password_is_not_repeated(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", cluster.url("postgres", password="hunter2"))  # noqa: S106
    with pytest.raises(StoreError, match="the server refused the password") as caught:
        open_store(StoreSettings(url_env="STORE_URL"))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_database_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", cluster.url("nowhere"))
    with pytest.raises(StoreError, match=r"nowhere: the server has no such database"):
        open_store(StoreSettings(url_env="STORE_URL"))


def test_a_database_of_another_encoding_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    monkeypatch.setenv("STORE_URL", cluster.url("ascii"))
    with pytest.raises(StoreError, match="is encoded as SQL_ASCII"):
        open_store(StoreSettings(url_env="STORE_URL"))


def test_the_name_of_a_store_has_no_secret(site: Site) -> None:
    with site.open() as store:
        assert "s3cret" not in store.name
        assert "s3cret" not in repr(site.settings)


def test_a_lost_connection_is_made_anew(
    postgres: StoreSettings, cluster: Cluster, event: MakeEvent
) -> None:
    import psycopg

    with open_store(postgres) as store:
        store.add_event(event())
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'lpr'"
            )
        store.add_event(event())
        assert store.summary().holdings[0].rows == 2
