"""Prefix beam search over CTC outputs, free or under plate formats.

The search is that of Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition
using Bi-Directional Recurrent DNNs" (2014); the place of its language model is taken by an
automaton of plate formats, either as a soft prior (a text of no format pays a fixed log-weight) or
strictly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr.formats.automaton import Automaton
from lpr.recognize.alphabet import Alphabet
from lpr.recognize.ctc import Floats

_OUTSIDE = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A whole text that the search found.

    Attributes:
        text: the text; may be empty.
        log_probability: its CTC log-probability, over the paths that the beam kept.
        score: that, plus the prior's log-weight.
        conforms: whether the text is one of the formats'; True where there are none.
    """

    text: str
    log_probability: float
    score: float
    conforms: bool


@dataclass(frozen=True, slots=True)
class FormatConstraint:
    """Plate formats and how much they weigh.

    Attributes:
        automaton: the formats.
        penalty: what a text of no format pays, natural logarithm, at least 0: the log-odds against
            a plate outside the formats.
        strict: whether texts of no format are ruled out altogether.
    """

    automaton: Automaton
    penalty: float = 3.0
    strict: bool = False


@dataclass(slots=True)
class _Prefix:
    """Probability of a prefix, of paths that end in a blank and of those that do not."""

    blank: float = 0.0
    char: float = 0.0
    state: int | None = 0

    @property
    def total(self) -> float:
        return self.blank + self.char


def beam_search(
    probs: Floats,
    alphabet: Alphabet,
    constraint: FormatConstraint | None = None,
    *,
    width: int = 12,
    floor: float = 1e-3,
    results: int = 5,
) -> tuple[Hypothesis, ...]:
    """Find the most likely texts.

    Args:
        probs: TxC probabilities, the blank last.
        alphabet: the classes' characters.
        constraint: plate formats; None searches freely.
        width: prefixes kept at each step. A prefix that no format goes on from counts as
            less likely by the penalty already during the search.
        floor: classes less likely than this at a step are not tried there.
        results: number of texts returned at most.

    Returns:
        The best texts by `score`, best first; empty only where a strict search ruled out all.
    """
    start = None if constraint is None else constraint.automaton.start
    beam: dict[tuple[int, ...], _Prefix] = {(): _Prefix(blank=1.0, state=start)}
    log_scale = 0.0
    for row in probs:
        found = _advance(beam, row, alphabet, constraint, floor)
        beam = _prune(found, constraint, width)
        if not beam:
            return ()
        norm = max(one.total for one in beam.values())
        log_scale += math.log(norm)
        for one in beam.values():
            one.blank /= norm
            one.char /= norm
    texts = [_finish(prefix, one, log_scale, alphabet, constraint) for prefix, one in beam.items()]
    kept = [text for text in texts if text.conforms or constraint is None or not constraint.strict]
    return tuple(sorted(kept, key=lambda text: -text.score)[:results])


def _advance(
    beam: dict[tuple[int, ...], _Prefix],
    row: Floats,
    alphabet: Alphabet,
    constraint: FormatConstraint | None,
    floor: float,
) -> dict[tuple[int, ...], _Prefix]:
    blank = alphabet.blank
    tried: Sequence[int] = [int(index) for index in np.flatnonzero(row[:blank] >= floor)]
    p_blank = float(row[blank])
    found: dict[tuple[int, ...], _Prefix] = {}
    for prefix, one in beam.items():
        same = found.setdefault(prefix, _Prefix(state=one.state))
        same.blank += p_blank * one.total
        last = prefix[-1] if prefix else -1
        if last >= 0:
            same.char += float(row[last]) * one.char
        for index in tried:
            mass = float(row[index]) * (one.blank if index == last else one.total)
            if mass > 0.0:
                longer = (*prefix, index)
                target = found.get(longer)
                if target is None:
                    state = _walk(one.state, alphabet.characters[index], constraint)
                    if constraint is not None and constraint.strict and state is _OUTSIDE:
                        continue
                    target = found[longer] = _Prefix(state=state)
                target.char += mass
    return found


def _walk(state: int | None, char: str, constraint: FormatConstraint | None) -> int | None:
    if constraint is None or state is _OUTSIDE:
        return _OUTSIDE
    return constraint.automaton.step(state, char)


def _prune(
    found: dict[tuple[int, ...], _Prefix], constraint: FormatConstraint | None, width: int
) -> dict[tuple[int, ...], _Prefix]:
    pay = 1.0 if constraint is None else math.exp(-constraint.penalty)
    ranked = sorted(
        (
            (one.total * (pay if one.state is _OUTSIDE else 1.0), prefix)
            for prefix, one in found.items()
        ),
        reverse=True,
    )
    return {prefix: found[prefix] for value, prefix in ranked[:width] if value > 0.0}


def _finish(
    prefix: tuple[int, ...],
    one: _Prefix,
    log_scale: float,
    alphabet: Alphabet,
    constraint: FormatConstraint | None,
) -> Hypothesis:
    log_probability = log_scale + math.log(one.total) if one.total > 0 else -math.inf
    conforms = constraint is None or (
        one.state is not _OUTSIDE and constraint.automaton.accepts(one.state)
    )
    penalty = 0.0 if constraint is None or conforms else constraint.penalty
    return Hypothesis(alphabet.decode(prefix), log_probability, log_probability - penalty, conforms)
