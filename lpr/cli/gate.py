"""`lpr gate`: check a site, replay events against it, look after its lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit, complain
from lpr.cli.gate_replay import read_labels, replay_start, replayed_events, tell_unsure
from lpr.cli.gate_run import run
from lpr.cli.usage import one_of

if TYPE_CHECKING:
    from rich.console import Console

    from lpr.gate import EntryRules, GateConfig, GatePolicy, PlateEntry, PlateList
    from lpr.gate.share import Share
    from lpr.types import PlateEvent

_NAMED: Final = 10
"""Labels that match nothing are named up to here."""

gate_app = typer.Typer(
    no_args_is_help=True, help="Run a site's gates, check them, replay events, edit plate lists."
)
lists_app = typer.Typer(no_args_is_help=True, help="Show and edit plate lists (CSV or TOML).")
gate_app.add_typer(lists_app, name="lists")
gate_app.command("run")(run)

ConfigFile = Annotated[Path, typer.Argument(help="The site's gate.toml.")]
ListPath = Annotated[Path, typer.Argument(help="A plate list, .csv or .toml.")]
Zone = Annotated[
    str | None, typer.Option(help="Time zone of entries that name none; the site's by default.")
]


@gate_app.command("check")
def check(
    config: ConfigFile,
    offline: Annotated[
        bool, typer.Option("--offline", help="Try no camera, store, disk, receiver or relay.")
    ] = False,
) -> None:
    """Check a site; nothing is opened. Exit 1 where something does not work.

    Configuration, lists, plates that cannot be told apart, what is armed; then networks, disk,
    store, receivers, relays and cameras are tried.
    """
    failures = 0
    with clean_exit():
        from lpr.gate import load_gate_config

        site = load_gate_config(config)
        plates = _plates(site)
        print(f"{config}: {len(site.gates)} gates, {len(plates)} list entries")
        for gate in site.gates:
            state = "armed: it opens" if site.opens(gate) else "dry run: it never opens"
            print(f"gate {gate.name}: {', '.join(one.name for one in gate.cameras)}; {state}")
            if site.opens(gate) and gate.actuator is None:
                print(f"gate {gate.name}: FAILED: armed, but has no [gates.actuator]")
                failures += 1
        if not site.regions:
            print("no regions: confusable matches are off, only exact ones open")
        _tell_doubts(plates)
        if not offline:
            from lpr.service.check import check_site

            for finding in check_site(site):
                print(finding)
                failures += not finding.good
    if failures:
        raise typer.Exit(ExitCode.LIMIT_MISSED)


@gate_app.command("simulate")
def simulate(
    config: ConfigFile,
    sources: Annotated[
        list[str], typer.Argument(help="Events of `lpr run --jsonl`, or videos to play first.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            help='The true plates, JSON lines: {"camera": .., "track_id": .., "text": ..}.'
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="Local time at media second 0, ISO 8601; now by default. Not for live events."
        ),
    ] = None,
    unlisted: Annotated[
        int, typer.Option(help="Also let this many unlisted vehicles pass.", min=0)
    ] = 0,
    neighbours: Annotated[
        float, typer.Option(help="Share of them one character off a listed plate.", min=0, max=1)
    ] = 0.0,
    camera: Annotated[
        str | None,
        typer.Option(
            help="The camera that took the videos, or whose events are named by a file; "
            "for videos not needed where there is only one."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the unlisted vehicles.", min=0)] = 0,
) -> None:
    """Say what the gate would have done; nothing is opened."""
    with clean_exit():
        from lpr.cli.console import PeopleConsole
        from lpr.gate import format_check, load_gate_config
        from lpr.gate import simulate as replay
        from lpr.sinks.safe import safe_text

        site = load_gate_config(config)
        plates = _plates(site)
        what = replayed_events(sources, site, camera)
        truth = None if labels is None else read_labels(labels, site.camera_names, what.renamed)
        _tell_unmatched(truth or {}, what.events)
        report = replay(
            site,
            plates,
            what.events,
            start=replay_start(start, site.timezone, what.events),
            fits_format=format_check(site.regions),
            labels=truth,
        )
        console = PeopleConsole()
        for record in report.records:
            decision = record.decision
            console.print(
                f"{safe_text(record.camera)}#{record.track_id}"
                f"  {decision.action}  {decision.reason}  {decision.text}",
                markup=False,
            )
        console.print(f"{report.passages} vehicles, {report.opened} would have been let in")
        _share(console, "false opens", report.false_opens)
        _share(console, "false rejects", report.false_rejects)
        _pairs(console, plates)
        tell_unsure(what, report.records, site)
        if unlisted:
            _unlisted(console, site, plates, unlisted, neighbours=neighbours, seed=seed)


@lists_app.command("show")
def show(path: ListPath, timezone: Zone = None) -> None:
    """Show a list; wrong entries are named with their line."""
    with clean_exit():
        from rich.table import Table
        from rich.text import Text

        from lpr.cli.console import PeopleConsole
        from lpr.errors import ConfigError
        from lpr.gate import read_list

        found = read_list(path, _rules(timezone))
        table = Table("plate", "list", "owner", "valid", "only", "note")
        for entry in found.entries:
            valid = f"{entry.valid_from or ''} .. {entry.valid_to or ''}"
            only = _limits(entry)
            cells = (entry.plate, entry.kind.value, entry.owner, valid, only, entry.note)
            table.add_row(*(Text(cell) for cell in cells))
        PeopleConsole().print(table)
        for problem in found.problems:
            print(problem.in_full)
        if found.problems:
            raise ConfigError(f"{path}: {len(found.problems)} entries are wrong")


@lists_app.command("add")
def add(
    path: ListPath,
    plate: Annotated[str, typer.Argument(help="The plate.")],
    kind: Annotated[
        str | None, typer.Option("--list", help="allow, deny or watch; allow for a new entry.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything, for people.")] = None,
    valid_from: Annotated[str | None, typer.Option(help="First day, as 2026-12-01.")] = None,
    valid_to: Annotated[str | None, typer.Option(help="Last day, as 2026-12-31.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="Its hours, as 'Mon-Fri 07:00-19:00; Sat 08:00-12:00'.")
    ] = None,
    gates: Annotated[
        list[str] | None, typer.Option(help="A gate where it holds; may be repeated.")
    ] = None,
    direction: Annotated[str | None, typer.Option(help="in or out.")] = None,
    entries: Annotated[
        str | None, typer.Option(help="Visitor pass: how many times it opens.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Change the plate's entry: what is not given stays, and '' takes a field away.",
        ),
    ] = False,
    timezone: Zone = None,
) -> None:
    """Add one plate, or change its entry; the file is written whole or not at all."""
    with clean_exit():
        from lpr.gate import add_entry, replace_entry

        fields = {
            "plate": plate,
            "list": kind,
            "owner": owner,
            "note": note,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "schedule": schedule,
            "gates": None if gates is None else "|".join(gates),
            "direction": direction,
            "entries": entries,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        new = not path.exists()
        if replace:
            old, entry = replace_entry(path, given, _rules(timezone))
        else:
            old, entry = None, add_entry(path, given, _rules(timezone))
        if old is None:
            print(f"added: {entry.plate}" + (f" (to a new list, {path})" if new else ""))
        else:
            print(f"old: {_in_words(old)}\nnew: {_in_words(entry)}")
        if entry.valid_to is not None and entry.valid_to < datetime.now(UTC).date():
            complain(f"{entry.plate}: its last day, {entry.valid_to}, is past")


@lists_app.command("remove")
def remove(
    path: ListPath,
    plate: Annotated[str, typer.Argument(help="The plate.")],
    timezone: Zone = None,
) -> None:
    """Remove every entry of a plate."""
    with clean_exit():
        from lpr.gate import remove_plate

        print(f"removed: {remove_plate(path, plate, _rules(timezone))} entries")


@lists_app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="Where the entries come from.")],
    path: ListPath,
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="allow, deny or watch: the first file has plates alone, one a line (# comments).",
        ),
    ] = None,
    timezone: Zone = None,
) -> None:
    """Add the entries of one file to another; nothing is written if one of them is wrong."""
    with clean_exit():
        from lpr.gate import import_list

        if kind is None:
            added = import_list(source, path, _rules(timezone))
        else:
            added = _import_plates(source, path, kind, _rules(timezone))
        print(f"added: {added} entries")


def _import_plates(source: Path, path: Path, kind: str, rules: EntryRules) -> int:
    """Import plates alone; say which lines are none, or repeat an earlier one."""
    from lpr.errors import ConfigError
    from lpr.gate import ListKind, import_plates
    from lpr.gate.list_entries import PlateListError

    try:
        added, repeated = import_plates(
            source, path, ListKind(one_of("--as", kind, ListKind)), rules
        )
    except PlateListError as error:
        for problem in error.problems:
            print(problem.in_full)
        raise ConfigError(f"{source}: nothing was imported; mend the lines above first") from error
    for problem in repeated:
        complain(problem.in_full)
    return added


@lists_app.command("export")
def export(
    path: ListPath,
    target: Annotated[Path, typer.Argument(help="Where to, .csv or .toml.")],
    timezone: Zone = None,
) -> None:
    """Write a list in the other format."""
    with clean_exit():
        from lpr.cli.overwrite import keep_inputs
        from lpr.errors import ConfigError
        from lpr.gate import export_list, read_list

        found = read_list(path, _rules(timezone))
        if found.problems:
            raise ConfigError(found.problems[0].in_full)
        keep_inputs([path], [target])
        _keep_what_is_no_list(target)
        export_list(found.entries, target)
        print(f"written: {target} ({len(found.entries)} entries)")


def _keep_what_is_no_list(target: Path) -> None:
    """Refuse to put a list in place of a file that is none, such as gate.toml.

    Raises:
        OutputError: what is there holds something, and that is no plate list.
    """
    from lpr.errors import ConfigError, OutputError
    from lpr.gate import read_list
    from lpr.gate.list_text import read_text

    try:
        if not target.exists() or not read_text(target).strip():
            return
        problems = read_list(target, _rules(None)).problems
    except ConfigError as error:
        raise OutputError(f"{error}; name another file") from error
    if problems:
        raise OutputError(
            f"{target}: is no plate list, or one with mistakes; name another file, or remove it"
        )


def _plates(site: GateConfig) -> PlateList:
    """Load a site's lists; what is wrong with them is printed in full, for who can mend it."""
    from lpr.errors import ConfigError
    from lpr.gate import load_plates
    from lpr.gate.list_entries import PlateListError

    try:
        return load_plates(site)
    except PlateListError as error:
        for problem in error.problems:
            print(problem.in_full)
        raise ConfigError(f"{len(error.problems)} entries of a plate list are wrong") from error


