from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.store import Picture, StoredDecision, StoreSettings, open_store
from lpr.types import EventKind

if TYPE_CHECKING:
    from tests.store.conftest import MakeEvent, Site

PICTURE = Picture.encode(np.zeros((8, 16, 3), np.uint8), "png")
ME = ("--who", "J. Guard", "--why", "case 17")
SITE = """
lists = ["plates.csv"]
[[gates]]
name = "main"
cameras = ["north"]
[gates.actuator]
type = "http"
url = "http://192.168.1.30/relay/0?turn=on&timer={pulse_seconds}"
username = "gate"
auth = "basic"
password_file = "relay.password"
[store]
[[webhooks]]
name = "office"
url = "https://example.org/plates"
secret_file = "office.secret"
"""

Run = Callable[..., Result]


@pytest.fixture
def config(site: Site, event: MakeEvent, tmp_path: Path) -> Path:
    """A gate.toml beside a store with a few events in it."""
    with site.open() as store:
        store.add_event(event("BAB1234", track_id=1), picture=PICTURE)
        store.add_event(event("BA81234", track_id=2))
        store.add_event(event("\x1b[2J=1+1", track_id=3))
        store.add_decision(
            StoredDecision(
                at=site.clock.now,
                gate="main",
                camera="north",
                track_id=1,
                event_time=10.0,
                action="ask",
                reason="not_listed",
                rule="policy",
                text="BAB1234",
            )
        )
    path = tmp_path / "gate.toml"
    where = 'database = "events.db"' if site.is_sqlite else 'url_env = "LPR_TEST_URL"'
    path.write_text(f'armed = false\n[store]\n{where}\n[store.key]\nenv = "LPR_TEST_KEY"\n')
    return path


@pytest.fixture
def run(config: Path) -> Run:
    def invoke(*arguments: str, ok: bool = True) -> Result:
        given = ["events", *arguments, "--config", str(config)]
        result = CliRunner().invoke(app, given, catch_exceptions=False)
        assert not ok or result.exit_code == ExitCode.OK, result.stderr
        return result

    return invoke


def events_of(result: Result) -> list[str]:
    return [json.loads(line)["text"] for line in result.stdout.splitlines()]


def test_search_finds_what_people_type(run: Run) -> None:
    assert events_of(run("search", "b-ab 1234", *ME, "--json")) == ["BAB1234"]
    assert len(events_of(run("search", "b-ab 1234", *ME, "--json", "--folded"))) == 2
    assert len(events_of(run("search", "BA*34", *ME, "--json"))) == 2
    assert events_of(run("search", "BA8", "--prefix", *ME, "--json")) == ["BA81234"]
    assert events_of(run("search", *ME, "--json", "--action", "ask")) == ["BAB1234"]
    assert events_of(run("search", *ME, "--json", "--until", "2020-01-01")) == []
    assert events_of(run("search", *ME, "--json", "--kind", "unread")) == []


def test_a_search_that_finds_nothing_says_so(run: Run) -> None:
    for more in ((), ("--json",)):
        result = run("search", "ZZ99", *ME, *more)
        assert result.stdout == ""
        assert result.stderr == "lpr: no events\n"
    assert "no events" not in run("search", "BAB1234", *ME).stderr


def test_search_shows_no_control_characters(run: Run) -> None:
    result = run("search", *ME, "--limit", "3")
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J=1+1" in result.stdout
    assert "BAB1234  ask  unmatched" in result.stdout
    assert "there may be more" in result.stderr


def test_a_search_needs_who_and_why(run: Run) -> None:
    assert run("search", "BAB1234", ok=False).exit_code == ExitCode.USAGE
    result = run("search", "BAB1234", "--who", "me", "--why", "", ok=False)
    assert result.exit_code == ExitCode.CONFIG
    assert "why: is missing" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kind", "confirm"), "did you mean 'confirmed'"),
        (("--kind", "zzz"), "known: confirmed"),
        (("--action", "opn"), "--action: there is no 'opn'; did you mean 'open'?"),
        (("--since", "yesterday"), "is no ISO 8601 time"),
        (("--limit", "0"), "--limit"),
        (("--since", "2026-11-01", "--until", "2026-10-01"), "2026-10-01: is before --since 2026-"),
    ],
)
def test_wrong_values_are_named(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("search", *ME, *arguments, ok=False)
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr


def test_show_prints_an_event_and_writes_its_picture(run: Run, tmp_path: Path) -> None:
    event_id = json.loads(run("search", "BAB1234", *ME, "--json").stdout)["event_id"]
    target = tmp_path / "plate.png"
    shown = json.loads(run("show", event_id, *ME, "--picture", str(target)).stdout)
    assert shown["text"] == "BAB1234"
    assert shown["decisions"][0]["reason"] == "not_listed"
    assert target.read_bytes() == PICTURE.data
    assert run("show", str(uuid4()), *ME, ok=False).exit_code == ExitCode.CONFIG


def test_a_plate_in_place_of_an_event_reaches_no_log(run: Run) -> None:
    result = run("show", "B-AB 1234", *ME, ok=False)
    assert result.exit_code == ExitCode.CONFIG
    assert "event: is no UUID" in result.stderr
    run("search", "--camera", "B-AB 1234", *ME)
    log = run("audit", "--json")
    assert "1234" not in result.stderr + log.stdout
    assert [json.loads(line)["action"] for line in log.stdout.splitlines()] == ["search"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plate.jpg", "plate.jpg: it is PNG; name it *.png"),
        ("plate", "must end in one of .jpg .jpeg .png .webp"),
    ],
)
def test_a_pictures_name_says_what_it_is(run: Run, tmp_path: Path, name: str, message: str) -> None:
    event_id = json.loads(run("search", "BAB1234", *ME, "--json").stdout)["event_id"]
    result = run("show", event_id, *ME, "--picture", str(tmp_path / name), ok=False)
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / name).exists()


