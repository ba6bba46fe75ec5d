"""Fills a bank of rendered plates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from lpr.errors import TrainingError
from lpr.synth.fonts import FontBook
from lpr.synth.plate import RenderedPlate
from lpr.synth.scene import draw_any_plate
from lpr.synth.scripts import drawable_designs, render_script_plate
from lpr.train.detector_bank import PlateBank, write_bank
from lpr.train.made import recall_made, remember_made
from lpr.types import Image

_SCRIPT_SHARE: Final = 0.15
"""Share of plates in scripts that the reader does not know: a detector finds them all the same."""
_MOTORCYCLES: Final = 0.35
"""Share of the plates of two rows that are as narrow as those of motorcycles."""


def build_bank(folder: Path, count: int, seed: int, *, height: int = 80) -> PlateBank:
    """Render plates of all countries and scripts, or open the bank of these that is there.

    Args:
        folder: the bank.
        count: number of plates.
        seed: of every choice.
        height: of each plate, pixels.

    Raises:
        TrainingError: the bank there was rendered otherwise.
    """
    wanted = {"plates": count, "seed": seed, "height": height}
    if (folder / "plates.json").is_file():
        if recall_made(folder) not in (None, wanted):
            raise TrainingError(
                f"{folder}: holds other plates than {count} of seed {seed}; remove the folder, or "
                "give another --work"
            )
    else:
        rng, fonts = np.random.default_rng(seed), FontBook()
        share = _SCRIPT_SHARE if drawable_designs(fonts) else 0.0
        drawn = [
            render_script_plate(rng, fonts, height=height)
            if rng.random() < share
            else draw_any_plate(rng, fonts, height=height)
            for _ in range(count)
        ]
        write_bank([(_in_use(plate, rng), plate.lines) for plate in drawn], folder)
        remember_made(folder, wanted)
    return PlateBank(folder)


def _in_use(plate: RenderedPlate, rng: np.random.Generator) -> Image:
    """The plate as a car's or, now and then, as a motorcycle's: nearly square."""
    image = plate.image
    if plate.lines == 1 or rng.random() >= _MOTORCYCLES:
        return image
    height, width = image.shape[:2]
    narrow = min(width, round(height * float(rng.uniform(0.85, 1.3))))
    return np.asarray(cv2.resize(image, (narrow, height), interpolation=cv2.INTER_AREA), np.uint8)