def _in_words(entry: PlateEntry) -> str:
    """All fields of an entry, on one line."""
    from lpr.gate.list_entries import entry_fields

    fields = entry_fields(entry)
    fields["gates"] = ", ".join(entry.gates)
    return "; ".join(f"{name} {value}" for name, value in fields.items() if value)


def _limits(entry: PlateEntry) -> str:
    """Hours, gates, direction and number of entries that an entry is limited to."""
    limits = (
        entry.schedule.text if entry.schedule is not None else "",
        f"at {', '.join(entry.gates)}" if entry.gates else "",
        entry.direction.value if entry.direction is not None else "",
        f"{entry.entries} entries" if entry.entries is not None else "",
    )
    return "; ".join(limit for limit in limits if limit)


def _tell_doubts(plates: PlateList) -> None:
    """Print the plates of which the lists say two things, or which look like each other."""
    from lpr.formats.folding import plate_identity

    shut: set[str] = set()
    for plate in plates.plates:
        match = plates.match(plate)
        kinds = {entry.kind.value for entry in match.exact}
        denied = sorted({entry.plate for entry in match.alike if entry.kind.value == "deny"})
        if "deny" in kinds or denied:
            shut.add(plate_identity(plate))
        if {"allow", "deny"} <= kinds:
            print(f"allowed and denied: {plate}; while a deny entry holds, it is denied")
        elif "allow" in kinds and denied:
            print(
                f"{plate} looks like the denied {', '.join(denied)}: "
                "while the deny entry holds, it is always asked about"
            )
    for group in plates.collisions:
        if not shut.issuperset(group):
            print(f"cannot be told apart when misread: {', '.join(group)}; only exact ones open")


