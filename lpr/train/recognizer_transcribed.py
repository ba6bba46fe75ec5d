"""Plates of the scenes without a text in the data folder, transcribed by eye for training.

`labels/transcribed.json` of the shipped recognizer maps set, picture and plate to text and rows.
The pictures stay where they are; a transcription names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lpr.errors import TrainingError
from lpr.geometry import Quad
from lpr.train.recognizer_labels import CropLabel

_AROUND = (0.25, 0.6)
"""Room kept around a plate, shares of its width and height: what turning and growing may show."""


def read_transcribed(file: Path, scenes: Path) -> dict[str, tuple[CropLabel, ...]]:
    """Read transcriptions as labels of crops, by set (`scenes/<set>`), all of the train split.

    Args:
        file: set -> picture -> [number of the plate in the picture's label, text, rows].
        scenes: the data folder's scenes.

    Raises:
        TrainingError: a file is missing or broken, a transcription names no plate of the train
            split, or one that has a text.
    """
    try:
        sets = json.loads(file.read_text(encoding="utf-8"))
        return {f"scenes/{name}": _labels(scenes / name, plates) for name, plates in sets.items()}
    except OSError as error:
        raise TrainingError(f"{error.filename}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise TrainingError(f"{file}: does not fit the scenes in {scenes}: {error!r}") from error


def _labels(
    folder: Path, plates: Mapping[str, Sequence[tuple[int, str, int]]]
) -> tuple[CropLabel, ...]:
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    pictures = {row["image"]: row for row in map(json.loads, lines)}
    return tuple(
        _label(folder, pictures[image], number, text, rows)
        for image, read in plates.items()
        for number, text, rows in read
    )


def _label(
    folder: Path, picture: Mapping[str, Any], number: int, text: str, rows: int
) -> CropLabel:
    plate = picture["plates"][number]
    if picture["split"] != "train" or plate.get("text"):
        raise ValueError(f"{picture['image']}: plate {number} is not one without text to train on")
    quad = Quad.from_points(plate["quad"]) if plate.get("quad") else Quad.from_box(*plate["box"])
    left, top, right, bottom = quad.box
    across, down = _AROUND[0] * (right - left), _AROUND[1] * (bottom - top)
    cut = (
        max(0, int(left - across)),
        max(0, int(top - down)),
        int(right + across) + 1,
        int(bottom + down) + 1,
    )
    return CropLabel(
        folder / picture["image"],
        text,
        rows,
        quad.shifted(-cut[0], -cut[1]),
        "train",
        "",
        cut,
    )
