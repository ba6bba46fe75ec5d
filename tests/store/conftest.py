"""Both databases for every test of the store: SQLite in a file, PostgreSQL in a private cluster."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from lpr.formats.confusables import READER_CLASSES, Confusables
from lpr.geometry import Quad
from lpr.store import EventStore, KeySettings, Requester, StoreSettings, open_store
from lpr.types import EventKind, PlateEvent, TextCandidate

KEY = "0123456789abcdef0123456789abcdef"
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL server on loopback."""

    port: int
    password: str

    def url(self, name: str, *, user: str = "lpr", password: str | None = None) -> str:
        secret = self.password if password is None else password
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{name}"


@dataclass(slots=True)
class Clock:
    """A wall clock that tests move."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(slots=True)
class Site:
    """Settings of one empty database, and what opens it."""

    settings: StoreSettings
    clock: Clock = field(default_factory=Clock)

    @property
    def is_sqlite(self) -> bool:
        return self.settings.url_env is None

    def open(
        self,
        *,
        confusables: Confusables | None = None,
        **changes: object,
    ) -> EventStore:
        settings = StoreSettings.model_validate({**self._given(), **changes})
        classes = Confusables(READER_CLASSES) if confusables is None else confusables
        return open_store(settings, clock=self.clock, confusables=classes)

    def _given(self) -> dict[str, object]:
        return {name: getattr(self.settings, name) for name in self.settings.model_fields_set}


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return None if on_path is None else Path(on_path).parent


def _as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    return ["runuser", "-u", "postgres" if "postgres" in names else "nobody", "--"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing in CI; apt-get install postgresql")
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    run_as = _as_server_user()
    with tempfile.TemporaryDirectory(prefix="lpr-pg-") as name:
        folder = Path(name)
        secret = folder / "password"
        secret.write_text("s3cret-of-the-cluster")
        if run_as:
            user = pwd.getpwnam(run_as[2])
            for path in (folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        data, port = folder / "data", _free_port()
        make = [str(binaries / "initdb"), "-D", str(data), "-U", "lpr", "-A", "scram-sha-256"]
        make += [f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run([*run_as, *make], check=True, capture_output=True, cwd=folder)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        options += " -c full_page_writes=off -c autovacuum=off -c jit=off -c shared_buffers=16MB"
        control = [*run_as, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
        log = ["-l", str(folder / "log"), "-o", options]
        subprocess.run([*control, *log, "start"], check=True, capture_output=True, cwd=folder)
        try:
            yield Cluster(port, secret.read_text())
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder
            )


@pytest.fixture(scope="session")
def empty_database(cluster: Cluster) -> str:
    """URL of the one database whose schema each test gets empty."""
    import psycopg

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE store")
    return cluster.url("store")


@pytest.fixture
def postgres(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    """Settings of an empty PostgreSQL database."""
    import psycopg

    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    monkeypatch.setenv("LPR_TEST_URL", empty_database)
    monkeypatch.setenv("LPR_TEST_KEY", KEY)
    return StoreSettings(
        url_env="LPR_TEST_URL", busy_timeout=60, key=KeySettings(env="LPR_TEST_KEY")
    )


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    """Settings of an SQLite file that is not there yet."""
    monkeypatch.setenv("LPR_TEST_KEY", KEY)
    return StoreSettings(
        database=tmp_path / "events.db", busy_timeout=60, key=KeySettings(env="LPR_TEST_KEY")
    )


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest) -> Site:
    """An empty database of each kind."""
    return Site(request.getfixturevalue(request.param))


@pytest.fixture
def sqlite_site(sqlite: StoreSettings) -> Site:
    """An empty SQLite database, for what only a file can show."""
    return Site(sqlite)


@pytest.fixture
def store(site: Site) -> Iterator[EventStore]:
    """An open, empty store of each kind."""
    with site.open() as opened:
        yield opened


@pytest.fixture
def guard() -> Requester:
    return Requester("J. Guard", "case 17")


MakeEvent = Callable[..., PlateEvent]


@pytest.fixture(scope="session")
def event() -> MakeEvent:
    """Makes events: each call another track unless told otherwise."""
    tracks = count(1)

    def make(
        text: str = "AB123",
        *,
        kind: EventKind = EventKind.CONFIRMED,
        camera: str = "north",
        track_id: int | None = None,
        time: float = 10.0,
        raw_text: str | None = None,
        alternatives: tuple[str, ...] = (),
    ) -> PlateEvent:
        return PlateEvent(
            kind=kind,
            camera=camera,
            track_id=next(tracks) if track_id is None else track_id,
            text=text,
            raw_text=text if raw_text is None else raw_text,
            confidence=0.99,
            char_scores=(0.99,) * len(text),
            alternatives=tuple(TextCandidate(one, 0.01) for one in alternatives),
            region="DE",
            readings=5,
            agreeing=4,
            first_seen=time - 1,
            time=time,
            frame_index=100,
            quad=Quad.from_box(10, 20, 110.5, 45),
        )

    return make


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
