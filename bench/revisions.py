"""Revisions of the repository, each checked out beside the others."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORKING_TREE = "."
TRAILER = "Bench-Accept"


class GitError(RuntimeError):
    """A git command failed."""


def git(repository: Path, *arguments: str) -> str:
    """Run git in `repository` and return what it printed.

    Raises:
        GitError: it failed; the message is git's own.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed") from error
    if done.returncode:
        raise GitError(done.stderr.strip() or f"git {arguments[0]} failed")
    return done.stdout.strip()


def resolve(repository: Path, revision: str) -> str | None:
    """The full commit name, None where there is no such revision.

    An all-zero name (what CI passes for the parent of a first push) is no revision either.
    """
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", revision + "^{commit}")
    except GitError:
        return None


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