def test_a_departures_picture_is_that_of_its_verdict(
    run: Run, site: Site, event: MakeEvent, tmp_path: Path
) -> None:
    other = Picture.encode(np.full((8, 16, 3), 9, np.uint8), "png")
    with site.open() as store:
        store.add_event(event("M1", kind=EventKind.CONFIRMED, track_id=50), picture=other)
        run_name = uuid4().hex
        ids = [
            store.add_event(one, run=run_name, picture=picture)
            for one, picture in (
                (event("M1", track_id=50, time=10), PICTURE),
                (event("M2", kind=EventKind.REVISED, track_id=50, time=11), other),
                (event("M1", kind=EventKind.DEPARTED, track_id=50, time=12), None),
                (event("M3", kind=EventKind.DEPARTED, track_id=50, time=13), None),
                (event("", kind=EventKind.UNREAD, track_id=50, time=14), None),
            )
        ]
    target = tmp_path / "plate.png"
    shown = run("show", ids[2], *ME, "--picture", str(target))
    assert target.read_bytes() == PICTURE.data
    assert shown.stderr == f"lpr: the picture is that of the verdict, event {ids[0]}\n"
    assert run("show", ids[1], *ME, "--picture", str(target)).stderr == ""
    assert target.read_bytes() == other.data
    target.unlink()
    for event_id in ids[3:]:
        none = run("show", event_id, *ME, "--picture", str(target), ok=False)
        assert none.exit_code == ExitCode.CONFIG
        assert f"event {event_id}: has no picture; a verdict keeps one" in none.stderr
        assert not target.exists()


