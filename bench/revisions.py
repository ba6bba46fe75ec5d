"""Revisions of the repository, each checked out beside the others."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORKING_TREE = "."
TRAILER = "Bench-Accept"
_NO_SUCH_REVISION = 1
"""The exit code of `git rev-parse --verify --quiet` then; refusals have others."""
_NO_REPOSITORY = "not a git repository"


class GitError(RuntimeError):
    """A git command failed.

    Args:
        message: what git said.
        code: its exit code; None where it did not start.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


def git(repository: Path, *arguments: str) -> str:
    """Run git in `repository` and return what it printed.

    Raises:
        GitError: it failed; the message is git's own.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    if done.returncode:
        raise GitError(done.stderr.strip() or f"git {arguments[0]} failed", done.returncode)
    return done.stdout.strip()


def resolve(repository: Path, revision: str) -> str | None:
    """The full commit name, None where there is no such revision.

    An all-zero name (what CI passes for the parent of a first push) is no revision either, and
    where there is no repository there are none.

    Raises:
        GitError: git is not installed or refuses the repository, as one that another user owns: of
            its revisions nothing is known.
    """
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", revision + "^{commit}")
    except GitError as error:
        if error.code == _NO_SUCH_REVISION or _NO_REPOSITORY in str(error):
            return None
        raise


@contextmanager
def checkout(repository: Path, revision: str) -> Iterator[Path]:
    """Yield a folder with that revision; `.` is the working tree as it stands.

    Raises:
        GitError: the revision does not exist.
    """
    if revision == WORKING_TREE:
        yield repository.resolve()
        return
    commit = resolve(repository, revision)
    if commit is None:
        raise GitError(f"no revision {revision!r}")
    with tempfile.TemporaryDirectory(prefix="lpr-bench-") as folder:
        tree = Path(folder).resolve() / "tree"
        git(repository, "worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            git(repository, "worktree", "remove", "--force", str(tree))


def accepted(repository: Path, base: str, head: str) -> frozenset[str]:
    """Names that commits between the two accept as slower, by a trailer `Bench-Accept: NAME`."""
    until = "HEAD" if head == WORKING_TREE else head
    try:
        text = git(
            repository,
            "log",
            f"--format=%(trailers:key={TRAILER},valueonly,unfold)",
            f"{base}..{until}",
        )
    except GitError:
        return frozenset()
    return frozenset(name.strip() for line in text.splitlines() for name in line.split(",") if name)
