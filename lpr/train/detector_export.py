"""The detector's ONNX file and manifest, with its score calibrated on the validation pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import nn

from lpr.imaging import detector_input, letterbox
from lpr.train.detector_calibrate import calibrate, choose_threshold
from lpr.train.detector_data import LabelledPicture
from lpr.train.detector_score import MEAN, SCALE, score_pictures, summarize, torch_finder
from lpr.train.export import export_model

if TYPE_CHECKING:
    from lpr.train.detector_loop import DetectorTrainOptions

LICENCES: Mapping[str, str] = {
    "mixed-openlpr": "Apache-2.0",
    "us-uk-ph-cjsantos": "CC-BY-4.0",
    "ro-night": "MIT",
    "cn-ccpd-mini": "MIT",
    "egypt-moto": "CC-BY-4.0",
    "thai-v2": "CC-BY-4.0",
    "india-moto-helmet": "CC-BY-4.0",
    "negatives": "CC0-1.0",
}
OUTPUTS = ("stride8", "stride16", "stride32")


def export_detector(
    net: nn.Module,
    options: DetectorTrainOptions,
    validation: Sequence[LabelledPicture],
    pictures: Sequence[LabelledPicture],
) -> Path:
    """Write `options.output`; returns it.

    Raises:
        TrainingError: torch and ONNX disagree.
    """
    width, height = options.validation
    fast = net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    scores = score_pictures(torch_finder(fast, width, height), validation)
    net = net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    knots = calibrate(scores)
    threshold = choose_threshold(scores, knots)
    figures = summarize(scores, threshold.raw)
    names = sorted({picture.dataset for picture in pictures})
    fields: dict[str, Any] = {
        "name": options.output.name,
        "version": "1",
        "task": "detector",
        "licence": "Apache-2.0",
        "input": {
            "name": "image",
            "shape": [1, 3, height, width],
            "colour": "bgr",
            "mean": MEAN,
            "scale": SCALE,
        },
        "outputs": list(OUTPUTS),
        "score_threshold": threshold.calibrated,
        "calibration": knots,
        "training": [
            {
                "name": name,
                "licence": LICENCES.get(name, "own pictures"),
                "pictures": sum(picture.dataset == name for picture in pictures),
            }
            for name in names
        ],
        "synthetic_share": round(options.odds.replace if options.bank else 0.0, 3),
        "metrics": {key: round(value, 4) for key, value in figures.items()},
    }
    export_model(net, _example(validation, width, height), options.output, fields)
    return options.output


def _example(validation: Sequence[LabelledPicture], width: int, height: int) -> torch.Tensor:
    image = cv2.imread(str(validation[0].path), cv2.IMREAD_COLOR)
    canvas, _ = letterbox(np.asarray(image, np.uint8), width, height)
    return torch.from_numpy(detector_input([canvas], MEAN, SCALE))
