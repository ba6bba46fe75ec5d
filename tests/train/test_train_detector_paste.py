"""Rendered plates that the detector's training puts into its views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lpr.synth.plate import RenderedPlate
from lpr.train.detector_bank import PlateBank, write_bank
from lpr.train.detector_paste import PasteOdds, Paster
from lpr.train.detector_photo import photograph
from lpr.train.detector_render import _in_use


@pytest.mark.parametrize("aspect", [1.0, 2.0, 4.5])
def test_an_added_plate_keeps_its_own_shape(tmp_path: Path, aspect: float) -> None:
    plate = np.full((40, round(40 * aspect), 3), 220, np.uint8)
    write_bank([(plate, 1)], tmp_path)
    paster = Paster(PlateBank(tmp_path), PasteOdds(replace=0, add=0.8, distract=0))
    rng, shapes = np.random.default_rng(3), []
    for _ in range(60):
        canvas, plates = paster.paste(np.full((320, 320, 3), 90, np.uint8), [], rng)
        assert canvas.shape == (320, 320, 3)
        for one in plates:
            sides = [np.linalg.norm(one.quad[k] - one.quad[(k + 1) % 4]) for k in range(4)]
            shapes.append((sides[0] + sides[2]) / (sides[1] + sides[3]))
    assert len(shapes) > 60
    assert np.median(shapes) == pytest.approx(aspect, rel=0.1)


def test_some_plates_of_two_rows_are_as_narrow_as_a_motorcycles() -> None:
    rng = np.random.default_rng(1)
    image = np.zeros((80, 160, 3), np.uint8)
    widths = {
        lines: [_in_use(RenderedPlate(image, "", lines, None), rng).shape[1] for _ in range(100)]
        for lines in (1, 2)
    }
    assert set(widths[1]) == {160}
    narrow = [width for width in widths[2] if width < 160]
    assert 15 < len(narrow) < 60
    assert all(80 * 0.8 < width < 80 * 1.35 for width in narrow)


def test_a_picture_that_is_not_relit_keeps_its_light() -> None:
    grey = np.full((96, 96, 3), 120, np.uint8)
    change = {
        relit: [
            abs(float(photograph(grey, np.random.default_rng(seed), relit=relit).mean()) - 120)
            for seed in range(30)
        ]
        for relit in (True, False)
    }
    # Only a tint may take some light, and that is rare.
    assert np.median(change[False]) < 1
    assert np.median(change[True]) > 10
