"""What a recognizer's run was begun with, see `lpr.train.begun`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lpr.errors import TrainingError
from lpr.train import begun as begun_file

_OPTION: Final = "--out"


@dataclass(frozen=True, slots=True)
class Begun:
    """What cannot change on the way.

    Attributes:
        start: the model to start from; None for random weights.
        data: hash of the labels of each set.
        seed: of weights, draws and rendered plates.
        regions: of rendered plates; None for all.
        keep: how firmly the run holds on to what its start reads right.
        temperature: of the model to start from; no condition, only remembered.
    """

    start: str | None
    data: Mapping[str, str]
    seed: int
    regions: tuple[str, ...] | None
    keep: float
    temperature: float


def labels_hash(folder: Path) -> str:
    """Hash of a set's labels.

    Raises:
        TrainingError: they cannot be read.
    """
    path = folder / "labels.jsonl"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error


def remember(out: Path, begun: Begun) -> None:
    """Write what a run begins with.

    Raises:
        TrainingError: the disk refuses.
    """
    begun_file.remember(out, asdict(begun))


def recall(out: Path) -> Begun | None:
    """What the run in a folder was begun with; None where a former version left no record.

    Raises:
        TrainingError: the record is damaged.
    """
    saved = begun_file.recall(out, _OPTION)
    if saved is None:
        return None
    try:
        regions = saved.pop("regions")
        return Begun(**saved, regions=None if regions is None else tuple(regions))
    except (KeyError, TypeError) as error:
        raise begun_file.damaged(out, error, _OPTION) from error


def require_same(out: Path, former: Begun, now: Begun) -> None:
    """Refuse to go on with something else.

    Raises:
        TrainingError: something differs; the message names it.
    """
    for difference in (
        _differs("--from", former.start or "none", now.start or "none"),
        _other_data(former.data, now.data),
        _differs("--seed", former.seed, now.seed),
        _differs("--region", _listed(former.regions), _listed(now.regions)),
        _differs("--keep", former.keep, now.keep),
    ):
        if difference is not None:
            raise begun_file.begun_otherwise(out, difference, _OPTION)


def _differs(option: str, former: object, now: object) -> str | None:
    return None if former == now else f"{option} {former}, not {now}"


def _other_data(former: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    if former.keys() != now.keys():
        return f"--data {', '.join(former) or 'none'}, not {', '.join(now) or 'none'}"
    changed = [name for name, value in now.items() if former[name] != value]
    return f"other labels of {', '.join(changed)}" if changed else None


def _listed(regions: tuple[str, ...] | None) -> str:
    return "all" if regions is None else ",".join(regions)
