"""`lpr events`: search, show, export and erase what the event store keeps; purge it; audit it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit, complain
from lpr.cli.usage import UsageError, given_time, one_of
from lpr.errors import LprError

if TYPE_CHECKING:
    from lpr.store import EventStore, Requester, SearchQuery, StoredEvent, StoreSettings
    from lpr.store.audit import AuditEntry
    from lpr.types import EventKind

_FORMATS: Final = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}
"""Endings of a picture's name, and what they say it is; `lpr gate run` keeps JPEG."""

events_app = typer.Typer(
    no_args_is_help=True, help="Search, export, erase and purge stored events; their audit log."
)

Config = Annotated[
    Path | None,
    typer.Option(help="A TOML file with a store table, such as gate.toml.", readable=False),
]
Database = Annotated[
    Path | None,
    typer.Option(
        help="An SQLite store with default settings, in place of --config.", readable=False
    ),
]
Plate = Annotated[str, typer.Argument(help="The plate; spaces and hyphens do not matter.")]
Who = Annotated[str, typer.Option(help="Your name, for the audit log.")]
Why = Annotated[str, typer.Option(help="The reason, for the audit log, such as a case number.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]


@events_app.command("search")
def search(
    who: Who,
    why: Why,
    text: Annotated[
        str | None, typer.Argument(help="A plate, or a pattern: * any text, ? one character.")
    ] = None,
    config: Config = None,
    database: Database = None,
    prefix: Annotated[bool, typer.Option(help="The text is the beginning of a plate.")] = False,
    folded: Annotated[
        bool, typer.Option(help="Take characters that readers confuse for each other (0, O).")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="From this time on, ISO 8601; without an offset in the site's time zone, "
            "with --database in this machine's."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this time, likewise.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only this camera.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="confirmed, revised, departed or unread.")
    ] = None,
    action: Annotated[str | None, typer.Option(help="open, ask, deny or ignore.")] = None,
    limit: Annotated[
        int, typer.Option(help="Events at most, newest first.", min=1, max=10_000)
    ] = 100,
    as_json: AsJson = False,
) -> None:
    """Find events; who searched and why goes into the audit log."""
    with clean_exit():
        from lpr.store import Match, SearchQuery

        zone = None if config is None else _time_zone(config)
        pattern = None if text is None else _pattern(text)
        wild = pattern is not None and not prefix and any(char in pattern for char in "*?")
        start = None if since is None else given_time("--since", since, zone)
        end = None if until is None else given_time("--until", until, zone)
        if start is not None and end is not None and end < start:
            raise UsageError(f"--until {until}: is before --since {since}")
        query = SearchQuery(
            text=pattern,
            match=Match.PREFIX if prefix else Match.WILDCARD if wild else Match.EXACT,
            folded=folded,
            since=start,
            until=end,
            camera=camera,
            kind=_kind(kind),
            action=_action(action),
            limit=limit,
        )
        with _store(config, database) as store:
            found = store.search(query, _requester(who, why))
        _print_events(found, query, zone, as_json=as_json)


@events_app.command("show")
def show(
    event_id: Annotated[str, typer.Argument(help="The event's UUID, as `search --json` has it.")],
    who: Who,
    why: Why,
    config: Config = None,
    database: Database = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write its picture, or its verdict's, to this file.")
    ] = None,
) -> None:
    """Print one event with its decisions as JSON; audited."""
    with clean_exit():
        from lpr.errors import ConfigError

        if picture is not None and _is_stdout(picture):
            raise UsageError("--picture -: the event goes to standard output; name a file")
        _keep_site(config, database, picture)
        if picture is not None and picture.suffix.lower() not in _FORMATS:
            raise UsageError(
                f"--picture {picture}: its name must end in one of {' '.join(_FORMATS)}"
            )
        with _store(config, database) as store:
            found = store.show(event_id, _requester(who, why))
        if found is None:
            raise ConfigError(f"there is no event {event_id!r}")
        kept = None if found.picture is None else found.picture.format
        if picture is not None and kept is not None and _FORMATS[picture.suffix.lower()] != kept:
            fitting = next(suffix for suffix, kind in _FORMATS.items() if kind == kept)
            raise UsageError(f"--picture {picture}: it is {kept.upper()}; name it *{fitting}")
        from lpr.store.subject import decision_to_dict, event_to_dict

        decisions = [decision_to_dict(one) for one in found.decisions]
        _print_json({**event_to_dict(found.event), "decisions": decisions})
        if picture is not None:
            if found.picture is None:
                raise ConfigError(
                    f"event {event_id}: has no picture; a verdict keeps one, for as long as "
                    "pictures_days says"
                )
            _write(picture, found.picture.data)
            if found.picture_of != found.event.event_id:
                complain(f"the picture is that of the verdict, event {found.picture_of}")


