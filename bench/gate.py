"""The gate of the build: every figure of `budgets.toml` measured and judged.

    python -m bench.gate [--history bench/history --revision NAME] [--compare BASE]

Prints target and gate of each figure. Exit code 1 where a figure is beyond its gate, or a budget
has no figure. With `--compare` the working tree is then timed against that revision.
"""

from __future__ import annotations

import os

# Before numpy is imported: one thread is what the budgets are for.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.accuracy import accuracies
from bench.figures import Figures, measure_all
from lpr.latency.budget import BudgetFile, Verdict, judge, load_budgets, missing
from lpr.latency.fingerprint import this_machine
from lpr.latency.record import Figure, make_record, save_record

HERE = Path(__file__).resolve().parent
BUDGETS = HERE / "budgets.toml"
HARD = "hard.frame-720p-1.p99"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, judge, print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__)
    parser.add_argument("--history", type=Path, help="folder for the record of this run")
    parser.add_argument("--revision", default="working-tree", help="name in the record")
    parser.add_argument("--compare", metavar="BASE", help="then compare with this revision")
    options = parser.parse_args(arguments)
    budgets = load_budgets(BUDGETS)
    figures = measure_all()
    verdicts = judge_all(budgets, figures)
    print(report(budgets, figures, verdicts))
    if options.history:
        _save(figures, verdicts, options.revision, options.history)
    failed = not all(verdict.passed for verdict in verdicts) or bool(missing(budgets, figures))
    if options.compare:
        from bench.compare import main as compare

        failed = bool(compare([options.compare])) or failed
    return int(failed)


def judge_all(budgets: BudgetFile, figures: Figures) -> list[Verdict]:
    """The verdict on every figure that was measured."""
    return [
        judge(budget, figures[budget.name], reference_ms=budgets.reference_ms)
        for budget in budgets.budget
        if figures.get(budget.name)
    ]


def report(budgets: BudgetFile, figures: Figures, verdicts: Sequence[Verdict]) -> str:
    """Every verdict, every figure without a budget, every budget without a figure."""
    machine = this_machine()
    lines = [
        f"machine: {machine.cpu}, {machine.cores} cores, load {os.getloadavg()[0]:.1f}",
        f"targets are for: {budgets.machine}",
    ]
    lines += [verdict.line() for verdict in verdicts]
    judged = {budget.name for budget in budgets.budget}
    lines += [
        f"{name}: {min(value for value, _ in found):.2f} (no budget)"
        for name, found in figures.items()
        if name not in judged
    ]
    lines += [f"{name}: NOT MEASURED" for name in missing(budgets, figures)]
    hard = next((item for item in verdicts if item.budget.name == HARD), None)
    if hard is not None and not hard.passed:
        lines.append(
            f"THE PROMISE IS BROKEN: p99 of a 720p frame with one plate, end to end on one thread, "
            f"is {hard.compared:.1f} ms; the limit is {hard.budget.limit:g} ms"
        )
    return "\n".join(lines)


def _save(figures: Figures, verdicts: Sequence[Verdict], revision: str, folder: Path) -> None:
    """Keep the raw best figures: a record names its machine, and is compared there only.

    Beside them stand the reference work's median, which tells how busy the machine was, and the
    accuracy on the validation data where that data is there.
    """
    speeds = [speed for found in figures.values() for _, speed in found if speed > 0]
    units = {verdict.budget.name: verdict.budget.unit for verdict in verdicts}
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    record = make_record(
        revision,
        taken,
        this_machine(),
        [
            *(
                Figure(name=name, value=min(v for v, _ in found), unit=units.get(name, "MB"))
                for name, found in figures.items()
            ),
            *([Figure(name="reference-work", value=median(speeds), unit="ms")] if speeds else []),
            *accuracies(),
        ],
    )
    # A branch may be called feature/x: a folder of that name would not be looked into.
    plain = re.sub(r"[^\w.-]", "-", revision)[:12]
    name = f"{taken[:19].replace(':', '').replace('-', '')}-{plain}.json"
    save_record(record, folder / name)


if __name__ == "__main__":
    raise SystemExit(main())
