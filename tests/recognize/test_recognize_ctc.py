"""CTC decoding against brute force over all paths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.formats import Automaton, compile_pattern
from lpr.recognize.alphabet import Alphabet
from lpr.recognize.beam import FormatConstraint, beam_search
from lpr.recognize.ctc import best_path, softmax, text_log_probability

ALPHABET = Alphabet("AB7")


def merged(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(key for key, _ in itertools.groupby(path) if key != blank)


def every_text(probs: npt.NDArray[np.float64]) -> dict[tuple[int, ...], float]:
    """Probability of each text, summed over all C**T paths."""
    steps, classes = probs.shape
    texts: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=steps):
        mass = math.prod(float(probs[step, index]) for step, index in enumerate(path))
        text = merged(path, classes - 1)
        texts[text] = texts.get(text, 0.0) + mass
    return texts


@st.composite
def probabilities(draw: st.DrawFn, classes: int = 4) -> npt.NDArray[np.float64]:
    steps = draw(st.integers(1, 5))
    cells = st.floats(-4, 4, allow_nan=False)
    rows = st.lists(cells, min_size=classes, max_size=classes)
    values = draw(st.lists(rows, min_size=steps, max_size=steps))
    return np.asarray(softmax(np.array(values)), np.float64)


@given(probabilities())
@settings(max_examples=60, deadline=None)
def test_forward_probability_is_the_sum_over_all_paths(probs: npt.NDArray[np.float64]) -> None:
    for text, mass in every_text(probs).items():
        assert math.exp(text_log_probability(probs, text)) == pytest.approx(mass, abs=1e-9)


@given(probabilities())
@settings(max_examples=60, deadline=None)
def test_text_probabilities_sum_to_one(probs: npt.NDArray[np.float64]) -> None:
    total = sum(math.exp(text_log_probability(probs, text)) for text in every_text(probs))
    assert total == pytest.approx(1.0)


def test_runs_of_certain_blanks_change_nothing() -> None:
    rng = np.random.default_rng(0)
    probs = np.full((30, 4), 1e-7)
    probs[:, 3] = 1 - 3e-7
    for step in (2, 3, 9, 20, 28):
        probs[step] = softmax(rng.normal(0, 2, 4))
    few = probs[[0, 2, 3, 4, 9, 10, 20, 21, 28, 29]]
    for text in ([0], [1, 1], [0, 2, 1], []):
        assert text_log_probability(probs, text) == pytest.approx(
            text_log_probability(few, text), abs=1e-4
        )


def test_a_text_longer_than_the_steps_is_impossible() -> None:
    probs = np.full((2, 4), 0.25)
    assert text_log_probability(probs, [0, 0]) == -math.inf
    assert text_log_probability(probs, [0, 1, 2]) == -math.inf
    assert text_log_probability(probs, [0, 1]) == pytest.approx(math.log(1 / 16))


@given(probabilities())
@settings(max_examples=60, deadline=None)
def test_a_wide_beam_finds_the_most_likely_text(probs: npt.NDArray[np.float64]) -> None:
    found = beam_search(probs, ALPHABET, width=500, floor=0.0, results=1)[0]
    assert math.exp(found.log_probability) == pytest.approx(max(every_text(probs).values()))
    assert found.conforms


@given(probabilities(), st.booleans(), st.floats(0, 6))
@settings(max_examples=60, deadline=None)
def test_formats_change_the_beam_as_they_change_brute_force(
    probs: npt.NDArray[np.float64], strict: bool, penalty: float
) -> None:
    automaton = Automaton([compile_pattern("LD"), compile_pattern("LLD?")])
    found = beam_search(
        probs,
        ALPHABET,
        FormatConstraint(automaton, penalty=penalty, strict=strict),
        width=500,
        floor=0.0,
    )
    scores = {}
    for classes, mass in every_text(probs).items():
        text = ALPHABET.decode(classes)
        fits = bool(automaton.matching(text))
        if fits or not strict:
            scores[text] = mass if fits else mass * math.exp(-penalty)
    if not scores:
        assert found == ()
        return
    assert math.exp(found[0].score) == pytest.approx(max(scores.values()))
    assert found[0].conforms == bool(automaton.matching(found[0].text))


@given(probabilities())
@settings(max_examples=80, deadline=None)
def test_best_path_merges_the_most_likely_steps(probs: npt.NDArray[np.float64]) -> None:
    path = best_path(probs, top=3)
    expected = merged(tuple(int(one) for one in probs.argmax(axis=1)), 3)
    assert tuple(path.classes) == expected
    assert path.candidates.shape == path.probs.shape == (len(expected), 3)
    for classes, values in zip(path.candidates, path.probs, strict=True):
        assert list(values) == sorted(values, reverse=True)
        assert len(set(classes.tolist())) == 3
        assert values.sum() == pytest.approx(1.0)
    # What is read is always the first of its candidates.
    assert tuple(path.candidates[:, 0]) == expected


def test_candidates_leave_the_blank_out_and_weigh_the_steps() -> None:
    probs = np.array(
        [
            [0.6, 0.3, 0.05, 0.05],
            [0.5, 0.1, 0.0, 0.4],
            [0.0, 0.0, 0.1, 0.9],
            [0.1, 0.1, 0.7, 0.1],
        ]
    )
    path = best_path(probs, top=2)
    assert ALPHABET.decode(path.classes) == "A7"
    assert path.probs[0, 0] == pytest.approx(1.1 / 1.55)
    assert path.candidates[0, 1] == 1
    assert path.probs[1, 0] == pytest.approx(0.7 / 0.9)


def test_nothing_but_blanks_is_no_text() -> None:
    probs = np.tile([0.1, 0.1, 0.1, 0.7], (6, 1))
    path = best_path(probs)
    assert path.classes.size == 0
    assert path.probs.shape == (0, 3)


def test_temperature_softens() -> None:
    logits = np.array([[2.0, 0.0]])
    assert softmax(logits, 2.0)[0, 0] < softmax(logits, 1.0)[0, 0]
    assert softmax(np.array([[1e4, 0.0]]))[0, 0] == 1.0