@events_app.command("export")
def export(
    plate: Plate,
    who: Who,
    why: Why,
    config: Config = None,
    database: Database = None,
    output: Annotated[
        Path | None, typer.Option(help="Write to this file; - for standard output, the default.")
    ] = None,
) -> None:
    """Write everything that is stored of a plate as JSON, pictures included; audited."""
    with clean_exit():
        wanted = _plate(plate)
        _keep_site(config, database, output)
        with _store(config, database) as store:
            found = store.export(wanted, _requester(who, why))
        text = json.dumps(found, indent=2) + "\n"
        if output is None or _is_stdout(output):
            print(text, end="")
        else:
            _write(output, text.encode("ascii"))


@events_app.command("erase")
def erase(
    plate: Plate,
    who: Who,
    why: Why,
    config: Config = None,
    database: Database = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a plate: its texts and pictures; the audit log keeps a keyed hash of it."""
    with clean_exit():
        text = _plate(plate)
        by = _requester(who, why)
        if not yes:
            typer.confirm(_safe(f"Erase {text} for good?"), abort=True)
        with _store(config, database) as store:
            report = store.erase(text, by)
        print(
            f"erased: {report.events} events, {report.decisions} decisions, "
            f"{report.pictures} pictures; taken out of {report.alternatives} other events and "
            f"{report.mentions} other decisions (audit entry {report.audit_number})"
        )
        if report.listed:
            print(f"still on the store's plate lists: {report.listed} entries")
        _name_logs(config)
        _check_scrubbed(report.unscrubbed, "erase")


def _name_logs(config: Path | None) -> None:
    """Say where else the plate may stand; a file with a store table alone names no logs."""
    logs = "the decision log and its older files"
    if config is not None:
        with suppress(LprError):
            from lpr.gate import load_gate_config

            logs = f"{load_gate_config(config).decisions} and its older files"
    print(
        f"not reached, look there yourself: {logs}, the service's log, outboxes, "
        "plate lists in files, backups, receivers"
    )


@events_app.command("purge")
def purge(
    config: Config = None,
    database: Database = None,
    who: Who = "lpr",
    why: Why = "retention",
    rehearse: Annotated[bool, typer.Option(help="Count only; nothing is deleted.")] = False,
) -> None:
    """Delete what is older than its class allows, and print the proof."""
    with clean_exit():
        with _store(config, database) as store:
            report = store.purge(_requester(who, why), rehearse=rehearse)
        for one in report.counts:
            print(
                f"{one.what}: {one.before} before, {one.expired} too old, {one.deleted} deleted, "
                f"{one.after} after"
            )
        if report.held:
            complain(
                "nothing goes by its age: nothing was recorded in the 90 days before the last, so "
                "the clock may be wrong; purge again after a day"
            )
        if not rehearse:
            print(f"audit entry {report.audit_number}: {report.audit_hash}")
            if report.residue and report.scrubbed:
                print("traces may stand in unused parts of the file until it is made anew (daily)")
            _check_scrubbed(report.unscrubbed, "purge")


@events_app.command("audit")
def audit(
    config: Config = None,
    database: Database = None,
    plate: Annotated[str | None, typer.Option(help="Only entries about this plate.")] = None,
    who: Annotated[str | None, typer.Option(help="Only entries of this person.")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on, ISO 8601.")] = None,
    limit: Annotated[int, typer.Option(help="Entries at most, newest first.", min=0)] = 100,
    expect: Annotated[
        str | None, typer.Option(help="A head noted earlier: the log must still hold it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the audit log, and check that nobody has changed it (exit code 1 where so).

    An entry whose key is not given counts as changed, unless a later change of the key vouches
    for it.
    """
    with clean_exit():
        if expect is not None and re.fullmatch(r"[0-9a-f]{64}", expect) is None:
            raise UsageError(f"--expect {expect!r}: is no hash, which has 64 hexadecimal digits")
        text = None if plate is None else _plate(plate)
        with _store(config, database) as store:
            start = None if since is None else given_time("--since", since, UTC)
            entries = store.audit(plate=text, who=who, since=start, limit=limit)
            check = store.check_audit(expect=expect)
        _print_entries(entries, as_json)
        if check.broken_at is not None:
            complain(f"the audit log was tampered with at entry {check.broken_at}: {check.problem}")
            raise typer.Exit(ExitCode.LIMIT_MISSED)
        complain(f"audit log: {check.entries} entries unchanged; head {check.head}")
        if check.unsealed:
            complain(
                f"of {check.unsealed} of them the chain alone was checked, not the seals: their "
                "keys are not given (previous_envs, previous_files); a later change of the key "
                "vouches for them"
            )


@events_app.command("migrate")
def migrate(config: Config = None, database: Database = None) -> None:
    """Bring the store to this version's schema; opening it does so too."""
    with clean_exit():
        with _store(config, database) as store:
            done = store.migration
            name = store.name
        what = "unchanged" if not done.changed else f"from {done.before or 'nothing'}"
        print(f"{name}: schema {done.after}, {what}")


@events_app.command("report")
def report(config: Config = None, database: Database = None) -> None:
    """Say what is stored, how old it is and for how long it may stay; names no plate."""
    with clean_exit():
        with _store(config, database) as store:
            found = store.summary()
            name = store.name
        print(f"{name}: schema {found.schema}, {found.size / 1e6:.1f} MB")
        for one in found.holdings:
            oldest = "" if one.oldest is None else f", oldest {one.oldest:%Y-%m-%d %H:%M}Z"
            kept = "without limit" if one.days is None else f"{one.days:g} days"
            print(f"{one.what}: {one.rows}{oldest}, kept {kept}")
        print(f"under a pseudonym: {found.pseudonyms} events; erased: {found.erased} events")


@contextmanager
def _store(config: Path | None, database: Path | None) -> Iterator[EventStore]:
    from lpr.store import open_store

    with open_store(_settings(config, database)) as store:
        yield store


def _settings(config: Path | None, database: Path | None) -> StoreSettings:
    from lpr.errors import ConfigError
    from lpr.store import StoreSettings, load_store_settings

    if (config is None) == (database is None):
        raise UsageError("give either --config or --database")
    if config is not None:
        return load_store_settings(config)
    assert database is not None
    if not database.is_file():
        raise ConfigError(f"{database}: there is no such store")
    return StoreSettings(database=database)


def _keep_site(config: Path | None, database: Path | None, output: Path | None) -> None:
    """Refuse an output that cannot be written or is a file of the site or of its store.

    Asked before the store is: what is not written need not be audited.
    """
    from lpr.cli.overwrite import keep_inputs
    from lpr.cli.site_files import site_files, store_files
    from lpr.sinks.output import check_writable

    if output is None or _is_stdout(output):
        return
    reserved = [*store_files(_settings(config, database))]
    if config is not None:
        reserved.extend(site_files(config))
    keep_inputs((), (output,), reserved=reserved)
    check_writable(output)


def _requester(who: str, why: str) -> Requester:
    from lpr.store import Requester

    return Requester(who, why)


def _plate(typed: str) -> str:
    """A whole plate that a person typed, as the reader writes it.

    Raises:
        ConfigError: it is none; an empty text would mean every row without a plate.
    """
    from lpr.errors import ConfigError
    from lpr.gate.plate_text import PlateTextError, normalise

    try:
        return normalise(typed)
    except PlateTextError as error:
        raise ConfigError(f"plate: {error}") from error


def _pattern(typed: str) -> str:
    """What a person typed to search for, as the reader writes it; wildcards stay.

    Raises:
        ConfigError: nothing is left of it.
    """
    from lpr.errors import ConfigError
    from lpr.gate.plate_text import bare

    pattern = bare(typed)
    if not pattern:
        raise ConfigError("text: no letter or digit is left; leave it out to find every event")
    return pattern


def _time_zone(config: Path) -> tzinfo:
    """The time zone of the site whose configuration this is, UTC unless it names one."""
    from lpr.errors import ConfigError
    from lpr.gate.schedule import time_zone

    try:
        table = tomllib.loads(config.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return UTC  # Whoever loads its [store] says what is wrong.
    name = table.get("timezone", "UTC")
    if not isinstance(name, str):
        raise ConfigError(f"{config}: timezone: needs a text in quotes")
    return time_zone(name)


def _kind(name: str | None) -> EventKind | None:
    from lpr.types import EventKind

    return None if name is None else EventKind(one_of("--kind", name, EventKind))


def _action(name: str | None) -> str | None:
    from lpr.gate.decision import Action

    return None if name is None else one_of("--action", name, Action)


def _print_events(
    found: tuple[StoredEvent, ...], query: SearchQuery, zone: tzinfo | None, *, as_json: bool
) -> None:
    from lpr.store.subject import event_to_dict

    for one in found:
        if as_json:
            _print_json(event_to_dict(one))
            continue
        event = one.event
        text = event.text or ("(erased)" if one.erased else one.pseudonym or "(unread)")
        at = one.at.astimezone(zone).isoformat(" ", "seconds")
        line = f"{at}  {event.camera}#{event.track_id}  {event.kind.value}"
        line = f"{line}  {text}  {one.action or '-'}  {one.retention.value}  {one.event_id}"
        print(_safe(line))
    if not found:
        complain("no events")
    elif len(found) == query.limit:
        complain(f"the newest {query.limit} events; there may be more (--limit)")


def _print_entries(entries: tuple[AuditEntry, ...], as_json: bool) -> None:
    from lpr.store.subject import audit_to_dict

    for entry in entries:
        if as_json:
            _print_json(audit_to_dict(entry))
            continue
        line = f"{entry.number}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.action}"
        print(_safe(f"{line}  {entry.who}: {entry.why}  {entry.detail}"))


def _safe(line: str) -> str:
    from lpr.sinks.safe import safe_text

    return safe_text(line)


def _print_json(record: dict[str, Any]) -> None:
    print(json.dumps(record))


def _is_stdout(path: Path) -> bool:
    from lpr.sinks.output import STDOUT

    return str(path) == STDOUT


def _write(path: Path, data: bytes) -> None:
    from lpr.errors import OutputError

    try:
        path.touch(mode=0o600)
        path.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _check_scrubbed(problem: str, command: str) -> None:
    from lpr.errors import StoreError

    if problem:
        raise StoreError(
            "the rows are gone, but their old text may still be readable in the database's files: "
            f"{problem}; run `lpr events {command}` again"
        )
