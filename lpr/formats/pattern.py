"""Plate patterns: a small language without backtracking, compiled when a region is loaded.

    LL-DDD-LL               two letters, three digits, two letters; hyphens are shown, not read
    <town>*L{1,2} D{1,4}('E'|'H')?  a word of the list `town`, an emblem, one or two letters, ...
    ('KA'|'KL') [A-HJ-NP-Z]{2}      literals, alternatives, an inline character set

An upper-case ASCII letter names a character class: `L` (A-Z), `D` (0-9), `N` (1-9) or one that the
region declares. Literals stand in single quotes, inline sets in brackets, lists in angle brackets.
`?`, `{n}` and `{m,n}` repeat; parentheses group; `|` separates alternatives. The marks
`-`, `.`, `·`, space, `*` (emblem, seal or sticker) and `/` (row break) are how the plate shows the
text: they take no part in matching. Because there is no unbounded repetition, a pattern describes
finitely many texts and every one of its matches is decided in one pass.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lpr.errors import FormatError
from lpr.formats.syntax import (
    Chain,
    Chars,
    Choice,
    Mark,
    Node,
    Repeat,
    Variant,
    Words,
    draw,
    expand,
    longest,
    size_by_length,
)

if TYPE_CHECKING:
    import numpy as np

MARKS: Final = "-.· */"
ROW_BREAK: Final = "/"
MAX_LENGTH: Final = 16
MAX_VARIANTS: Final = 8_000
DEFAULT_CLASSES: Final[Mapping[str, str]] = {
    "L": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "D": "0123456789",
    "N": "123456789",
}


class Pattern:
    """One compiled pattern.

    Attributes:
        source: The pattern as written.
        node: Its syntax tree.
    """

    def __init__(self, source: str, node: Node) -> None:
        self.source = source
        self.node = node

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"

    @cached_property
    def sizes(self) -> Mapping[int, int]:
        """Number of texts by length (an ambiguous pattern counts a text once per derivation)."""
        return size_by_length(self.node)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The pattern as fixed-length alternatives, each a tuple of character sets.

        Raises:
            FormatError: The pattern has more than `MAX_VARIANTS` of them.
        """
        found = tuple(itertools.islice(expand(self.node), MAX_VARIANTS + 1))
        if len(found) > MAX_VARIANTS:
            raise FormatError(
                f"pattern {self.source!r} expands to more than {MAX_VARIANTS} variants: "
                "use character sets in place of long alternatives"
            )
        return tuple(dict.fromkeys(found))

    def display(self, rng: np.random.Generator) -> str:
        """A random text with its display marks, such as `B*AB 123` or `서울 36/러 4994`.

        Alternatives, list words and repetition counts are drawn uniformly.
        """
        parts: list[str] = []
        draw(self.node, rng, parts)
        return "".join(parts)

    def sample(self, rng: np.random.Generator) -> str:
        """A random text of the pattern, without marks."""
        return without_marks(self.display(rng))


_UNMARK: Final = str.maketrans("", "", MARKS)


def without_marks(display: str) -> str:
    """The text of a display string: separators, emblems and row breaks left out."""
    return display.translate(_UNMARK)


def parse_charset(text: str) -> str:
    """The characters of a set written like `A-HJ-NP-Z0-9`, sorted.

    Raises:
        FormatError: The set is empty or a range runs backwards.
    """
    found: set[str] = set()
    for match in re.finditer(r"(.)-(.)|(.)", text):
        first, last, single = match.groups()
        if single is not None:
            found.add(single)
        elif first > last:
            raise FormatError(f"range {first}-{last} runs backwards in the set [{text}]")
        else:
            found.update(map(chr, range(ord(first), ord(last) + 1)))
    if not found:
        raise FormatError("a character set is empty: write at least one character")
    return "".join(sorted(found))