def test_export_erase_and_audit(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "export.json"
    run("export", "B AB 1234", *ME, "--output", str(target))
    assert len(json.loads(target.read_text())["passages"]) == 1
    assert "BAB1234" in run("export", "BAB1234", *ME).stdout
    assert (
        "erased: 1 events, 1 decisions, 1 pictures" in run("erase", "BAB1234", *ME, "--yes").stdout
    )
    assert json.loads(run("export", "BAB1234", *ME).stdout)["passages"] == []
    result = run("audit", "--plate", "BAB1234")
    actions = [line.split("  ")[2] for line in result.stdout.splitlines()]
    assert actions == ["export", "erase", "export", "export"]
    assert "audit log: 4 entries unchanged; head " in result.stderr
    head = result.stderr.split()[-1]
    assert len(run("audit", "--expect", head, "--json").stdout.splitlines()) == 4
    wrong = run("audit", "--expect", "f" * 64, ok=False)
    assert wrong.exit_code == ExitCode.LIMIT_MISSED
    assert "the expected head is missing" in wrong.stderr


@pytest.mark.parametrize("typed", ["", "-", " – "])
def test_an_empty_plate_is_nobodys(config: Path, run: Run, typed: str) -> None:
    """Rows whose plate is hidden, erased or unread have empty texts, whosever they are."""
    config.write_text(config.read_text().replace("[store]\n", "[store]\npseudonyms = true\n"))
    for command in (("erase", typed, *ME, "--yes"), ("export", typed, *ME), ("audit", "--plate")):
        given = (*command, typed) if command[0] == "audit" else command
        result = run(*given, ok=False)
        assert result.exit_code == ExitCode.CONFIG
        assert result.stderr == "lpr: plate: no letter or digit is left of the plate\n"
        assert result.stdout == ""
    result = run("search", typed, *ME, ok=False)
    assert result.exit_code == ExitCode.CONFIG
    assert "leave it out to find every event" in result.stderr
    assert "audit log: 0 entries unchanged" in run("audit").stderr


def test_a_plate_is_typed_as_for_a_list(run: Run) -> None:
    for typed in ("b–ab 1234", "B—AB\u202f1234", "ＢＡＢ１２３４"):
        assert events_of(run("search", typed, *ME, "--json")) == ["BAB1234"]
        assert len(json.loads(run("export", typed, *ME).stdout)["passages"]) == 1
    assert "erased: 1 events" in run("erase", "B–AB 1234", *ME, "--yes").stdout
    assert len(run("audit", "--plate", "B–AB 1234").stdout.splitlines()) == 7
    for command in ("export", "erase"):
        result = run(command, "B/AB*", *ME, ok=False)
        assert result.exit_code == ExitCode.CONFIG
        assert "plate: character 2 (U+002F) cannot be on a plate" in result.stderr


def test_erase_says_which_logs_it_does_not_reach(run: Run, config: Path) -> None:
    config.write_text(f'decisions = "log/gate.jsonl"\n{config.read_text()}')
    told = run("erase", "BAB1234", *ME, "--yes").stdout
    assert "not reached, look there yourself: the decision log and its older files" in told
    head, _, tables = config.read_text().partition("[store]")
    gate = '[[gates]]\nname = "main"\ncameras = ["north"]\n'
    config.write_text(f"{head}{gate}[store]{tables}")
    told = run("erase", "BAB1234", *ME, "--yes").stdout
    assert f"yourself: {config.parent / 'log' / 'gate.jsonl'} and its older files" in told
    assert "the service's log, outboxes" in told


def test_erase_asks_first(run: Run) -> None:
    assert run("erase", "BAB1234", *ME, ok=False).exit_code == 1
    assert events_of(run("search", "BAB1234", *ME, "--json")) == ["BAB1234"]


def test_purge_holds_back_after_a_gap(run: Run) -> None:
    held = run("purge", "--rehearse")
    assert "events unmatched: 3 before, 0 too old, 0 deleted, 3 after" in held.stdout
    assert "the clock may be wrong; purge again after a day" in held.stderr


def test_purge_prints_its_proof(run: Run, site: Site, event: MakeEvent) -> None:
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    with site.open() as store:
        store.add_event(event("CD5"), at=two_days_ago, listed=True)
    rehearsal = run("purge", "--rehearse").stdout
    assert "events unmatched: 3 before, 3 too old, 0 deleted, 3 after" in rehearsal
    proof = run("purge").stdout
    assert "events unmatched: 3 before, 3 too old, 3 deleted, 0 after" in proof
    assert "audit entry 1: " in proof


def test_migrate_and_report(run: Run) -> None:
    assert "schema 0001, unchanged" in run("migrate").stdout
    report = run("report").stdout
    assert "events unmatched: 3, oldest 2026-03-02 08:00Z, kept 1 days" in report
    assert "BAB1234" not in report


def test_a_missing_extra_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    result = run("search", "AB1", *ME, ok=False)
    assert result.exit_code == ExitCode.MISSING_EXTRA
    assert "pip install 'lpr[store]'" in result.stderr


def test_one_store_has_to_be_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["events", "report"])
    assert result.exit_code == ExitCode.USAGE
    assert "give either --config or --database" in result.stderr
    missing = tmp_path / "missing.db"
    result = CliRunner().invoke(app, ["events", "report", "--database", str(missing)])
    assert "there is no such store" in result.stderr
    assert not missing.exists()


