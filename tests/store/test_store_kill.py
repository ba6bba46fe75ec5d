"""kill -9 at random points: no committed event is lost, none is there twice, the store opens."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import kill
from typing import IO, TYPE_CHECKING

from lpr.store import Requester, SearchQuery, StoreSettings, open_store

if TYPE_CHECKING:
    from tests.store.conftest import Site

# One process imports the library once and forks a writer for each round, so that fifty rounds cost
# fifty forks and not fifty starts of Python.
NURSERY = """
import os, sys
from dataclasses import replace
from lpr.geometry import Quad
from lpr.store import Picture, StoreSettings, open_store
from lpr.store import store as _loaded, migrate as _loaded_too
from lpr.types import EventKind, PlateEvent

EVENT = PlateEvent(EventKind.CONFIRMED, "north", 0, "", "", 0.9, (), (), None, 5, 5, 0.0, 0.0, 0,
                   Quad.from_box(0, 0, 100, 20))
PICTURE = Picture(b"\\xff\\xd8\\xff" + bytes(9000))
SETTINGS = StoreSettings.model_validate_json(sys.argv[1])

def write(first):
    with open_store(SETTINGS) as store:
        number = first
        while True:
            event = replace(EVENT, track_id=number, text=f"AB{number}", time=float(number))
            store.add_event(event, run="r1", picture=PICTURE)
            say(number)
            number += 1

def say(*words):
    # One call: a blow between a number and its line's end would leave half a line behind.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        write(int(line))
    say("pid", child)
    os.waitpid(child, 0)
    say("dead")
"""


@contextmanager
def nursery(settings: StoreSettings) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, settings.model_dump_json(exclude_unset=True)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def one_round(process: subprocess.Popen[str], first: int, rng: random.Random) -> list[int]:
    """Let a writer begin at an event, kill it somewhere; returns what it said is committed."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{first}\n")
    process.stdin.flush()
    enough, said, child = rng.randint(0, 4), list[int](), 0
    while child == 0 or len(said) < enough:
        word = next_line(process.stdout)
        if word.startswith("pid"):
            child = int(word.split()[1])
        else:
            said.append(int(word))
    # Most of an event's time is spent in its transaction: the blow falls anywhere in it.
    time.sleep(rng.uniform(0, 0.02))
    kill(child, signal.SIGKILL)
    while (word := next_line(process.stdout)) != "dead":
        said.append(int(word))
    return said


def next_line(stream: IO[str]) -> str:
    line = stream.readline()
    assert line, "the writer died of something else"
    return line.strip()


def test_kill_at_random_points_loses_nothing_and_doubles_nothing(
    site: Site, guard: Requester
) -> None:
    rng, committed = random.Random(9), set[int]()
    site.open().close()
    rounds = 50 if site.is_sqlite else 6
    with nursery(site.settings) as process:
        for _ in range(rounds):
            # Each writer begins with the last event known to be stored, as an outbox would.
            committed.update(one_round(process, max(committed, default=0), rng))
    with site.open() as store:
        found = [one.event.track_id for one in store.search(SearchQuery(limit=10_000), guard)]
        assert store.check_audit().broken_at is None
        assert all(one.has_picture for one in store.search(SearchQuery(limit=10_000), guard))
    assert len(committed) >= rounds
    assert committed <= set(found)
    assert len(found) == len(set(found))
    assert set(found) <= committed | {max(committed) + 1}
    if site.is_sqlite:
        with closing(sqlite3.connect(site.settings.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_kill_while_a_new_store_is_made(sqlite: StoreSettings) -> None:
    rng = random.Random(5)
    with nursery(sqlite) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(10):
            process.stdin.write("0\n")
            process.stdin.flush()
            child = int(next_line(process.stdout).split()[1])
            time.sleep(rng.uniform(0, 0.15))
            kill(child, signal.SIGKILL)
            while next_line(process.stdout) != "dead":
                pass
            with open_store(sqlite) as store:
                assert store.summary().schema == store.migration.after
            for file in sqlite.database.parent.glob("events.db*"):
                file.unlink()
