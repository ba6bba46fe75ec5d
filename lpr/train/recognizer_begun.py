"""What a recognizer's run was begun with, see `lpr.train.begun`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lpr.errors import TrainingError
from lpr.registry import find_model
from lpr.train import begun as begun_file
from lpr.train.recognizer_options import RecognizerTrainOptions
from lpr.train.recognizer_sets import named_folders

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


def begun_with(options: RecognizerTrainOptions, *, goes_on: bool) -> Begun:
    """What a run is begun with.

    Args:
        options: of the run.
        goes_on: whether the run in `options.out` goes on; then it is what that one was begun with.

    Raises:
        TrainingError: the run there was begun with something else, which the message names; its
            record is damaged; or labels cannot be read.
        ModelNotFoundError: the model to start from is unknown.
    """
    former = _recall(options.out) if goes_on else None
    start = options.start
    if former is not None:
        temperature = former.temperature
    else:
        temperature = 1.0 if start is None else find_model(start).manifest.temperature
    folders = named_folders(options.data)
    begun = Begun(
        None if start is None else _place(start),
        {name: _labels_hash(folder) for name, folder in folders.items()},
        options.loop.seed,
        options.regions,
        options.keep,
        temperature,
    )
    if former is not None:
        _require_same(options.out, former, begun)
    return begun


def remember(out: Path, begun: Begun) -> None:
    """Write what a run begins with.

    Raises:
        TrainingError: the disk refuses.
    """
    begun_file.remember(out, asdict(begun))


def _place(model: str) -> str:
    """One spelling of a model's folder; a name as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _labels_hash(folder: Path) -> str:
    path = folder / "labels.jsonl"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error


def _recall(out: Path) -> Begun | None:
    """What the run in a folder was begun with; None where a former version left no record."""
    saved = begun_file.recall(out, _OPTION)
    if saved is None:
        return None
    try:
        regions = saved.pop("regions")
        return Begun(**saved, regions=None if regions is None else tuple(regions))
    except (KeyError, TypeError) as error:
        raise begun_file.damaged(out, error, _OPTION) from error


def _require_same(out: Path, former: Begun, now: Begun) -> None:
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
