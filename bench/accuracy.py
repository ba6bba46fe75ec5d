"""Accuracy beside the latency of a revision: what was made faster must still be right."""

from __future__ import annotations

from lpr.errors import SourceError
from lpr.evaluate.datasets import data_folder
from lpr.evaluate.detection import evaluate_detection
from lpr.evaluate.intervals import Proportion
from lpr.evaluate.recognition import evaluate_recognition
from lpr.factory import load_models
from lpr.latency.record import Figure


def accuracies() -> list[Figure]:
    """Plates found and plates read exactly on the validation data; none where there is no data.

    Found means an overlap of 0.5 in one look at the whole picture, as in most frames of a camera.
    """
    models = load_models()
    try:
        data = data_folder()
        found = evaluate_detection(models.detector, data).overall.recall
        read = evaluate_recognition(
            models.recognizer, models.rectifier, data, alphabet=models.alphabet
        ).overall.exact
    except SourceError:
        return []
    return [_figure("accuracy.detect-recall", found), _figure("accuracy.read-exact", read)]


def _figure(name: str, share: Proportion) -> Figure:
    return Figure(name=name, value=share.value, unit="share", count=share.total)
