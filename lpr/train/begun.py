"""What a run was begun with, kept beside its checkpoint: it goes on with that or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lpr.errors import TrainingError

BEGUN: Final = "begun.json"
LABELS: Final = "labels"
"""The condition whose value, a hash, tells people nothing."""


def remember(folder: Path, record: Mapping[str, Any]) -> None:
    """Write what a run begins with; the folder is made where it is missing.

    Raises:
        TrainingError: the disk refuses.
    """
    path = folder / BEGUN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(record), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror}") from error


def recall(folder: Path, option: str) -> dict[str, Any] | None:
    """What the run in a folder was begun with; None where a former version left no record.

    Args:
        folder: of the run.
        option: by which another folder is given, for the error.

    Raises:
        TrainingError: the record is damaged.
    """
    path = folder / BEGUN
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise damaged(folder, error, option) from error


def damaged(folder: Path, error: Exception, option: str) -> TrainingError:
    """The error of a record that cannot be read."""
    return TrainingError(f"{folder / BEGUN}: is damaged: {error}; {_anew(option)}")


def begun_otherwise(folder: Path, what: str, option: str) -> TrainingError:
    """The error of a run that was begun with something else, which `what` names."""
    return TrainingError(f"{folder}: the run there was begun with {what}; {_anew(option)}")


def keep_to(work: Path, conditions: Mapping[str, str], *, resume: bool) -> None:
    """Remember the conditions of a new run; refuse to go on with a run under other ones.

    Args:
        work: folder of the run.
        conditions: options as people write them -> values; `LABELS` -> `files_hash`.
        resume: whether the run in the folder is to go on.

    Raises:
        TrainingError: something differs, the record is damaged, or the disk refuses.
    """
    option = "--work"
    former = (recall(work, option) if resume else None) or {}
    for name, value in conditions.items():
        before = former.get(name, value)
        if before != value:
            what = "other labels" if name == LABELS else f"{name} {before}, not {value}"
            raise begun_otherwise(work, what, option)
    remember(work, conditions)


def files_hash(paths: Iterable[Path | None]) -> str:
    """Hash of the contents of files, one behind the other; None and missing ones count as empty.

    Raises:
        TrainingError: one cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            content = path.read_bytes() if path is not None and path.is_file() else b""
        except OSError as error:
            raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _anew(option: str) -> str:
    return f"begin anew with --fresh, or give another {option}"
