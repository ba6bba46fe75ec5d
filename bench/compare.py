"""Is HEAD slower than BASE? `python -m bench.compare BASE HEAD`.

Both revisions are checked out with their own models and timed against each other in one run on one
machine (`bench.duel`); beside the times stand counters that no neighbour can disturb
(`bench.counters`). The report is Markdown; the exit code is 1 if the head does more work, or if
nothing could be compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.counters import GROWTH, Counter, count
from bench.duel import HERE, NEITHER, Outcome, Plan, duel
from bench.revisions import TRAILER, WORKING_TREE, GitError, accepted, checkout, resolve
from bench.workloads import PURE, WORKLOADS

WORKLOAD_FILE = HERE / "workloads.py"
QUICK = (
    "detect",
    "rectify",
    "read-1",
    "read-4",
    "beam",
    "track-vote-5",
    "draw",
    "event-write",
    "engine-720p-1",
)
"""One workload of each kind, for every build; all of them are for a look by hand."""
QUICK_PLAN = Plan(launches=2, rounds=10, round_seconds=0.02)


def compare(
    repository: Path,
    base: str,
    head: str,
    names: Sequence[str] = (),
    plan: Plan | None = None,
    *,
    counted: Sequence[str] = PURE,
    clips: Sequence[Path] = (),
    instructions: bool = True,
    workloads: Path = WORKLOAD_FILE,
) -> tuple[str, bool]:
    """Compare two revisions of a repository.

    Args:
        repository: its folder.
        base: revision to compare with; where there is none, nothing is compared and nothing fails.
        head: revision to judge; `.` is the working tree.
        names: workloads to time; all where empty.
        plan: how much to measure.
        counted: workloads whose allocations and instructions are counted; none where empty.
        clips: recordings on which to count the crops read per plate.
        instructions: whether instructions are counted too, which takes a minute and valgrind.
        workloads: the file of workloads, run against both sides.

    Returns:
        The report as Markdown, and whether the head failed.

    Raises:
        GitError: there is no such head, or git does not answer.
    """
    if base != WORKING_TREE and resolve(repository, base) is None:
        return _no_base(base, head), False
    plan = plan or Plan()
    with ExitStack() as stack:
        old = stack.enter_context(checkout(repository, base))
        new = stack.enter_context(checkout(repository, head))
        outcomes = duel(old, new, workloads, names or tuple(WORKLOADS), plan)
        counters: list[Counter] = []
        if counted or clips:
            counters = count(old, new, workloads, counted, clips, instructions=instructions)
    allowed = accepted(repository, base, head)
    failed = [item.name for item in outcomes if item.failed and item.name not in allowed]
    failed += [item.name for item in counters if item.grown and item.name not in allowed]
    compared = not all(item.note.startswith(NEITHER) for item in outcomes)
    parts = [f"# {_name(head)} against {_name(base)}", _times(outcomes, plan, allowed)]
    if counters:
        parts.append(_counts(counters, allowed))
    parts.append(_verdict(failed, compared))
    return "\n\n".join(parts) + "\n", bool(failed) or not compared


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 as fast, 1 not, 2 no such head, no git."""
    options = _parse(arguments)
    plan = replace(QUICK_PLAN if options.quick else Plan(), limit=options.limit)
    plan = replace(
        plan,
        launches=options.launches or plan.launches,
        rounds=options.rounds or plan.rounds,
    )
    clips = sorted((HERE.parent / "samples").glob("*.mp4"))
    try:
        text, failed = compare(
            options.repository.resolve(),
            options.base,
            options.head,
            options.only or (QUICK if options.quick else ()),
            plan,
            counted=() if options.no_counters else PURE,
            clips=() if options.no_counters else clips,
            instructions=not options.quick,
        )
    except GitError as error:
        print(f"bench.compare: {error}")
        return 2
    print(text)
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(text, encoding="utf-8")
    return int(failed)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("base", help="revision to compare with")
    parser.add_argument("head", nargs="?", default=WORKING_TREE, help="revision; . as it stands")
    parser.add_argument("--repository", type=Path, default=HERE.parent)
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="NAME", choices=WORKLOADS, help="these workloads"
    )
    parser.add_argument("--limit", type=float, default=Plan().limit, help="ratio that fails")
    parser.add_argument("--launches", type=int, help="how often both sides are started")
    parser.add_argument("--rounds", type=int, help="pairs in a launch")
    parser.add_argument(
        "--quick", action="store_true", help="one workload of each kind, no instruction counts"
    )
    parser.add_argument("--no-counters", action="store_true", help="times only")
    parser.add_argument("--report", type=Path, help="write the Markdown report here too")
    return parser.parse_args(arguments)


def _times(outcomes: Sequence[Outcome], plan: Plan, allowed: frozenset[str]) -> str:
    rows = [
        f"CPU time, median; a ratio above {plan.limit:g} twice in a row fails. In brackets the 95% "
        "bootstrap interval of the median ratio over the pairs.",
        "",
        "| workload | base ms | head ms | head / base | pairs | verdict |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for item in outcomes:
        note = _cell(f"{item.note}, accepted" if item.name in allowed else item.note)
        ratio = item.ratio
        if ratio is None:
            rows.append(f"| {item.name} | | | | | {note} |")
            continue
        rows.append(
            f"| {item.name} | {item.base_ms:.3f} | {item.head_ms:.3f} | {ratio.median:.2f} "
            f"[{ratio.low:.2f}, {ratio.high:.2f}] | {ratio.pairs} | {note} |"
        )
    return "\n".join(rows)


def _counts(counters: Sequence[Counter], allowed: frozenset[str]) -> str:
    rows = [
        f"Counted, not timed; more than {GROWTH:g} times the base's fails.",
        "",
        "| counter | base | head | verdict |",
        "|---|---:|---:|---|",
    ]
    for item in counters:
        note = "new" if item.base is None else "gone" if item.head is None else ""
        if item.grown:
            what = "lost" if item.head is None else "more"
            note = f"{what}, accepted" if item.name in allowed else what
        rows.append(f"| {item.name} | {_number(item.base)} | {_number(item.head)} | {note} |")
    return "\n".join(rows)


def _verdict(failed: Sequence[str], compared: bool) -> str:
    if not compared:
        return "**Nothing was compared: no workload runs on either side.** The table says why."
    if not failed:
        return "The head does no more work than the base."
    return (
        f"**More work: {', '.join(failed)}.** Where that is meant, say so in the commit message: "
        f"`{TRAILER}: {', '.join(failed)}`"
    )


def _no_base(base: str, head: str) -> str:
    return (
        f"# {_name(head)} against {_name(base)}\n\nThere is no revision {base!r} here (a first "
        "commit, a shallow clone, or no repository): nothing was compared. Fetch the history "
        "(`git fetch --unshallow`, or `fetch-depth: 0` in a workflow) to compare.\n"
    )


def _name(revision: str) -> str:
    return "the working tree" if revision == WORKING_TREE else revision


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
