"""Two revisions timed against each other: two live processes, interleaved round by round.

A neighbour on the machine slows both sides of a pair alike; what is left is judged by the median
of the paired ratios. Both run on the same core, taking turns: a core that shares its units with a
busy neighbour is slower by half for seconds on end, and would harm one side alone. Each launch
starts both processes anew, because the memory layout of one process favours or harms it for its
whole life. Where a workload looks slower, but not surely, more launches decide.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from lpr.latency.statistics import Ratio, median_ratio

HERE = Path(__file__).resolve().parent
NEITHER = "in neither"
"""How the note on a workload begins that runs on neither side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Attributes:
        launches: how often both processes are started.
        rounds: pairs of one workload in a launch.
        round_seconds: a round repeats its call until about this long.
        limit: median ratio from which a workload counts as slower.
        most_launches: as many are taken, `launches` at a time, while a workload's median is beyond
            the limit and its interval leaves room for noise.
    """

    launches: int = 3
    rounds: int = 12
    round_seconds: float = 0.03
    limit: float = 1.25
    most_launches: int = 12


@dataclass(slots=True)
class Samples:
    """What was measured of one workload.

    Attributes:
        launches: for each launch its (base seconds, head seconds) pairs.
        absent: why there is nothing to compare; empty where there is.
        broken: whether the head lacks what the base has.
    """

    launches: list[list[tuple[float, float]]] = field(default_factory=list)
    absent: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one workload.

    Attributes:
        name: the workload.
        base_ms: median of a call of the base, milliseconds.
        head_ms: median of a call of the head, milliseconds.
        ratio: head over base; None where it was not compared.
        note: why it was not compared, or how it was judged.
        failed: whether this breaks the build.
        unsure: whether it looks slower, but may be noise.
    """

    name: str
    base_ms: float
    head_ms: float
    ratio: Ratio | None
    note: str
    failed: bool
    unsure: bool = False


class Worker:
    """A running `worker.py` of one revision.

    Args:
        root: the revision's folder.
        workloads: the file of workloads, the same for both sides.
        core: number of the core to run on, None for any.
    """

    def __init__(self, root: Path, workloads: Path, core: int | None = None) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(HERE / "worker.py"),
                f"--root={root}",
                f"--workloads={workloads}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(root),
        )
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, do: str, **values: object) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({"do": do, "with": values}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            return {"absent": "the worker ended early; its error is above"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.close()
        except OSError:  # it ended first
            self._process.kill()
        self._process.stdout.close()
        self._process.wait(timeout=30)


def environment(root: Path) -> dict[str, str]:
    """One thread, the revision's own package and models, and no random hashing."""
    kept = {key: value for key, value in os.environ.items() if key != "LPR_MODELS"}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    data = kept.get("LPR_DATA", str(HERE.parent.parent / "shared" / "data"))
    return {
        **kept,
        **dict.fromkeys(threads, "1"),
        "PYTHONPATH": str(root),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LPR_DATA": str(Path(data).resolve()),
    }


@contextmanager
def workers(
    base: Path, head: Path, workloads: Path, launch: int
) -> Iterator[tuple[Worker, Worker]]:
    """Both sides, running on one core; the next launch takes the next one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    core = cores[launch % len(cores)]
    pair = (Worker(base, workloads, core), Worker(head, workloads, core))
    try:
        yield pair
    finally:
        for worker in pair:
            worker.stop()


def sample(
    base: Path,
    head: Path,
    workloads: Path,
    samples: dict[str, Samples],
    plan: Plan,
    *,
    first: int = 0,
) -> None:
    """Time the workloads of `samples` on both sides and add what was measured to them.

    Args:
        base: folder of the one revision.
        head: folder of the other.
        workloads: the file of workloads.
        samples: name -> what was measured so far.
        plan: how much to measure; `launches` are added.
        first: number of the first launch.
    """
    for launch in range(first, first + plan.launches):
        with workers(base, head, workloads, launch) as pair:
            for name, found in samples.items():
                if not found.absent:
                    _one_launch(pair, name, found, plan)


def _one_launch(pair: tuple[Worker, Worker], name: str, found: Samples, plan: Plan) -> None:
    ready = [worker.ask("setup", name=name) for worker in pair]
    if any("absent" in answer for answer in ready):
        found.absent, found.broken = _why_absent(ready)
        return
    longest = max(answer["seconds"] for answer in ready)
    calls = max(1, min(500, round(plan.round_seconds / max(longest, 1e-7))))
    pairs = []
    for number in range(plan.rounds):
        # A B, B A, A B, ...: a steady drift then favours neither.
        order = (0, 1) if number % 2 == 0 else (1, 0)
        seconds = {side: pair[side].ask("time", name=name, calls=calls) for side in order}
        if any("absent" in answer for answer in seconds.values()):
            found.absent, found.broken = _why_absent([seconds[0], seconds[1]])
            return
        pairs.append((float(seconds[0]["seconds"]), float(seconds[1]["seconds"])))
    found.launches.append(pairs)


def _why_absent(answers: Sequence[dict[str, Any]]) -> tuple[str, bool]:
    base, head = (answer.get("absent") for answer in answers)
    if head is None:
        return f"new: not in the base ({base})", False
    if base is None:
        return f"the base has it, the head does not ({head})", True
    return f"{NEITHER} ({head})", False


def verdict(name: str, samples: Samples, limit: float) -> Outcome:
    """Judge one workload: slower only if the median is beyond the limit and surely not noise."""
    if samples.absent:
        return Outcome(name, 0.0, 0.0, None, samples.absent, samples.broken)
    ratio = median_ratio(samples.launches)
    beyond = ratio.median > limit
    slower = beyond and ratio.low > 1 + (limit - 1) / 2
    if beyond:
        note = "slower" if slower else "unsure"
    else:
        note = "faster" if ratio.median < 1 / limit else "same"
    pairs = [pair for launch in samples.launches for pair in launch]
    return Outcome(
        name,
        median(base for base, _ in pairs) * 1e3,
        median(head for _, head in pairs) * 1e3,
        ratio,
        note,
        slower,
        beyond and not slower,
    )


def duel(
    base: Path, head: Path, workloads: Path, names: Sequence[str], plan: Plan
) -> list[Outcome]:
    """Time all, time those that look slower once more, and fail what is slower twice in a row."""
    outcomes = judged(base, head, workloads, names, plan)
    suspects = [name for name, item in outcomes.items() if item.failed and item.ratio]
    for name, again in judged(base, head, workloads, suspects, plan).items():
        first = outcomes[name].ratio
        seen = f"{first.median:.2f}" if first else "?"
        note = f"slower twice (first {seen})" if again.failed else f"slower once ({seen})"
        outcomes[name] = replace(again, note=note)
    return list(outcomes.values())


def judged(
    base: Path, head: Path, workloads: Path, names: Sequence[str], plan: Plan
) -> dict[str, Outcome]:
    """Time `names` until each is judged surely, or as often as the plan allows."""
    samples = {name: Samples() for name in names}
    outcomes: dict[str, Outcome] = {}
    launched, open_ones = 0, samples
    while open_ones and launched < max(plan.launches, plan.most_launches):
        sample(base, head, workloads, open_ones, plan, first=launched)
        launched += plan.launches
        outcomes |= {name: verdict(name, found, plan.limit) for name, found in open_ones.items()}
        open_ones = {name: found for name, found in open_ones.items() if outcomes[name].unsure}
    return outcomes
