"""The detector's ONNX file and manifest, with its score calibrated on the validation pictures."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from lpr.detect.views import whole_view
from lpr.errors import TrainingError
from lpr.imaging import compose, detector_input
from lpr.train.detector_calibrate import calibrate, choose_threshold
from lpr.train.detector_data import LabelledPicture
from lpr.train.detector_net import MEAN, SCALE, DetectorNet
from lpr.train.detector_options import DetectorTrainOptions
from lpr.train.detector_score import score_pictures, summarize, torch_finder
from lpr.train.export import export_model
from lpr.train.licences import trained_on

OUTPUTS = ("stride8", "stride16", "stride32")


class MemoryOrder(nn.Module):
    """A detector that takes pictures as they lie in memory, the colours of a pixel side by side.

    A convolution over three planes is one over a single plane three times as wide, with its weights
    in the order of the pixels and steps of a whole pixel: the same products, in another order.
    Nothing takes the colours of a frame apart then, and onnxruntime copies the first layer's
    output, which is its largest, less often: a fourteenth of a detection.

    Args:
        net: the detector; copied.

    Raises:
        TrainingError: its first layer is no convolution.
    """

    def __init__(self, net: DetectorNet) -> None:
        super().__init__()
        self.net = copy.deepcopy(net)
        block = self.net.stage4[0]
        first = block[0] if isinstance(block, nn.Sequential) else block
        if not isinstance(block, nn.Sequential) or not isinstance(first, nn.Conv2d):
            raise TrainingError("the detector does not begin with a convolution")
        colours, rim = first.in_channels, first.kernel_size[0] // 2
        turned = nn.Conv2d(
            1,
            first.out_channels,
            (first.kernel_size[0], colours * first.kernel_size[1]),
            (first.stride[0], colours * first.stride[1]),
            (rim, colours * rim),
            bias=False,
        )
        with torch.no_grad():
            turned.weight.copy_(first.weight.permute(0, 2, 3, 1).reshape(turned.weight.shape))
        block[0] = turned

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The detector's maps of NxHxWx3 pictures."""
        count, height, width, colours = images.shape
        maps: tuple[Tensor, Tensor, Tensor] = self.net(
            images.reshape(count, 1, height, width * colours)
        )
        return maps


def export_detector(
    net: DetectorNet,
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
    plain = net.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    knots = calibrate(scores)
    threshold = choose_threshold(scores, knots)
    figures = summarize(scores, threshold.raw)
    fields: dict[str, Any] = {
        "name": options.output.name,
        "version": options.version,
        "task": "detector",
        "licence": "Apache-2.0",
        "input": {
            "name": "image",
            "shape": [1, height, width, 3],
            "layout": "nhwc",
            "colour": "bgr",
            "mean": MEAN,
            "scale": SCALE,
        },
        "outputs": list(OUTPUTS),
        "score_threshold": threshold.calibrated,
        "calibration": knots,
        "training": trained_on(Counter(picture.dataset for picture in pictures)),
        "synthetic_share": round(options.odds.replace if options.bank else 0.0, 3),
        "metrics": {key: round(value, 4) for key, value in figures.items()},
    }
    example = _example(validation, width, height).permute(0, 2, 3, 1).contiguous()
    export_model(MemoryOrder(plain), example, options.output, fields)
    return options.output


def _example(validation: Sequence[LabelledPicture], width: int, height: int) -> torch.Tensor:
    """The first picture as a served detector is shown it, 1x3xHxW; both networks are run on it."""
    image = np.asarray(cv2.imread(str(validation[0].path), cv2.IMREAD_COLOR), np.uint8)
    rows, columns = image.shape[:2]
    canvas = compose(image, whole_view(columns, rows, width, height), width, height)
    return torch.from_numpy(detector_input([canvas], MEAN, SCALE))
