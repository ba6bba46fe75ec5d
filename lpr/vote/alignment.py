"""How well a whole text explains one reading, whatever the reader dropped, added or cut off.

The likelihood is that of a small pair hidden Markov model, scored along its best path (Durbin et
al., "Biological Sequence Analysis", 1998, chapter 4): each place of the reading is either a
character of the text, with the reader's own probability for it, or an extra one; each character of
the text may be missing. Everything is relative to the reading's own text, whose log ratio is 0, and
bounded below: one look never says more against a text than `outlier` allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lpr.types import CharCandidates, Reading
from lpr.vote.options import VoterOptions

_ALPHABET: Final = 36
_LEAST: Final = 1e-4
_LOG_LEAST: Final = math.log(_LEAST)
_LEAST_DOUBT: Final = 0.01
_MOST_STEPS: Final = 3
_MOST_REMEMBERED: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One reading prepared for voting; every number is a log ratio to the reading's own text.

    Attributes:
        text: the reading's own text.
        places: for each place the ratio of each listed character, at most 0.
        rest: for each place the ratio of any other character.
        extra: for each place the ratio of there being no character at all.
        missing: ratio of a character that the reader dropped.
        missing_end: the same before the first and after the last place.
        floor: ratio of a text that explains nothing.
        doubt: for each place the log odds that its character is wrong; the odds of all places add
            up to those of the whole reading being wrong.
    """

    text: str
    places: tuple[dict[str, float], ...]
    rest: tuple[float, ...]
    extra: tuple[float, ...]
    missing: float
    missing_end: float
    floor: float
    doubt: tuple[float, ...]


def prepare(reading: Reading, options: VoterOptions) -> Evidence:
    """Turn a reading's distributions into log ratios."""
    placed = [
        _place(char, score, candidates, options.extra_character)
        for char, score, candidates in zip(
            reading.text, reading.char_scores, reading.alternatives, strict=True
        )
    ]
    # What an illegible reading says against other texts counts as far as it believes itself.
    unsure = max(0.0, 1.0 - max(0.0, reading.confidence) / options.legible_confidence)
    missing = math.log(options.missing_character + options.unsure_missing * unsure)
    places, rest, extra = zip(*placed, strict=True) if placed else ((), (), ())
    return Evidence(
        text=reading.text,
        places=places,
        rest=rest,
        extra=extra,
        missing=missing,
        missing_end=max(missing, math.log(options.missing_end)) if reading.may_be_cut else missing,
        floor=math.log(min(1.0, options.outlier + options.unsure_outlier * unsure)),
        doubt=_doubts(reading, options),
    )


def _doubts(reading: Reading, options: VoterOptions) -> tuple[float, ...]:
    """Spread the odds of a wrong reading over its places, the doubtful ones first."""
    confidence = min(options.max_reading_confidence, max(_LEAST, reading.confidence))
    wrong = (1 - confidence) / confidence
    shares = [
        _LEAST_DOUBT if score > 1.0 else 1.0 - score + _LEAST_DOUBT for score in reading.char_scores
    ]
    scale = wrong / sum(shares) if shares else 0.0
    # More than `confusions` would make agreement count against a text.
    log, most = math.log, options.confusions
    return tuple([log(odds if (odds := scale * share) < most else most) for share in shares])


def _place(
    char: str, score: float, candidates: CharCandidates, extra: float
) -> tuple[dict[str, float], float, float]:
    """Log ratios of the listed characters, of any other, and of none, at one place."""
    log = math.log
    own = _LEAST if score < _LEAST else 1.0 if score > 1.0 else score
    base = log(own)
    least = _LOG_LEAST - base
    ratios: dict[str, float] = {}
    left = 1.0 - own
    for other, probability in zip(candidates.chars, candidates.probs, strict=False):
        if other == char or other in ratios:
            continue
        left -= probability
        if probability > _LEAST:
            ratios[other] = 0.0 if probability >= own else log(probability) - base
        else:
            ratios[other] = least
    ratios[char] = 0.0
    share = left / _ALPHABET
    rest = log(share) - base if share > _LEAST else least
    lost = (1.0 - own) / 4
    return ratios, rest if rest < 0.0 else 0.0, log(lost if lost > extra else extra)


def log_ratio(evidence: Evidence, text: str) -> float:
    """Log likelihood of a reading given that the plate says `text`, relative to its own text.

    Returns:
        Between `evidence.floor` and 0.
    """
    if text == evidence.text:
        return 0.0
    step = len(text) - len(evidence.text)
    if step == 0:
        return _straight(evidence, text)
    if abs(step) > _MOST_STEPS or not evidence.text:
        return evidence.floor
    return min(0.0, max(evidence.floor, _best_path(evidence, text)))


def _straight(evidence: Evidence, text: str) -> float:
    """Character by character; a drop and an addition together fall below the floor anyway."""
    total, floor = 0.0, evidence.floor
    for char, ratios, rest in zip(text, evidence.places, evidence.rest, strict=True):
        total += ratios.get(char, rest)
        if total <= floor:
            return floor
    return total


def _best_path(evidence: Evidence, text: str) -> float:
    """Score of the best alignment; the floor as soon as no alignment can stay above it."""
    places, rest, extras = evidence.places, evidence.rest, evidence.extra
    missing, missing_end, floor = evidence.missing, evidence.missing_end, evidence.floor
    last = len(places) - 1
    previous = [0.0]
    for extra in extras:
        previous.append(previous[-1] + extra)
    for char in text:
        left = previous[0] + missing_end
        top, diagonal = left, previous[0]
        current = [left]
        for j, extra in enumerate(extras):
            above = previous[j + 1]
            best = diagonal + places[j].get(char, rest[j])
            dropped = above + (missing_end if j == last else missing)
            if dropped > best:
                best = dropped
            left += extra
            if left < best:
                left = best
            if left > top:
                top = left
            diagonal = above
            current.append(left)
        # Every step costs: what fell below the floor stays there.
        if top <= floor:
            return floor
        previous = current
    return previous[-1]


@lru_cache(_MOST_REMEMBERED)
def edit_distance(a: str, b: str) -> int:
    """Least number of characters to change, drop or add (Levenshtein 1966).

    >>> edit_distance("AB123", "A8123C")
    2
    """
    if a == b:
        return 0
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right)),
            )
    return row[-1]


def have_little_in_common(text: str, other: str) -> bool:
    """Whether more than half of the characters differ: another plate, no mere misreading."""
    return 2 * edit_distance(text, other) > max(len(text), len(other))


@lru_cache(_MOST_REMEMBERED)
def align(text: str, other: str) -> tuple[int | None, ...]:
    """Place in `other` that stands for each character of `text`, None where it has none.

    Along a path of least edit distance; equal lengths align straight, as plates do.
    """
    if len(text) == len(other):
        return tuple(range(len(text)))
    rows = [list(range(len(other) + 1))]
    for i, left in enumerate(text, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            row.append(min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (left != right)))
        rows.append(row)
    places: list[int | None] = [None] * len(text)
    i, j = len(text), len(other)
    while i and j:
        if rows[i][j] == rows[i - 1][j - 1] + (text[i - 1] != other[j - 1]):
            places[i - 1] = j - 1
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return tuple(places)
