"""Pictures without plates, as grounds for what is drawn and as crops that say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from lpr.errors import TrainingError
from lpr.synth.degrade import Grey


def grey_pictures(folder: Path | None, *, least: tuple[int, int], widest: int) -> list[Grey]:
    """Load every picture under a folder; what is no picture is passed over.

    Where the folder has a `labels.jsonl`, only pictures of its train split are loaded.

    Args:
        folder: where they are; None for no pictures.
        least: width and height that each has at least, enlarged where need be, pixels.
        widest: width to which larger ones are reduced, pixels.

    Returns:
        HxW uint8 pictures, in the order of their names.

    Raises:
        TrainingError: a broken label.
    """
    held_out = _held_out(folder) if folder is not None else frozenset()
    pictures: list[Grey] = []
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        wanted = path.is_file() and path not in held_out
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if wanted else None
        if image is None:
            continue
        rows, columns = image.shape
        scale = max(least[0] / columns, least[1] / rows, min(1.0, widest / columns))
        size = (max(least[0], round(columns * scale)), max(least[1], round(rows * scale)))
        pictures.append(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    return pictures


def _held_out(folder: Path) -> frozenset[Path]:
    labels = folder / "labels.jsonl"
    if not labels.is_file():
        return frozenset()
    try:
        rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines() if line.strip()]
        return frozenset(
            folder / row["image"] for row in rows if row.get("split", "train") != "train"
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{labels}: no labels of pictures: {error!r}") from error
