"""The comparison put to the test on a tiny package: twice the work is caught, no change passes.

Times are CPU time, so that other processes on the machine do not decide these tests.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import counters
from bench.compare import QUICK, QUICK_PLAN, compare, main
from bench.duel import Plan
from bench.revisions import GitError, accepted, checkout, git, resolve
from bench.workloads import WORKLOADS

PLAN = Plan(launches=1, rounds=9, round_seconds=0.004, limit=1.5)


def test_no_change_passes_20_times_of_20(repository: Path, workloads: Path) -> None:
    reports = []
    for _ in range(20):
        text, failed = compare(
            repository, "base", "same", ["work"], PLAN, counted=(), workloads=workloads
        )
        if failed:
            reports.append(text)
    assert reports == []


def test_twice_the_work_is_caught(repository: Path, workloads: Path) -> None:
    text, failed = compare(
        repository, "base", "twice", ["work"], PLAN, counted=(), workloads=workloads
    )
    assert failed
    assert "slower twice" in text
    assert "**More work: work.**" in text


def test_half_the_work_is_no_failure(repository: Path, workloads: Path) -> None:
    text, failed = compare(
        repository, "twice", "base", ["work"], PLAN, counted=(), workloads=workloads
    )
    assert not failed
    assert "faster" in text


def test_what_a_commit_accepts_does_not_fail(repository: Path, workloads: Path) -> None:
    assert accepted(repository, "base", "accepted") == {"work"}
    text, failed = compare(
        repository, "base", "accepted", ["work"], PLAN, counted=(), workloads=workloads
    )
    assert not failed
    assert "accepted" in text


@pytest.mark.parametrize("base", ["no-such-revision", "0" * 40, ""])
def test_without_a_base_nothing_is_compared(repository: Path, workloads: Path, base: str) -> None:
    text, failed = compare(repository, base, "same", ["work"], PLAN, workloads=workloads)
    assert not failed
    assert "nothing was compared" in text


def test_a_base_without_the_package_makes_everything_new(repository: Path, workloads: Path) -> None:
    text, failed = compare(
        repository, "empty", "base", ["work"], PLAN, counted=(), workloads=workloads
    )
    assert not failed
    assert "new: not in the base" in text


def test_what_the_head_lost_fails(repository: Path, workloads: Path) -> None:
    text, failed = compare(
        repository, "base", "empty", ["work"], PLAN, counted=(), workloads=workloads
    )
    assert failed
    assert "the base has it, the head does not" in text


def test_a_workload_that_neither_has_fails_nobody(repository: Path, workloads: Path) -> None:
    text, failed = compare(
        repository, "base", "same", ["work", "newer"], PLAN, counted=(), workloads=workloads
    )
    assert not failed
    assert "in neither" in text


def test_where_nothing_runs_nothing_passes(repository: Path, workloads: Path) -> None:
    """As where a library is missing: both sides are broken alike."""
    text, failed = compare(
        repository, "base", "same", ["newer"], PLAN, counted=(), workloads=workloads
    )
    assert failed
    assert "**Nothing was compared" in text
    assert "no more work" not in text


def test_a_counter_that_the_head_lost_fails(repository: Path, workloads: Path) -> None:
    """A model may go."""
    text, failed = compare(
        repository,
        "base",
        "smaller",
        ["work"],
        PLAN,
        counted=["allocate"],
        instructions=False,
        workloads=workloads,
    )
    assert failed
    assert re.search(r"\| allocate: peak bytes \| 200,0\d\d \|  \| lost \|", text)
    assert not counters.Counter("detector-v1: bytes", 9.0, None).grown
    assert not counters.Counter("detector-v1: million MACs", 9.0, None).grown
    assert counters.Counter("rectify: instructions", 9.0, None).grown


def test_worktrees_are_gone_afterwards(repository: Path) -> None:
    with checkout(repository, "base") as tree:
        assert (tree / "lpr" / "__init__.py").is_file()
    assert not tree.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1
    with checkout(repository, ".") as tree:
        assert tree == repository.resolve()
    assert tree.exists()


def test_a_head_that_does_not_exist_is_an_error(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert resolve(repository, "no-such-revision") is None
    with pytest.raises(GitError, match="no revision 'no-such-revision'"):
        compare(repository, "base", "no-such-revision", ["work"], PLAN)
    assert main(["base", "no-such-revision", f"--repository={repository}"]) == 2
    assert "no revision" in capsys.readouterr().out


def test_the_command_writes_its_report(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "new" / "report.md"
    assert main(["missing", ".", f"--repository={repository}", f"--report={report}"]) == 0
    assert report.read_text(encoding="utf-8").startswith("# the working tree against missing")
    assert "nothing was compared" in capsys.readouterr().out


def test_a_repository_that_git_refuses_is_no_missing_base(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A job in a container, whose checkout is another user's, compared nothing and passed."""
    assert main(["HEAD", ".", f"--repository={tmp_path}"]) == 0
    assert "nothing was compared" in capsys.readouterr().out
    refusing = tmp_path / "git"
    refusing.write_text("#!/bin/sh\necho fatal: detected dubious ownership >&2\nexit 128\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["base", ".", f"--repository={repository}"]) == 2
    assert capsys.readouterr().out == "bench.compare: fatal: detected dubious ownership\n"
    refusing.unlink()
    assert main(["base", ".", f"--repository={repository}"]) == 2
    assert "git is not installed" in capsys.readouterr().out


def test_quick_times_one_workload_of_each_kind() -> None:
    assert set(QUICK) < set(WORKLOADS)
    assert {"detect", "read-1", "engine-720p-1"} <= set(QUICK)
    assert QUICK_PLAN.launches < Plan().launches


def test_an_unknown_workload_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["HEAD", ".", "--only", "nosuch"])
    assert "invalid choice: 'nosuch'" in capsys.readouterr().err


def test_a_head_that_cannot_play_the_clips_fails(
    repository: Path, workloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = iter([{"crops read per plate": 3.0}, {}])
    monkeypatch.setattr(counters, "crops_per_plate", lambda root, clips: next(sides))
    text, failed = compare(
        repository,
        "base",
        "same",
        ["work"],
        PLAN,
        counted=(),
        clips=[Path("a.mp4")],
        workloads=workloads,
    )
    assert failed
    assert "**More work: crops read per plate.**" in text
