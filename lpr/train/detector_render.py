"""Fills a bank of rendered plates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lpr.synth.fonts import FontBook
from lpr.synth.scene import draw_any_plate
from lpr.train.detector_bank import PlateBank, write_bank


def build_bank(folder: Path, count: int, seed: int, *, height: int = 80) -> PlateBank:
    """Render `count` plates of all countries into `folder`, or open the bank that is there."""
    if not (folder / "plates.json").is_file():
        rng, fonts = np.random.default_rng(seed), FontBook()
        drawn = [draw_any_plate(rng, fonts, height=height) for _ in range(count)]
        write_bank([(plate.image, plate.lines) for plate in drawn], folder)
    return PlateBank(folder)
