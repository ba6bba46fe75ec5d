"""Syntax trees of plate patterns, and what can be computed from them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Slot: TypeAlias = frozenset[str]
Variant: TypeAlias = tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set (`chars` is sorted and has no repetition)."""

    chars: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A display mark: a separator, an emblem or a row break; matches the empty text."""

    mark: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Nodes one after another."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several nodes."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A node `low` to `high` times."""

    item: Node
    low: int
    high: int


@dataclass(frozen=True)
class Words:
    """A word out of a list."""

    words: tuple[str, ...]

    @cached_property
    def tree(self) -> Node:
        """The same words as a prefix tree of the other nodes."""
        return prefix_tree(frozenset(self.words))

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Number of words by length."""
        return dict(Counter(map(len, self.words)))


Node: TypeAlias = Chars | Mark | Chain | Choice | Repeat | Words


def prefix_tree(words: frozenset[str]) -> Node:
    """The words as nodes; first characters with the same endings share one character set."""
    endings: dict[str, set[str]] = {}
    for word in words:
        if word:
            endings.setdefault(word[0], set()).add(word[1:])
    shared: dict[frozenset[str], list[str]] = {}
    for first in sorted(endings):
        shared.setdefault(frozenset(endings[first]), []).append(first)
    options: list[Node] = []
    for rest, firsts in shared.items():
        head = Chars("".join(firsts))
        options.append(head if rest == {""} else Chain((head, prefix_tree(rest))))
    tree: Node = options[0] if len(options) == 1 else Choice(tuple(options))
    return Repeat(tree, 0, 1) if "" in words else tree


def longest(node: Node) -> int:
    """Length of the longest text of a tree."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Mark):
        return 0
    if isinstance(node, Words):
        return max(node.sizes)
    if isinstance(node, Choice):
        return max(longest(option) for option in node.options)
    if isinstance(node, Chain):
        return sum(longest(item) for item in node.items)
    return node.high * longest(node.item)


def size_by_length(node: Node) -> dict[int, int]:
    """Number of a tree's texts by length; a text with two derivations counts twice."""
    if isinstance(node, Chars):
        return {1: len(node.chars)}
    if isinstance(node, Mark):
        return {0: 1}
    if isinstance(node, Words):
        return node.sizes
    if isinstance(node, Choice):
        return _added([size_by_length(option) for option in node.options])
    if isinstance(node, Chain):
        return _multiplied([size_by_length(item) for item in node.items])
    inner = size_by_length(node.item)
    return _added([_multiplied([inner] * n) for n in range(node.low, node.high + 1)])


def _added(parts: list[dict[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for part in parts:
        for length, count in part.items():
            total[length] = total.get(length, 0) + count
    return total


def _multiplied(parts: list[dict[int, int]]) -> dict[int, int]:
    total = {0: 1}
    for part in parts:
        product: dict[int, int] = {}
        for (length, count), (more, times) in itertools.product(total.items(), part.items()):
            product[length + more] = product.get(length + more, 0) + count * times
        total = product
    return total


def expand(node: Node) -> Iterator[Variant]:
    """A tree as fixed-length alternatives, each a tuple of character sets."""
    if isinstance(node, Chars):
        yield (frozenset(node.chars),)
    elif isinstance(node, Mark):
        yield ()
    elif isinstance(node, Words):
        yield from expand(node.tree)
    elif isinstance(node, Choice):
        for option in node.options:
            yield from expand(option)
    elif isinstance(node, Chain):
        yield from _joined(node.items)
    else:
        for count in range(node.low, node.high + 1):
            yield from _joined((node.item,) * count)


def _joined(items: tuple[Node, ...]) -> Iterator[Variant]:
    if not items:
        yield ()
        return
    for head in expand(items[0]):
        for tail in _joined(items[1:]):
            yield head + tail


def draw(node: Node, rng: np.random.Generator, parts: list[str]) -> None:
    """Append a random text with its display marks to `parts`.

    Alternatives, words and repetition counts are drawn uniformly.
    """
    if isinstance(node, Chars):
        parts.append(node.chars[int(rng.integers(len(node.chars)))])
    elif isinstance(node, Mark):
        parts.append(node.mark)
    elif isinstance(node, Words):
        parts.append(node.words[int(rng.integers(len(node.words)))])
    elif isinstance(node, Choice):
        draw(node.options[int(rng.integers(len(node.options)))], rng, parts)
    elif isinstance(node, Chain):
        for item in node.items:
            draw(item, rng, parts)
    else:
        for _ in range(int(rng.integers(node.low, node.high + 1))):
            draw(node.item, rng, parts)