def parse_words(text: str) -> Words:
    """A word list written like `A AB 01-95 2A`; `01-95` is a range of numbers of one width.

    Raises:
        FormatError: The list is empty or a range runs backwards.
    """
    found: dict[str, None] = {}
    for item in text.split():
        first, dash, last = item.partition("-")
        if not dash:
            found[item] = None
            continue
        if not (first + last).isdecimal() or len(first) != len(last) or first > last:
            raise FormatError(f"{item!r} is no range: write two numbers of one width, low first")
        found.update((f"{n:0{len(first)}}", None) for n in range(int(first), int(last) + 1))
    if not found:
        raise FormatError("a word list is empty: write at least one word")
    return Words(tuple(found))


def compile_pattern(
    source: str,
    classes: Mapping[str, str] = DEFAULT_CLASSES,
    lists: Mapping[str, Words] | None = None,
) -> Pattern:
    """Compile a pattern.

    Args:
        source: The pattern, see the module's description.
        classes: Class name (one upper-case letter) to its characters.
        lists: List name to its words.

    Raises:
        FormatError: Bad syntax, an unknown class or list, or a text longer than `MAX_LENGTH`.
    """
    parser = _Parser(source, classes, lists or {})
    pattern = Pattern(source, parser.parse())
    most = longest(pattern.node)
    if not 1 <= most <= MAX_LENGTH:
        raise FormatError(f"pattern {source!r} gives texts of {most} characters: keep 1 to 16")
    return pattern


def same_text(first: str, second: str) -> bool:
    """Whether two patterns differ in their display marks only."""
    return [t for t in _pieces(first) if t not in MARKS] == [
        t for t in _pieces(second) if t not in MARKS
    ]


_PIECE: Final = re.compile(
    r"'([^']+)'|\[([^\]]+)\]|<([^>]+)>|\{(\d+)(?:,(\d+))?\}|([A-Z|()?])|(.)", re.DOTALL
)


def _pieces(source: str) -> list[str]:
    return [match.group() for match in _PIECE.finditer(source)]


class _Parser:
    """Recursive descent over the pieces of one pattern."""

    def __init__(self, source: str, classes: Mapping[str, str], lists: Mapping[str, Words]) -> None:
        self._source = source
        self._classes = classes
        self._lists = lists
        self._pieces = _pieces(source)
        self._at = 0

    def parse(self) -> Node:
        node = self._choice()
        if self._at < len(self._pieces):
            raise self._error(f"unexpected {self._pieces[self._at]!r}")
        return node

    def _error(self, problem: str) -> FormatError:
        return FormatError(f"pattern {self._source!r}: {problem}")

    def _peek(self) -> str:
        return self._pieces[self._at] if self._at < len(self._pieces) else ""

    def _choice(self) -> Node:
        options = [self._chain()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._chain())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _chain(self) -> Node:
        items: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            items.append(self._repeated())
        return items[0] if len(items) == 1 else Chain(tuple(items))

    def _repeated(self) -> Node:
        node = self._atom()
        piece = self._peek()
        if piece == "?":
            self._at += 1
            return Repeat(node, 0, 1)
        if len(piece) > 2 and piece[0] == "{":
            self._at += 1
            low, _, high = piece[1:-1].partition(",")
            count = Repeat(node, int(low), int(high or low))
            if count.high < max(1, count.low):
                raise self._error(f"{piece} repeats nothing: write {{low,high}}, low first")
            return count
        return node

    def _atom(self) -> Node:
        piece = self._pieces[self._at]
        self._at += 1
        if piece == "(":
            node = self._choice()
            if self._peek() != ")":
                raise self._error("a group is not closed")
            self._at += 1
            return node
        if piece in MARKS:
            return Mark(piece)
        return self._leaf(piece)

    def _leaf(self, piece: str) -> Node:
        inner = piece[1:-1]
        if inner and piece[0] == "'":
            letters = tuple(Chars(char) for char in inner)
            return letters[0] if len(letters) == 1 else Chain(letters)
        if inner and piece[0] == "[":
            return Chars(parse_charset(inner))
        if inner and piece[0] == "<":
            if inner not in self._lists:
                raise self._error(f"no list {inner!r}: declare it under [lists]")
            return self._lists[inner]
        if piece in self._classes:
            return Chars(self._classes[piece])
        if piece.isascii() and piece.isupper():
            raise self._error(f"no class {piece!r}: declare it under [classes], or quote it")
        raise self._error(f"unexpected {piece!r}: put literal text in single quotes")