def test_a_gate_without_a_store_gets_none(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('[[gates]]\nname = "main"\ncameras = ["north"]\n')
    for command in (["report"], ["search", *ME]):
        result = CliRunner().invoke(app, ["events", *command, "--config", str(path)])
        assert result.exit_code == ExitCode.CONFIG
        assert result.stderr == f"lpr: {path}: has no [store], so no events are kept\n"
    assert list(tmp_path.iterdir()) == [path]


def test_an_sqlite_store_needs_no_configuration(tmp_path: Path, event: MakeEvent) -> None:
    path = tmp_path / "events.db"
    with open_store(StoreSettings(database=path)) as store:
        store.add_event(event("AB1"))
    result = CliRunner().invoke(
        app, ["events", "search", "AB1", *ME, "--database", str(path), "--json"]
    )
    assert events_of(result) == ["AB1"]


@pytest.mark.parametrize(
    "name",
    [
        "gate.toml",
        "plates.csv",
        "decisions.jsonl",
        "health.json",
        "office.outbox",
        "office.secret",
        "relay.password",
        "events.db",
        "events.db-wal",
        "events.db-shm",
        "events.db.key",
        "link.json",
    ],
)
@pytest.mark.parametrize("option", ["--picture", "--output"])
def test_no_output_takes_the_place_of_a_sites_file(
    tmp_path: Path, event: MakeEvent, option: str, name: str
) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(SITE)
    for file in ("plates.csv", "decisions.jsonl", "health.json", "office.outbox"):
        (tmp_path / file).write_text("kept")
    (tmp_path / "link.json").symlink_to(tmp_path / "events.db")
    with open_store(StoreSettings(database=tmp_path / "events.db")) as store:
        event_id = store.add_event(event("BAB1234"), picture=PICTURE)
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    given = ("show", event_id) if option == "--picture" else ("export", "BAB1234")
    stores: dict[str, Path] = {"--config": config, "--database": tmp_path / "events.db"}
    for where in stores.items():
        if where[0] == "--database" and "events.db" not in (name, name.removesuffix("-wal")):
            continue
        command = ["events", *given, *ME, option, tmp_path / name, *where]
        result = CliRunner().invoke(app, [str(one) for one in command])
        assert result.exit_code == ExitCode.OUTPUT, result.output
        assert "belongs to the site" in result.stderr
        assert result.stdout == ""
        assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["plates.csv", "health.json", "relay.password", "events.db"])
def test_a_mistake_in_the_configuration_gives_no_file_away(
    tmp_path: Path, event: MakeEvent, name: str
) -> None:
    config = tmp_path / "gate.toml"
    config.write_text(SITE.replace('name = "main"', 'name = "main"\nclosed = true'))
    for file in ("plates.csv", "health.json", "relay.password"):
        (tmp_path / file).write_text("kept")
    with open_store(StoreSettings(database=tmp_path / "events.db")) as store:
        store.add_event(event("BAB1234"))
    command = ["events", "export", "BAB1234", *ME, "--output", str(tmp_path / name)]
    result = CliRunner().invoke(app, [*command, "--config", str(config)])
    assert result.exit_code == ExitCode.OUTPUT, result.output
    assert name == "events.db" or (tmp_path / name).read_text() == "kept"


def test_an_output_that_cannot_be_written_is_not_audited(run: Run, tmp_path: Path) -> None:
    target = str(tmp_path / "none" / "export.json")
    assert run("export", "BAB1234", *ME, "--output", target, ok=False).exit_code == ExitCode.OUTPUT
    assert "audit log: 0 entries unchanged" in run("audit").stderr


def test_a_dash_is_standard_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "BAB1234" in run("export", "BAB1234", *ME, "--output", "-").stdout
    event_id = json.loads(run("search", "BAB1234", *ME, "--json").stdout)["event_id"]
    result = run("show", event_id, *ME, "--picture", "-", ok=False)
    assert result.exit_code == ExitCode.USAGE
    assert not (tmp_path / "-").exists()


def test_times_are_those_of_the_site(run: Run, config: Path) -> None:
    """The events are of 08:00 UTC, which is 10:00 in Tallinn."""
    config.write_text(f'timezone = "Europe/Tallinn"\n{config.read_text()}')
    assert "2026-03-02 10:00:00+02:00  north#" in run("search", *ME).stdout
    for since, found in (("10:00", 3), ("10:01", 0), ("08:00+00:00", 3), ("08:01+00:00", 0)):
        result = run("search", *ME, "--json", "--since", f"2026-03-02T{since}")
        assert len(events_of(result)) == found
    assert len(events_of(run("search", *ME, "--json", "--until", "2026-03-02T10:01"))) == 3


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs time.tzset")
def test_without_a_site_times_are_the_machines(
    tmp_path: Path, event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.db"
    with open_store(StoreSettings(database=path)) as store:
        store.add_event(event("AB1"))
    command = ["events", "search", *ME, "--database", str(path)]
    utc = datetime.fromisoformat(CliRunner().invoke(app, command).stdout.split("  ")[0])
    monkeypatch.setenv("TZ", "XYZ-3")
    time.tzset()
    try:
        shown = CliRunner().invoke(app, command).stdout.split("  ")[0]
        since = ["--since", shown.removesuffix("+03:00")]
        assert len(CliRunner().invoke(app, [*command, *since]).stdout.splitlines()) == 1
    finally:
        monkeypatch.undo()
        time.tzset()
    assert shown.endswith("+03:00")
    assert datetime.fromisoformat(shown) == utc


def test_what_is_no_hash_is_no_sign_of_tampering(run: Run) -> None:
    for expect in ("abc", "", "G" * 64):
        result = run("audit", "--expect", expect, ok=False)
        assert result.exit_code == ExitCode.USAGE
        assert result.stderr == (
            f"lpr: --expect {expect!r}: is no hash, which has 64 hexadecimal digits\n"
        )
