"""The recognizer: rectified crops in, readings out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lpr.errors import ModelIntegrityError
from lpr.imaging import recognizer_input
from lpr.recognize.alphabet import Alphabet
from lpr.recognize.beam import FormatConstraint, Hypothesis, beam_search
from lpr.recognize.ctc import Floats, best_path, softmax, text_log_probability
from lpr.registry import ModelFiles
from lpr.session import OnnxSession
from lpr.types import CharCandidates, Image, Reading

_CANDIDATES = 5
_MOST_AT_ONCE = 8
"""Crops of a run where the network takes any number. More take no less time each, and onnxruntime
keeps the memory of the largest run, once for each thread."""
_LEAST_PROBABILITY = 1e-4
"""Candidates below this are left out of a reading."""


class OnnxRecognizer:
    """Reads plates with a CTC network on the CPU. Stateless and safe to share between threads.

    Args:
        files: the model, task `recognizer`.
        threads: threads for one run.

    Raises:
        ModelIntegrityError: the file does not match its manifest, or its alphabet is bad.
        ModelError: onnxruntime cannot load the file.
    """

    def __init__(self, files: ModelFiles, *, threads: int = 1) -> None:
        manifest = files.manifest
        try:
            self.alphabet = Alphabet(manifest.alphabet)
        except ValueError as error:
            raise ModelIntegrityError(f"{manifest.name}: {error}") from error
        self._session = OnnxSession(files.path, manifest, threads=threads)
        self._manifest = manifest
        self._calibration = np.array(manifest.calibration, np.float64).reshape(-1, 2)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the crops, pixels."""
        return self._manifest.input.size

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        """Read HxWx3 uint8 BGR crops of the model's size; one reading each, in order.

        Raises:
            ModelError: the network failed.
            ValueError: a crop has another size.
        """
        return tuple(self._reading(scores) for scores in self.probabilities(crops))

    def probabilities(self, crops: Sequence[Image]) -> list[Floats]:
        """Read the crops, but return the network's TxC probabilities, the blank last."""
        width, height = self.size
        for crop in crops:
            if crop.shape != (height, width, 3):
                raise ValueError(
                    f"crops must be {height}x{width}x3, as rectified, not {crop.shape}"
                )
        if not crops:
            return []
        spec = self._manifest.input
        batch = recognizer_input(crops, spec.mean, spec.scale)
        fixed = spec.shape[0]
        size = fixed or _MOST_AT_ONCE
        outputs = [
            self._session.run(_padded(part, fixed) if fixed else part)[0]
            for part in (batch[start : start + size] for start in range(0, len(crops), size))
        ]
        logits = np.concatenate(outputs)[: len(crops)]
        if logits.shape[2] != self.alphabet.size:
            raise ModelIntegrityError(
                f"{self._manifest.name}: the network has {logits.shape[2]} classes, "
                f"the manifest's alphabet makes {self.alphabet.size}"
            )
        return list(softmax(logits, self._manifest.temperature))

    def search(
        self, crop: Image, constraint: FormatConstraint | None = None, *, width: int = 12
    ) -> tuple[Hypothesis, ...]:
        """Find the likeliest whole texts of one crop, free or under plate formats."""
        return beam_search(self.probabilities([crop])[0], self.alphabet, constraint, width=width)

    def _reading(self, probs: Floats) -> Reading:
        path = best_path(probs, _CANDIDATES)
        classes = path.classes.tolist()
        raw = math.exp(text_log_probability(probs, classes))
        characters = self.alphabet.characters
        alternatives = tuple(
            _candidates([characters[index] for index in indices], values)
            for indices, values in zip(path.candidates.tolist(), path.probs.tolist(), strict=True)
        )
        return Reading(
            text=self.alphabet.decode(classes),
            char_scores=tuple(one.probs[0] for one in alternatives),
            alternatives=alternatives,
            confidence=self._calibrated(raw),
        )

    def _calibrated(self, raw: float) -> float:
        if len(self._calibration) < 2:
            return min(1.0, raw)
        return float(np.interp(raw, self._calibration[:, 0], self._calibration[:, 1]))


def _candidates(chars: Sequence[str], probs: Sequence[float]) -> CharCandidates:
    kept = max(1, sum(value >= _LEAST_PROBABILITY for value in probs))
    return CharCandidates(tuple(chars[:kept]), tuple(min(1.0, value) for value in probs[:kept]))


def _padded(batch: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    missing = size - len(batch)
    if not missing:
        return np.ascontiguousarray(batch)
    return np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.float32)])
