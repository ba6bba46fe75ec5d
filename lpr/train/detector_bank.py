"""Rendered plates kept on disk: drawing one takes longer than making a whole training canvas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lpr.errors import TrainingError
from lpr.types import Image


class PlateBank:
    """Rendered plates in one flat file beside its index.

    Args:
        folder: holds `plates.bin` and `plates.json` (offset, height, width, lines of each).

    Raises:
        TrainingError: there is no bank.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "plates.bin"
        try:
            text = (folder / "plates.json").read_text(encoding="utf-8")
        except OSError as error:
            raise TrainingError(f"{folder}: no bank of rendered plates there") from error
        self._index: list[list[int]] = json.loads(text)
        self._data: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self._index)

    def plate(self, number: int) -> tuple[Image, int]:
        """Pixels (HxWx3 uint8 BGR, edge to edge) and rows of text of one plate."""
        if self._data is None:
            self._data = np.memmap(self._path, np.uint8, mode="r")
        start, rows, columns, lines = self._index[number]
        pixels = self._data[start : start + rows * columns * 3].reshape(rows, columns, 3)
        return pixels, lines


def write_bank(plates: Sequence[tuple[Image, int]], folder: Path) -> None:
    """Write rendered plates (pixels, rows of text) as a bank."""
    folder.mkdir(parents=True, exist_ok=True)
    index, position = [], 0
    with (folder / "plates.bin").open("wb") as out:
        for pixels, lines in plates:
            out.write(np.ascontiguousarray(pixels).tobytes())
            index.append([position, pixels.shape[0], pixels.shape[1], lines])
            position += pixels.size
    (folder / "plates.json").write_text(json.dumps(index), encoding="utf-8")
