"""Characters that a reader takes for each other, and texts that differ in nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from lpr.errors import ConfigError
from lpr.formats.folding import fold

MAX_UNFOLDED: Final = 4096
"""Texts looked at before a text counts as ambiguous."""

READER_CLASSES: Final = ("0DOQ", "1I", "2Z", "5S", "6G", "8B")
"""The classes of the reader that ships, as `lpr/gate/confusions.toml` measures them."""


@dataclass(frozen=True, slots=True)
class Confusables:
    """Classes of characters that are not told apart.

    Attributes:
        classes: each class as a string, for example `"0DOQ"`; no character is in two of them.
    """

    classes: tuple[str, ...]
    _of: dict[str, str] = field(init=False, repr=False, compare=False)
    _table: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the classes.

        Raises:
            ConfigError: a class has fewer than two characters, or two classes share one.
        """
        of: dict[str, str] = {}
        for group in self.classes:
            if len(set(group)) != len(group) or len(group) < 2:
                raise ConfigError(f"a confusable class needs two or more characters, not {group!r}")
            for char in group:
                if char in of:
                    raise ConfigError(f"{char!r} is in two confusable classes")
                of[char] = group
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_table", {ord(char): group[0] for char, group in of.items()})

    def fold(self, text: str) -> str:
        """Replace every character by the first of its class: equal folds cannot be told apart."""
        return text.translate(self._table)

    def alike(self, a: str, b: str) -> bool:
        """Whether two characters are the same or in one class."""
        return a == b or (a in self._of and b in self._of[a])

    def unfold(self, text: str) -> Iterator[str]:
        """Yield every text with the same fold, `text` included."""
        for chars in itertools.product(*(self._of.get(char, char) for char in text)):
            yield "".join(chars)

    def count(self, text: str) -> int:
        """How many texts have the same fold."""
        total = 1
        for char in text:
            total *= len(self._of.get(char, char))
        return total

    def only_plate(self, text: str, fits_format: Callable[[str], bool]) -> str | None:
        """Return the one text with the same fold that fits a plate format, if it is the only one.

        Args:
            text: as read.
            fits_format: whether a text is a possible plate.

        Returns:
            None where none or several fit, or where there are too many texts to look at.
        """
        if self.count(text) > MAX_UNFOLDED:
            return None
        fitting = list(itertools.islice(filter(fits_format, self.unfold(text)), 2))
        return fitting[0] if len(fitting) == 1 else None


def collisions(plates: Iterable[str], confusables: Confusables) -> tuple[tuple[str, ...], ...]:
    """Return the groups of different plates that cannot be told apart, sorted.

    >>> collisions(["AB0123", "ABO123", "CD777"], Confusables(("0O",)))
    (('AB0123', 'ABO123'),)
    """
    groups: dict[str, set[str]] = {}
    for plate in plates:
        groups.setdefault(confusables.fold(plate), set()).add(plate)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1))


def folded(text: str, confusables: Confusables) -> str:
    """What a text has in common with everything that a reader may take it for."""
    return confusables.fold(fold(text))
