"""The comparison put to the test: a stage slowed down is caught, no change passes.

The package as it stands becomes the base of a repository; its working tree repeats it unchanged,
or does one stage's work twice. `python -m bench.selftest` compares the unchanged pair 20 times.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.compare import compare
from bench.duel import HERE, Plan
from bench.revisions import WORKING_TREE, git

SLOWED = {
    "rectify": (
        "lpr/imaging.py",
        "\n_once = PerspectiveRectifier.rectify\n\n\ndef _twice(self, *arguments):\n"
        "    _once(self, *arguments)\n    return _once(self, *arguments)\n\n\n"
        "PerspectiveRectifier.rectify = _twice\n",
    ),
    "event-write": (
        "lpr/sinks/jsonl.py",
        "\n_once = JsonlSink.emit\n\n\ndef _twice(self, event):\n"
        "    _once(self, event)\n    _once(self, event)\n\n\nJsonlSink.emit = _twice\n",
    ),
}
"""Workload -> the file that is changed, and what is appended to it to do the work twice."""
PLAN = Plan(launches=2, rounds=12, round_seconds=0.015)
CATCH = Plan(launches=5, rounds=12, round_seconds=0.02, most_launches=20)
"""More launches: on a busy machine one of two may be disturbed, and the interval then says so."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What came out.

    Attributes:
        times: unchanged pairs compared.
        passed: of these, how many passed.
        slowed: stages slowed down.
        caught: of these, how many failed the comparison.
        reports: the comparison of each slowed stage, Markdown.
    """

    times: int
    passed: int
    slowed: int
    caught: int
    reports: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Every unchanged pair passed and every slowed stage was caught."""
        return self.passed == self.times and self.caught == self.slowed

    def line(self) -> str:
        """One line of result."""
        return (
            f"no change: {self.passed} of {self.times} passed; "
            f"done twice: {self.caught} of {self.slowed} caught"
        )


def selftest(times: int, package: Path = HERE.parent / "lpr") -> SelfTest:
    """Compare an unchanged package `times` times, and one with each stage slowed down."""
    names = tuple(SLOWED)
    with tempfile.TemporaryDirectory(prefix="lpr-selftest-") as folder:
        repository = Path(folder)
        _start(package, repository)
        passed = sum(
            not compare(repository, "base", WORKING_TREE, names, PLAN, counted=())[1]
            for _ in range(times)
        )
        caught, reports = 0, []
        for name, (file, more) in SLOWED.items():
            path = repository / file
            source = path.read_text(encoding="utf-8")
            path.write_text(source + more, encoding="utf-8")
            report, failed = compare(repository, "base", WORKING_TREE, [name], CATCH, counted=())
            path.write_text(source, encoding="utf-8")
            caught += failed
            reports.append(report)
    return SelfTest(times, passed, len(SLOWED), caught, tuple(reports))


def main() -> int:
    """Run the self-test; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.selftest", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="unchanged pairs")
    found = selftest(parser.parse_args().times)
    print("\n".join(found.reports))
    print(found.line())
    return 0 if found.sound else 1


def _start(package: Path, repository: Path) -> None:
    """A repository whose one commit, tagged `base`, is the package."""
    leave = shutil.ignore_patterns("__pycache__", "models")
    shutil.copytree(package, repository / "lpr", ignore=leave)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    who = (
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@localhost",
        "-c",
        "commit.gpgsign=false",
    )
    git(repository, *who, "commit", "--quiet", "--no-verify", "--message", "base")
    git(repository, "tag", "base")


if __name__ == "__main__":
    raise SystemExit(main())
