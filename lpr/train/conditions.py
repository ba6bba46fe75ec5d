"""Under which conditions a run was begun, beside its checkpoint: it goes on so or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lpr.errors import TrainingError

BEGUN: Final = "begun.json"
LABELS: Final = "labels"
"""The condition whose value, a hash, tells people nothing."""


def keep_to(work: Path, conditions: Mapping[str, str], *, resume: bool) -> None:
    """Remember the conditions of a new run; refuse to go on with a run under other ones.

    Args:
        work: folder of the run.
        conditions: options as people write them -> values; `LABELS` -> `files_hash`.
        resume: whether the run in the folder is to go on.

    Raises:
        TrainingError: something differs, the record is damaged, or the disk refuses.
    """
    path = work / BEGUN
    try:
        former = json.loads(path.read_text("utf-8")) if resume and path.is_file() else {}
        for name, value in conditions.items():
            before = former.get(name, value)
            if before != value:
                what = "other labels" if name == LABELS else f"{name} {before}, not {value}"
                raise TrainingError(
                    f"{work}: the run there was begun with {what}; begin anew with --fresh, or "
                    "give another --work"
                )
        work.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(conditions), indent=1) + "\n", encoding="utf-8")
    except (ValueError, AttributeError) as error:
        raise TrainingError(f"{path}: is damaged: {error}; begin anew with --fresh") from error
    except OSError as error:
        raise TrainingError(f"{path}: {error.strerror}") from error


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
