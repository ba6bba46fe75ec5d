"""Pictures without plates, as grounds for what is drawn and as crops that say nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lpr.synth.degrade import Grey


def grey_pictures(folder: Path | None, *, least: tuple[int, int], widest: int) -> list[Grey]:
    """Load every picture under a folder; what is no picture is passed over.

    Args:
        folder: where they are; None for no pictures.
        least: width and height that each has at least, enlarged where need be, pixels.
        widest: width to which larger ones are reduced, pixels.

    Returns:
        HxW uint8 pictures, in the order of their names.
    """
    pictures: list[Grey] = []
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
        if image is None:
            continue
        rows, columns = image.shape
        scale = max(least[0] / columns, least[1] / rows, min(1.0, widest / columns))
        size = (max(least[0], round(columns * scale)), max(least[1], round(rows * scale)))
        pictures.append(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    return pictures
