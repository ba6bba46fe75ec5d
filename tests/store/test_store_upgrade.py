"""A store that the first revision wrote is opened by this one; one of a newer revision is not.

`first-revision/` holds what the code of that revision wrote, as `sqlite3` and `pg_dump --inserts`
dump it: it is never made anew.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.errors import StoreError
from lpr.store import EventStore, Match, Requester, SearchQuery, migrate
from lpr.store.database import connect

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

FOLDER = Path(__file__).with_name("first-revision")
HEAD = "fad48a220414ccc9563d3f8f459fc077ce9e7d15a5b40e426dc1edb5f83897c3"
NEXT = """\
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("events", sa.Column("lane", sa.String(16), server_default="left"))
"""


@pytest.fixture
def first(site: Site) -> Site:
    """A store of each kind as the first revision left it."""
    if site.is_sqlite:
        with closing(sqlite3.connect(site.settings.database)) as connection:
            connection.executescript((FOLDER / "sqlite.sql").read_text("utf-8"))
    else:
        database = connect(site.settings)
        with database.write() as session:
            session.exec_driver_sql("SET LOCAL search_path TO public")
            dump = (FOLDER / "postgres.sql").read_text("utf-8")
            session.connection.cursor().execute(dump)
        database.close()
    return site


@pytest.fixture
def a_newer_lpr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The code of a version to come, which has a second revision; undo it to be of today."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).with_name("migrations"), folder)
    (folder / "versions" / "v0002_lane.py").write_text(NEXT)
    monkeypatch.setattr(migrate, "_FOLDER", folder)
    return monkeypatch


def check_data(store: EventStore, guard: Requester) -> None:
    """Everything that the first revision stored is there and can be used."""
    listed, chinese = (
        store.search(SearchQuery(text), guard)[0] for text in ("BAB1234", "京A12345")
    )
    assert (listed.event.raw_text, listed.action) == ("BAB1234", "open")
    assert listed.event.alternatives[0].text == "8AB1234"
    assert listed.event.quad.points[1] == (110.5, 20.0)
    assert str(listed.at) == "2026-03-02 08:00:00+00:00"
    shown = store.show(listed.event_id, guard)
    assert shown is not None
    assert shown.picture is not None
    assert shown.picture.data == b"\xff\xd8\xff\xe0first revision"
    assert [(one.reason, one.suspicions) for one in shown.decisions] == [
        ("exact_match", (("watch_listed", "noted"),))
    ]
    assert chinese.retention == "matched"
    # Folded texts, prefixes and pseudonyms of that time are still found.
    folded = store.search(SearchQuery("8A8I234", folded=True), guard)
    assert [one.event.text for one in folded] == ["BAB1234"]
    assert len(store.search(SearchQuery("BAB", match=Match.PREFIX), guard)) == 1
    hidden = store.search(SearchQuery("KXY99"), guard)
    assert [(one.event.text, bool(one.pseudonym)) for one in hidden] == [("", True)]
    assert [(one.plate, one.owner, one.gates) for one in store.plates()] == [
        ("BAB1234", "Ms Ode", ("main",))
    ]
    audit = store.check_audit(expect=HEAD)
    assert (audit.broken_at, audit.unsealed) == (None, 0)


def test_the_first_store_is_opened_with_its_data(
    first: Site, event: MakeEvent, guard: Requester
) -> None:
    with first.open(pseudonyms=True) as store:
        assert store.migration.before == "0001"
        check_data(store, guard)
        store.add_event(event("NEW1"), listed=True)
        assert len(store.search(SearchQuery("NEW1"), guard)) == 1
        assert store.erase("BAB1234", guard).events == 1
        assert store.purge(guard).counts


@pytest.mark.usefixtures("a_newer_lpr")
def test_an_older_store_is_brought_up_to_date(first: Site, guard: Requester) -> None:
    with first.open(pseudonyms=True) as store:
        assert (store.migration.before, store.migration.after) == ("0001", "0002")
        check_data(store, guard)
    database = connect(first.settings)
    with database.read() as connection:
        lanes = connection.execute(sa.text("SELECT DISTINCT lane FROM events")).scalars().all()
    database.close()
    assert lanes == ["left"]
    with first.open() as store:
        assert not store.migration.changed


def test_a_store_of_a_newer_revision_is_refused_and_left_as_it_is(
    first: Site, a_newer_lpr: pytest.MonkeyPatch, guard: Requester
) -> None:
    with first.open(pseudonyms=True):
        pass
    with a_newer_lpr.context() as today:
        today.setattr(migrate, "_FOLDER", Path(migrate.__file__).with_name("migrations"))
        with pytest.raises(StoreError, match=r"newer version of lpr \(schema '0002'\); update lpr"):
            first.open()
    with first.open(pseudonyms=True) as store:
        check_data(store, guard)


def test_the_command_says_so_in_one_line(
    sqlite_site: Site, a_newer_lpr: pytest.MonkeyPatch
) -> None:
    sqlite_site.open().close()
    a_newer_lpr.undo()
    path = sqlite_site.settings.database
    path.with_name(f"{path.name}.key").write_text("0123456789abcdef0123456789abcdef\n")
    result = CliRunner().invoke(app, ["events", "report", "--database", str(path)])
    assert result.exit_code == 4
    assert result.output == (
        f"lpr: {path}: was written by a newer version of lpr (schema '0002'); update lpr\n"
    )