def _rules(timezone: str | None) -> EntryRules:
    from lpr.gate import EntryRules
    from lpr.gate.schedule import time_zone

    return EntryRules(zone=time_zone(timezone or "UTC"), own_zone=timezone is not None)


def _tell_unmatched(labels: Iterable[tuple[str, int]], events: Iterable[PlateEvent]) -> None:
    """Say which labels are of no vehicle: they count for nothing."""
    idle = sorted(set(labels) - {(event.camera, event.track_id) for event in events})
    if idle:
        named = ", ".join(f"{camera}#{track}" for camera, track in idle[:_NAMED])
        more = f" (and {len(idle) - _NAMED} more)" if len(idle) > _NAMED else ""
        complain(f"--labels: there is no vehicle {named}{more}; camera and track_id of the events")


def _share(console: Console, name: str, share: Share | None) -> None:
    if share is None:
        console.print(f"{name}: not known without --labels")
    else:
        console.print(f"{name}: {share}", soft_wrap=True)


def _pairs(console: Console, plates: PlateList) -> None:
    from lpr.gate import default_confusions, worst_pairs

    for pair in worst_pairs(plates, default_confusions()):
        note = ", cannot be told apart when misread" if pair.colliding else ""
        console.print(
            f"easily confused: {pair.plates[0]} {pair.plates[1]} ({pair.probability:.1e}{note})",
            markup=False,
        )


def _unlisted(
    console: Console,
    site: GateConfig,
    plates: PlateList,
    passages: int,
    *,
    neighbours: float,
    seed: int,
) -> None:
    import numpy as np

    from lpr.gate import default_confusions, format_check, simulate_unlisted

    policies = _by_policy(site)
    for gates, policy in policies:
        report = simulate_unlisted(
            plates,
            passages,
            default_confusions(),
            np.random.default_rng(seed),
            policy=policy,
            fits_format=format_check(site.regions),
            neighbours=neighbours,
        )
        at = f"gate {', '.join(gates)}: " if len(policies) > 1 else ""
        _share(console, f"{at}misread of {passages} unlisted vehicles", report.misread)
        _share(console, f"{at}let in as the exact text of a listed plate", report.exact_opens)
        _share(console, f"{at}let in for any other text", report.other_opens)


def _by_policy(site: GateConfig) -> list[tuple[list[str], GatePolicy]]:
    """Gates that take the same texts for a plate, and how: one may be looser than its site."""
    found: dict[tuple[str, float], tuple[list[str], GatePolicy]] = {}
    for gate in site.gates:
        key = (gate.policy.confusable_match, gate.policy.min_probability)
        found.setdefault(key, ([], gate.policy))[0].append(gate.name)
    return list(found.values())
