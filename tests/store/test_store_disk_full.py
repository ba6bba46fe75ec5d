"""A full disk: the error says so, nothing is half written, and it goes on when space returns."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from lpr.errors import OutputError, StoreError
from lpr.store import Picture, Requester, SearchQuery, StoredEvent, StoreSettings, open_store

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent

PICTURE = Picture(b"\xff\xd8\xff" + bytes(60_000))


@pytest.fixture
def pages() -> Iterator[list[int]]:
    """How many pages an SQLite file may have; none means any number."""
    limit: list[int] = []

    def checked_out(connection: sa.engine.interfaces.DBAPIConnection, *_: object) -> None:
        cursor = connection.cursor()
        if type(connection).__module__.startswith("sqlite3"):
            cursor.execute(f"PRAGMA max_page_count={limit[0] if limit else 1_000_000}")
        cursor.close()

    sa.event.listen(sa.Pool, "checkout", checked_out)
    yield limit
    sa.event.remove(sa.Pool, "checkout", checked_out)


def test_a_full_disk_is_named_and_passes(
    sqlite: StoreSettings, event: MakeEvent, guard: Requester, pages: list[int]
) -> None:
    with open_store(sqlite) as store:
        store.add_event(event("BEFORE"))
        pages.append(1)
        with pytest.raises(StoreError, match="the disk is full; free some space") as caught:
            for number in range(20):
                store.add_event(event(f"FULL{number}"), picture=PICTURE)
        assert isinstance(caught.value, OutputError)
        stored = [one.event.text for one in _found(sqlite, guard, pages)]
        pages.clear()
        store.add_event(event("AFTER"), picture=PICTURE)
        found = store.search(SearchQuery(), guard)
    assert [one.event.text for one in found] == ["AFTER", *stored]
    assert "BEFORE" in stored


def _found(sqlite: StoreSettings, guard: Requester, pages: list[int]) -> tuple[StoredEvent, ...]:
    kept = pages.copy()
    pages.clear()
    with open_store(sqlite) as other:
        found = other.search(SearchQuery(), guard)
    pages.extend(kept)
    return found


CHILD = """
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from lpr.errors import StoreError
from lpr.geometry import Quad
from lpr.store import Picture, Requester, SearchQuery, StoreSettings, open_store
from lpr.types import EventKind, PlateEvent

EVENT = PlateEvent(EventKind.CONFIRMED, "north", 0, "AB1", "", 0.9, (), (), None, 5, 5, 0.0, 0.0, 0,
                   Quad.from_box(0, 0, 100, 20))
PICTURE = Picture(b"\\xff\\xd8\\xff" + bytes(60_000))
store = open_store(StoreSettings(database=Path(sys.argv[1])))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
stored, failed = 0, ""
for number in range(1, 40):
    try:
        store.add_event(replace(EVENT, track_id=number), picture=PICTURE)
        stored += 1
    except StoreError as error:
        failed = str(error)
        break
print(failed)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.add_event(replace(EVENT, track_id=100), picture=PICTURE)
found = store.search(SearchQuery(), Requester("me", "test"))
print(stored + 1 == len(found), all(one.has_picture for one in found))
store.close()
"""


def test_the_kernel_refuses_to_write_and_then_lets_us_again(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY:
        pytest.skip("the size of files is limited here already")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "events.db")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failed, right = done.stdout.splitlines()
    assert "events.db: the disk cannot be read or written; is it full or failing?" in failed
    assert right == "True True"
