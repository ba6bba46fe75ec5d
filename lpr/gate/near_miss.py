"""Near misses: listed plates that an unlisted text almost is; for a guard, never to open a gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lpr.formats.confusables import Confusables
from lpr.formats.folding import plate_identity

_CONFUSABLE_COST: Final = 0.25


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A listed plate and how far a text is from it.

    Attributes:
        plate: the listed plate.
        distance: weighted edits between the two.
    """

    plate: str
    distance: float


def edit_distance(a: str, b: str, confusables: Confusables) -> float:
    """Return the least sum of edits that turn one text into the other.

    Insertions, deletions and substitutions cost 1, substitutions within a confusable class 0.25
    (Wagner and Fischer, "The string-to-string correction problem", 1974, with weights).
    """
    row = [float(step) for step in range(len(b) + 1)]
    for i, char in enumerate(a, start=1):
        previous, row = row, [float(i)]
        for j, other in enumerate(b, start=1):
            change = 0.0 if char == other else 1.0
            if change and confusables.alike(char, other):
                change = _CONFUSABLE_COST
            row.append(min(previous[j] + 1.0, row[j - 1] + 1.0, previous[j - 1] + change))
    return row[-1]


class NearMissIndex:
    """Finds listed plates within one edit, confusable characters aside.

    Two texts within one edit share a text that is one of them or either less one character
    (symmetric deletion), so a look-up costs as many steps as the text has characters.

    Args:
        plates: the listed plates.
        confusables: the characters that the reader does not tell apart.
    """

    def __init__(self, plates: Iterable[str], confusables: Confusables) -> None:
        self._confusables = confusables
        self._plates: dict[str, set[str]] = {}
        for plate in plates:
            for key in _deletions(confusables.fold(plate_identity(plate))):
                self._plates.setdefault(key, set()).add(plate)

    def near(self, text: str) -> tuple[NearMiss, ...]:
        """Return the listed plates other than `text` within one edit, nearest first."""
        text = plate_identity(text)
        folded = self._confusables.fold(text)
        found: set[str] = set()
        for key in _deletions(folded):
            found |= self._plates.get(key, set())
        misses = []
        for plate in found:
            plain = plate_identity(plate)
            edits = edit_distance(folded, self._confusables.fold(plain), self._confusables)
            # Sharing a deletion allows for two edits; only one counts.
            if plain != text and edits <= 1.0:
                misses.append(NearMiss(plate, edit_distance(text, plain, self._confusables)))
        return tuple(sorted(misses, key=lambda miss: (miss.distance, miss.plate)))


def _deletions(text: str) -> Iterator[str]:
    yield text
    for place in range(len(text)):
        yield text[:place] + text[place + 1 :]
