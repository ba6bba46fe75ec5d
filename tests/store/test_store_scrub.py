"""What is deleted is gone from the file of an SQLite store, also from the unused parts of pages."""

from __future__ import annotations

import random
import resource
import shutil
import string
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.store import EventStore, Picture, Requester, SearchQuery
from lpr.store.database import Database

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

PICTURE = Picture(b"\xff\xd8\xff" + bytes(60_000))


@pytest.fixture
def rewrites(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """One entry for each time that a file was made anew."""
    done: list[str] = []
    real = Database.rewrite

    def rewrite(database: Database) -> str:
        done.append("anew")
        return real(database)

    monkeypatch.setattr(Database, "rewrite", rewrite)
    yield done


@pytest.fixture
def no_room() -> Iterator[pytest.MonkeyPatch]:
    """A disk that is nearly full; undo it to have room."""
    full = SimpleNamespace(total=10**9, used=10**9 - 1000, free=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: full)
        yield patch


def fill(store: EventStore, event: MakeEvent, start: datetime) -> list[str]:
    """Store 700 plates, three in ten of them for long; return the others."""
    rng = random.Random(3)
    short = []
    with store._database.write() as connection:
        for number in range(700):
            text = "".join(rng.choices(string.ascii_uppercase, k=3)) + f"Z{rng.randrange(10**6):06}"
            listed = rng.random() < 0.3
            if not listed:
                short.append(text)
            store._writer.add_event(
                connection,
                event(text),
                event_id=f"{rng.getrandbits(128):036x}",
                run="r",
                at=start + timedelta(seconds=50 * number),
                listed=listed,
                picture=None,
            )
    return short


def left(folder: Path, texts: list[str]) -> list[str]:
    data = b"".join(file.read_bytes() for file in folder.glob("events.db*"))
    return [text for text in texts if text.encode() in data]


def test_moving_rows_leaves_no_copy_of_what_is_purged_or_erased(
    sqlite_site: Site, event: MakeEvent, guard: Requester
) -> None:
    site = sqlite_site
    folder = site.settings.database.parent
    with site.open() as store:
        short = fill(store, event, site.clock.now)
        assert left(folder, short) == short
        site.clock.forward(days=3)
        assert store.purge().scrubbed
        assert left(folder, short) == []
        kept = [one.event.text for one in store.search(SearchQuery(limit=1000), guard)]
        for text in kept[:5]:
            assert store.erase(text, guard).scrubbed
        assert left(folder, kept[:5]) == []
        assert left(folder, kept[5:]) == kept[5:]


def test_an_erasure_makes_the_file_anew(
    sqlite_site: Site, event: MakeEvent, guard: Requester
) -> None:
    with sqlite_site.open() as store:
        for _ in range(10):
            store.add_event(event("BAB1"), picture=PICTURE)
        store.add_event(event("BAB2"), picture=PICTURE)
        assert store.summary().size > 600_000
        assert store.erase("BAB1", guard).scrubbed
        assert store.summary().size < 300_000
        (found,) = store.search(SearchQuery("BAB2"), guard)
        assert found.has_picture


def test_a_purge_makes_a_large_file_anew_once_a_day_when_nothing_happens(
    sqlite_site: Site,
    event: MakeEvent,
    rewrites: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = sqlite_site
    monkeypatch.setattr("lpr.store.scrub._SMALL", 0)
    with site.open(retention={"unmatched_days": 0.25}) as store:

        def purge(hours: int, *, busy: bool = False) -> bool:
            """Purge every hour; whether residue is left after the last."""
            residue = True
            for _ in range(hours):
                store.add_event(event(), at=site.clock.now)
                site.clock.forward(hours=1)
                if busy:
                    store.add_event(event(), at=site.clock.now)
                residue = store.purge().residue
            return residue

        assert not purge(1)
        assert len(rewrites) == 1, "an older version never did"
        assert purge(23)
        assert len(rewrites) == 1
        assert not purge(1)
        assert len(rewrites) == 2
        assert purge(72, busy=True)
        assert len(rewrites) == 2
        assert not purge(1)
        assert len(rewrites) == 3
    with site.open(retention={"unmatched_days": 36500}) as store:
        site.clock.forward(days=5)
        assert not store.purge().residue
        assert len(rewrites) == 3, "nothing was deleted since"


def test_a_small_file_is_made_anew_while_vehicles_pass(
    sqlite_site: Site, event: MakeEvent, rewrites: list[str]
) -> None:
    with sqlite_site.open(retention={"unmatched_days": 0.25}) as store:
        for _ in range(26):
            store.add_event(event(), at=sqlite_site.clock.now)
            sqlite_site.clock.forward(hours=1)
            store.add_event(event(), at=sqlite_site.clock.now)
            store.purge()
    assert len(rewrites) == 2


def test_postgres_is_left_to_its_own_vacuum(
    site: Site, event: MakeEvent, guard: Requester, rewrites: list[str]
) -> None:
    with site.open() as store:
        store.add_event(event("BAB1"))
        assert store.erase("BAB1", guard).scrubbed
        site.clock.forward(days=2)
        assert not store.purge().residue
    assert bool(rewrites) == site.is_sqlite


def test_an_erasure_without_room_for_it_is_done_and_says_so(
    sqlite_site: Site, event: MakeEvent, guard: Requester, no_room: pytest.MonkeyPatch
) -> None:
    with sqlite_site.open() as store:
        store.add_event(event("BAB1"))
        report = store.erase("BAB1", guard)
        assert (report.events, report.scrubbed) == (1, False)
        assert "the disk needs" in report.unscrubbed
        assert store.search(SearchQuery("BAB1"), guard) == ()
        assert not store.purge().scrubbed
        no_room.undo()
        report = store.erase("BAB1", guard)
        assert (report.events, report.scrubbed) == (0, True)


def test_a_purge_makes_up_for_what_an_erasure_could_not(
    sqlite_site: Site, event: MakeEvent, guard: Requester, rewrites: list[str]
) -> None:
    with sqlite_site.open() as store:
        store.purge()
        store.add_event(event("BAB1"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = store.summary().size
        try:
            # The kernel refuses what VACUUM writes, as it does on a full disk.
            resource.setrlimit(resource.RLIMIT_FSIZE, (size - 20_000, hard))
            report = store.erase("BAB1", guard)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (report.events, report.scrubbed) == (1, False)
        assert "the disk" in report.unscrubbed
        sqlite_site.clock.forward(days=1, hours=1)
        report_of_purge = store.purge()
        assert (report_of_purge.residue, report_of_purge.unscrubbed) == (False, "")
        assert len(rewrites) == 3


def test_the_command_says_that_the_erasure_is_done(
    sqlite_site: Site, event: MakeEvent, tmp_path: Path, no_room: pytest.MonkeyPatch
) -> None:
    with sqlite_site.open() as store:
        store.add_event(event("BAB1"))
    config = tmp_path / "store.toml"
    config.write_text('[store]\ndatabase = "events.db"\n[store.key]\nenv = "LPR_TEST_KEY"\n')
    command = ["events", "erase", "BAB1", "--yes", "--who", "me", "--why", "x", "--config"]
    result = CliRunner().invoke(app, [*command, str(config)])
    assert result.exit_code == ExitCode.OUTPUT
    assert "erased: 1 events" in result.stdout
    assert "the rows are gone, but their old text may still be readable" in result.stderr
    assert "run `lpr events erase` again" in result.stderr
    no_room.undo()
    assert CliRunner().invoke(app, [*command, str(config)]).exit_code == ExitCode.OK
