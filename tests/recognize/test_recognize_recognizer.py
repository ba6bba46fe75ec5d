"""The shipped recognizer behind its protocol."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lpr.errors import ModelIntegrityError
from lpr.formats import load_automaton
from lpr.recognize.beam import FormatConstraint
from lpr.recognize.recognizer import OnnxRecognizer
from lpr.registry import DEFAULT_RECOGNIZER, ModelFiles, find_model
from lpr.types import Image


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    return find_model(DEFAULT_RECOGNIZER)


@pytest.fixture(scope="module")
def recognizer(files: ModelFiles) -> OnnxRecognizer:
    return OnnxRecognizer(files)


def noise(recognizer: OnnxRecognizer, count: int) -> list[Image]:
    rng = np.random.default_rng(0)
    width, height = recognizer.size
    return [np.asarray(rng.integers(0, 256, (height, width, 3)), np.uint8) for _ in range(count)]


def test_a_batch_reads_like_its_single_crops(recognizer: OnnxRecognizer) -> None:
    crops = noise(recognizer, 5)
    together = recognizer.read(crops)
    assert len(together) == 5
    for crop, reading in zip(crops, together, strict=True):
        alone = recognizer.read([crop])[0]
        assert alone.text == reading.text
        assert alone.confidence == pytest.approx(reading.confidence, abs=1e-4)


def test_many_crops_are_read_a_few_at_a_time(
    recognizer: OnnxRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = noise(recognizer, 21)
    sizes: list[int] = []
    run = recognizer._session.run

    def noting(batch: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        sizes.append(len(batch))
        return run(batch)

    monkeypatch.setattr(recognizer._session, "run", noting)
    together = recognizer.probabilities(crops)
    assert sizes == [8, 8, 5]
    for crop, probabilities in zip(crops, together, strict=True):
        alone = recognizer.probabilities([crop])[0]
        np.testing.assert_allclose(probabilities, alone, atol=1e-4)


def test_no_crops_are_no_readings(recognizer: OnnxRecognizer) -> None:
    assert recognizer.read([]) == ()


def test_noise_is_not_read_with_confidence(recognizer: OnnxRecognizer) -> None:
    for reading in recognizer.read(noise(recognizer, 8)):
        assert reading.text == "" or reading.confidence < 0.5


def test_a_flat_crop_has_no_text(recognizer: OnnxRecognizer) -> None:
    width, height = recognizer.size
    flat = np.full((height, width, 3), 90, np.uint8)
    assert recognizer.read([flat])[0].text == ""


def test_scores_are_probabilities_of_the_alphabet(recognizer: OnnxRecognizer) -> None:
    for reading in recognizer.read(noise(recognizer, 8)):
        assert 0.0 <= reading.confidence <= 1.0
        for char, score, candidates in zip(
            reading.text, reading.char_scores, reading.alternatives, strict=True
        ):
            assert char in recognizer.alphabet
            assert candidates.chars[0] == char
            assert candidates.probs[0] == score
            assert sum(candidates.probs) <= 1.0 + 1e-9


def test_a_crop_of_another_size_is_refused(recognizer: OnnxRecognizer) -> None:
    with pytest.raises(ValueError, match="as rectified"):
        recognizer.read([np.zeros((10, 10, 3), np.uint8)])


def test_a_strict_search_only_finds_texts_of_the_formats(recognizer: OnnxRecognizer) -> None:
    automaton = load_automaton(("de",))
    for crop in noise(recognizer, 3):
        for found in recognizer.search(crop, FormatConstraint(automaton, strict=True)):
            assert automaton.matching(found.text)


def test_an_alphabet_of_another_network_is_refused(files: ModelFiles, tmp_path: Path) -> None:
    shorter = files.manifest.model_copy(update={"alphabet": files.manifest.alphabet[:-1]})
    other = OnnxRecognizer(dataclasses.replace(files, manifest=shorter))
    with pytest.raises(ModelIntegrityError, match="classes"):
        other.read(noise(other, 1))
    twice = files.manifest.model_copy(update={"alphabet": "AA"})
    with pytest.raises(ModelIntegrityError, match="distinct"):
        OnnxRecognizer(dataclasses.replace(files, manifest=twice))
