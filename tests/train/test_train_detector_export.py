"""What an exported detector is compared with its network on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lpr.detect.views import whole_view
from lpr.imaging import compose, detector_input
from lpr.train.detector_data import LabelledPicture
from lpr.train.detector_export import _example
from lpr.train.detector_net import MEAN, SCALE


def test_the_picture_lies_on_the_canvas_as_in_serving(tmp_path: Path) -> None:
    tall = np.random.default_rng(0).integers(0, 256, (720, 400, 3)).astype(np.uint8)
    path = tmp_path / "tall.png"
    cv2.imwrite(str(path), tall)
    shown = _example([LabelledPicture("own", path, 720, 400, ())], 640, 384)
    canvas = compose(tall, whole_view(400, 720, 640, 384), 640, 384)
    assert np.array_equal(shown.numpy(), detector_input([canvas], MEAN, SCALE))
