"""Votes by character position, over readings aligned to one text."""

from __future__ import annotations

import math
from typing import Final

from lpr.vote.alignment import Evidence, align
from lpr.vote.options import VoterOptions

_LEAST_LOG: Final = -6.0
_MOST_SUGGESTED: Final = 4
_CLOSE: Final = -4.0


class PositionTable:
    """Summed log ratios of the characters at each position of a text.

    A position keeps of each character only what sets it apart from the characters that nobody
    listed there, so that a reading costs no more than the characters it lists.

    Args:
        text: the text whose positions are meant.
        options: how confusable characters are.
    """

    def __init__(self, text: str, options: VoterOptions) -> None:
        self.text = text
        self._options = options
        self._log_confusions = math.log(options.confusions)
        self._wrong = [0.0] * len(text)
        self._sums: list[dict[str, float]] = [{} for _ in text]

    def add(self, evidence: Evidence, weight: float) -> None:
        """Add one reading; where it has no place for a position it says nothing there."""
        own, said = self.text, evidence.text
        for position, place in enumerate(align(own, said)):
            if place is None:
                continue
            sums = self._sums[position]
            rest = evidence.rest[place]
            other = rest if rest > _LEAST_LOG else _LEAST_LOG
            for char, ratio in evidence.places[place].items():
                apart = (ratio if ratio > _LEAST_LOG else _LEAST_LOG) - other
                sums[char] = sums.get(char, 0.0) + weight * apart
            if said[place] == own[position]:
                self._wrong[position] += weight * (evidence.doubt[place] - self._log_confusions)

    def joined(self, evidence: Evidence, weight: float) -> PositionTable:
        """A table of the same readings and one more."""
        table = PositionTable(self.text, self._options)
        table._wrong = list(self._wrong)
        table._sums = [dict(sums) for sums in self._sums]
        table.add(evidence, weight)
        return table

    def distributions(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        """For each position the characters with their shares of the vote, best first."""
        result = []
        for sums in self._sums:
            top = max(sums.values(), default=0.0)
            shares = {char: math.exp(value - top) for char, value in sums.items()}
            total = sum(shares.values())
            ranked = sorted(shares, key=lambda char: (-shares[char], char))
            result.append(tuple((char, shares[char] / total) for char in ranked))
        return tuple(result)

    def doubts(self) -> tuple[float, ...]:
        """For each position how much of the vote goes against the text's own character, 0 to 1."""
        result = []
        for char, sums in zip(self.text, self._sums, strict=True):
            top = max(sums.values(), default=0.0)
            total = sum(math.exp(value - top) for value in sums.values())
            own = math.exp(sums[char] - top) / total if char in sums else 0.0
            result.append(1.0 - own + 1e-6)
        return tuple(result)

    def unlisted_odds(self, relief: float = 1.0) -> float:
        """Odds that the text is wrong in a way that no candidate stands for.

        At each position the readings that agree there would all have to be wrong, and in the same
        way: after one reading of weight 1 the odds are its own, each further one divides them.

        Args:
            relief: factor on the weights of all readings.
        """
        return sum(math.exp(self._log_confusions + relief * wrong) for wrong in self._wrong)

    def suggestions(self) -> tuple[str, ...]:
        """Texts of this length that the positions favour.

        First the best character of every position, then that text with the closest runner-up at
        one position each.
        """
        if not all(self._sums):
            return ()
        best: list[str] = []
        swaps: list[tuple[float, int, str]] = []
        for position, sums in enumerate(self._sums):
            if len(sums) == 1:
                best.extend(sums)
                continue
            top = max(sums.values())
            leader = min(char for char, value in sums.items() if value == top)
            best.append(leader)
            least = top + _CLOSE
            swaps.extend(
                (top - value, position, char)
                for char, value in sums.items()
                if value > least and char != leader
            )
        texts = ["".join(best)]
        for _, position, char in sorted(swaps)[:_MOST_SUGGESTED]:
            texts.append("".join((*best[:position], char, *best[position + 1 :])))
        return tuple(texts)
