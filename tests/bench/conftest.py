"""A tiny package under version control, and `import bench` wherever pytest is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

ONCE = """
def work(times: int = 1) -> int:
    total = 0
    for number in range(20_000 * times):
        total += number * 31 & 1023
    return total


def allocate(size: int = 200_000) -> bytes:
    return bytes(size)
"""
TWICE = ONCE.replace("times: int = 1", "times: int = 2")
WORKLOADS = """
def work():
    import lpr

    return lpr.work


def allocate():
    import lpr

    return lpr.allocate


def newer():
    import lpr

    return lpr.newer


WORKLOADS = {"work": work, "allocate": allocate, "newer": newer}
"""


def commit(repository: Path, tag: str, source: str, message: str = "") -> None:
    """Make that source the package `lpr` of a new commit."""
    from bench.revisions import git

    path = repository / "lpr" / "__init__.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    git(repository, "add", "--all")
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
    git(repository, *who, "commit", "--quiet", "--allow-empty", "-m", message or tag)
    git(repository, "tag", tag)


@pytest.fixture(scope="session")
def workloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of workloads for the tiny package."""
    path = tmp_path_factory.mktemp("workloads") / "workloads.py"
    path.write_text(WORKLOADS, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tags: empty, base, same, twice, smaller (allocates no more), accepted (twice, said so)."""
    from bench.revisions import git

    path = tmp_path_factory.mktemp("repository")
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "README").write_text("no package yet", encoding="utf-8")
    git(path, "add", "--all")
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
    git(path, *who, "commit", "--quiet", "-m", "empty")
    git(path, "tag", "empty")
    commit(path, "base", ONCE)
    commit(path, "same", ONCE)
    commit(path, "twice", TWICE)
    commit(path, "smaller", ONCE.split("def allocate")[0])
    git(path, "checkout", "--quiet", "-b", "said", "base")
    commit(path, "accepted", TWICE, "Twice as careful\n\nBench-Accept: work\n")
    return path
