"""The sets of labelled crops of a run: their names, what of them is used, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from lpr.errors import SourceError, TrainingError
from lpr.evaluate.datasets import data_folder
from lpr.recognize.alphabet import Alphabet
from lpr.train.detector_data import EVALUATION_ONLY
from lpr.train.licences import LICENCES
from lpr.train.recognizer_elsewhere import ELSEWHERE
from lpr.train.recognizer_labels import CropLabel
from lpr.train.recognizer_patches import LEFT_OUT, SET_WEIGHTS, training_rows

_SHOWN: Final = 5
"""Texts named that cannot be spelled."""

Labels = Mapping[str, Sequence[CropLabel]]


def named_folders(folders: Sequence[Path]) -> dict[str, Path]:
    """Each folder under the name that its set has in figures and manifest.

    Raises:
        TrainingError: two have one name, or one has a name that stands for something else.
    """
    named: dict[str, Path] = {}
    for folder in folders:
        name = folder.resolve().name
        if name in named:
            raise TrainingError(
                f"{named[name]} and {folder}: both sets would be called {name!r}; "
                "rename one of the folders"
            )
        if name == ELSEWHERE or (_known(name) and not _shared(folder)):
            raise TrainingError(
                f"{folder}: {name!r} is the name of a set of this program; rename the folder"
            )
        named[name] = folder
    return named


def licence_of(name: str) -> str:
    """The licence of a known set; any other counts as the user's own."""
    return LICENCES[name.removeprefix("scenes/")] if name in SET_WEIGHTS else "own data"


def usable(labels: Labels, alphabet: Alphabet) -> dict[str, tuple[CropLabel, ...]]:
    """The labels whose texts a reader can say; the others can neither train nor measure."""
    return {
        name: tuple(row for row in rows if row.text and alphabet.covers(row.text))
        for name, rows in labels.items()
    }


def used(labels: Labels) -> dict[str, tuple[int, int]]:
    """How many crops of each set train and how many measure."""
    train = training_rows(labels)
    return {
        name: (
            len(train[name]),
            sum(row.split == "val" and row.note not in LEFT_OUT for row in rows),
        )
        for name, rows in labels.items()
    }


def told(labels: Labels, spelled: Labels, alphabet: Alphabet) -> list[str]:
    """What is used of each set, in a line, and what makes its figures too good, in another."""
    lines = []
    for name, (train, val) in used(spelled).items():
        left = len(labels[name]) - train - val
        foreign = dict.fromkeys(
            row.text for row in labels[name] if row.text and not alphabet.covers(row.text)
        )
        texts = ", ".join([*list(foreign)[:_SHOWN], *["..."][: len(foreign) > _SHOWN]])
        rest = f", {left} left out" if left else ""
        lines.append(f"{name}: {train} train, {val} val{rest}{f' ({texts})' if texts else ''}")
        again = 0 if _known(name) else _seen_again(spelled[name])
        if again:
            lines.append(
                f"warning: {name}: {again} of {val} val crops say what a train crop says too; "
                "split by vehicle, or the figures are too good"
            )
    return lines


def require_usable(labels: Labels, spelled: Labels) -> None:
    """Refuse data of which nothing can be used.

    Raises:
        TrainingError: there is data, and neither a crop to train on nor one to measure with.
    """
    if labels and not any(sum(counts) for counts in used(spelled).values()):
        rows = sum(len(rows) for rows in labels.values())
        raise TrainingError(
            f"{', '.join(labels)}: nothing to train on: of {rows} labels the model can spell no "
            "text; docs/training.md names its characters"
        )


def _seen_again(rows: Sequence[CropLabel]) -> int:
    train = {row.text for row in rows if row.split == "train"}
    return sum(row.split == "val" and row.text in train for row in rows)


def _known(name: str) -> bool:
    return name in SET_WEIGHTS or name in EVALUATION_ONLY


def _shared(folder: Path) -> bool:
    """Whether a folder is one of the shared data's own sets."""
    with suppress(SourceError):
        return folder.resolve().parent == (data_folder() / "plates").resolve()
    return False
