"""How well a torch recognizer reads labelled crops, and how its confidence is calibrated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from lpr.imaging import recognizer_input
from lpr.recognize.alphabet import Alphabet
from lpr.recognize.ctc import best_path, softmax, text_log_probability
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_labels import CropLabel, served_crop
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.types import Image

_BATCH = 32
_BINS = 10
LEAST_CROPS: Final = 200
LEAST_WRONG: Final = 5
"""A temperature is fitted to so many crops, so many of them misread, or not at all: where hardly a
text is wrong, the best one is the coldest."""
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.5, 4.0, 43))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredCrops:
    """A network's outputs on labelled crops.

    Attributes:
        logits: NxTxC.
        texts: the labels.
        read: the texts read.
    """

    logits: npt.NDArray[np.float32]
    texts: tuple[str, ...]
    read: tuple[str, ...]

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Which crops were read exactly."""
        return np.array([a == b for a, b in zip(self.texts, self.read, strict=True)], bool)

    @property
    def accuracy(self) -> float:
        """Share of crops read exactly; not a number where there are none."""
        return float(self.right.mean()) if self.texts else math.nan


def score_crops(net: RecognizerNet, alphabet: Alphabet, labels: Sequence[CropLabel]) -> ScoredCrops:
    """Read labelled crops, cut as serving cuts them, but for texts the alphabet cannot spell."""
    known = [label for label in labels if label.text and alphabet.covers(label.text)]
    crops = [served_crop(label, WIDTH, HEIGHT) for label in known]
    return score_images(net, alphabet, crops, [label.text for label in known])


def score_images(
    net: RecognizerNet, alphabet: Alphabet, crops: Sequence[Image], texts: Sequence[str]
) -> ScoredCrops:
    """Read HxWx3 uint8 BGR crops of the network's size."""
    net.eval()
    parts = [np.empty((0, 80, alphabet.size), np.float32)]
    with torch.no_grad():
        for start in range(0, len(crops), _BATCH):
            batch = recognizer_input(crops[start : start + _BATCH], MEAN, SCALE)
            parts.append(net(torch.from_numpy(batch)).numpy())
    logits = np.concatenate(parts)
    read = tuple(alphabet.decode(best_path(row).classes.tolist()) for row in logits)
    return ScoredCrops(logits, tuple(texts), read)


def confidences(
    scored: ScoredCrops, alphabet: Alphabet, temperature: float
) -> npt.NDArray[np.float64]:
    """Probability of each text read, over all of its paths, at a temperature."""
    values = []
    for row, text in zip(scored.logits, scored.read, strict=True):
        probs = softmax(row, temperature)
        values.append(math.exp(text_log_probability(probs, alphabet.encode(text))))
    return np.array(values, np.float64)


def fit_temperature(scored: ScoredCrops, alphabet: Alphabet) -> float:
    """The temperature at which the confidences fit best (Guo et al., "On Calibration", 2017).

    Fitted to whole texts: the log loss of "this text is right", over a grid.

    Returns:
        1.0 where there is nothing to fit to.
    """
    if not scored.texts:
        return 1.0
    right = scored.right
    losses = []
    for temperature in TEMPERATURES:
        value = np.clip(confidences(scored, alphabet, temperature), 1e-4, 1 - 1e-4)
        losses.append(-float(np.where(right, np.log(value), np.log(1 - value)).mean()))
    return TEMPERATURES[int(np.argmin(losses))]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure a reader may be.

    Attributes:
        temperature: of its confidences.
        error: expected calibration error; None where there were too few crops to measure it.
    """

    temperature: float
    error: float | None


def calibrate(parts: Sequence[ScoredCrops], alphabet: Alphabet, temperature: float) -> Calibration:
    """Fit a temperature to sets of crops, if they are enough to.

    Args:
        parts: the network's outputs on each set.
        alphabet: of the network.
        temperature: what to keep where they are too few.
    """
    texts = [text for part in parts for text in part.texts]
    wrong = sum(int((~part.right).sum()) for part in parts if part.texts)
    if len(texts) < LEAST_CROPS or wrong < LEAST_WRONG:
        return Calibration(temperature, None)
    pooled = ScoredCrops(
        np.concatenate([part.logits for part in parts]),
        tuple(texts),
        tuple(text for part in parts for text in part.read),
    )
    fitted = fit_temperature(pooled, alphabet)
    return Calibration(
        fitted, calibration_error(confidences(pooled, alphabet, fitted), pooled.right)
    )


def calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal count, 0 to 1."""
    order = np.argsort(confidence, kind="stable")
    error = 0.0
    for part in np.array_split(order, _BINS):
        if part.size:
            gap = abs(float(confidence[part].mean()) - float(right[part].mean()))
            error += gap * part.size / len(order)
    return error
