"""The automaton of a set of plate patterns, which a decoder walks one character at a time.

Positions and follow sets are Glushkov's (V. M. Glushkov, The abstract theory of automata, 1961),
held as bits of an integer; the deterministic states are made when first reached (lazy subset
construction, as in Aho, Lam, Sethi, Ullman: Compilers, 3.7.4) and remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Final

from lpr.formats.pattern import Pattern
from lpr.formats.syntax import Chain, Chars, Choice, Mark, Node, Repeat, Words

_DEAD: Final = -1


class Automaton:
    """A deterministic automaton that accepts the texts of any of its patterns.

    States are small integers, valid for this automaton only. It is safe to share between threads:
    states are only ever added, under a lock.

    Args:
        patterns: The patterns; their order gives the indices of `matches`.
        weights: A weight per pattern (default 1 each), reported by `weight`.
    """

    def __init__(self, patterns: Sequence[Pattern], weights: Sequence[float] | None = None) -> None:
        self._weights = tuple(weights) if weights is not None else (1.0,) * len(patterns)
        nfa = _Positions()
        first = 0
        nullable = False
        self._lasts: list[int] = []
        for pattern in patterns:
            part = nfa.add(pattern.node)
            first |= part.first
            self._lasts.append(part.last)
            nullable |= part.nullable
        self._nullable = nullable
        self._any_last = 0
        for last in self._lasts:
            self._any_last |= last
        self._masks = nfa.masks()
        self._follow = nfa.follow
        self._lock = threading.Lock()
        self._ids: dict[int, int] = {}
        self._sets: list[int] = []
        self._reach: list[int] = []
        self._moves: list[dict[str, int]] = []
        self._remember(-1, first)

    @property
    def start(self) -> int:
        """The state before the first character."""
        return 0

    def step(self, state: int, char: str) -> int | None:
        """The state after one more character, or None where no pattern goes on with it."""
        found = self._moves[state].get(char)
        if found is None:
            found = self._move(state, char)
        return None if found == _DEAD else found

    def accepts(self, state: int) -> bool:
        """Whether the characters so far are a whole text of some pattern."""
        if state == 0:
            return self._nullable
        return bool(self._sets[state] & self._any_last)

    def matches(self, state: int) -> tuple[int, ...]:
        """The indices of the patterns of which the characters so far are a whole text."""
        if state == 0:
            return ()
        here = self._sets[state]
        if not here & self._any_last:
            return ()
        return tuple(index for index, last in enumerate(self._lasts) if here & last)

    def weight(self, state: int) -> float:
        """The largest weight among the accepting patterns, 0 where the state does not accept."""
        return max((self._weights[index] for index in self.matches(state)), default=0.0)

    def allowed(self, state: int) -> frozenset[str]:
        """The characters with which some pattern goes on."""
        reach = self._reach[state]
        return frozenset(char for char, mask in self._masks.items() if reach & mask)

    def walk(self, text: str) -> int | None:
        """The state after a whole text, or None where it leaves every pattern."""
        state = 0
        for char in text:
            after = self.step(state, char)
            if after is None:
                return None
            state = after
        return state

    def matching(self, text: str) -> tuple[int, ...]:
        """The indices of the patterns that match a whole text."""
        state = self.walk(text)
        return () if state is None else self.matches(state)

    def _move(self, state: int, char: str) -> int:
        positions = self._reach[state] & self._masks.get(char, 0)
        if not positions:
            if char in self._masks:
                self._moves[state][char] = _DEAD
            return _DEAD
        with self._lock:
            target = self._ids.get(positions)
            if target is None:
                reach = 0
                for index in _bits(positions):
                    reach |= self._follow[index]
                target = self._remember(positions, reach)
        self._moves[state][char] = target
        return target

    def _remember(self, positions: int, reach: int) -> int:
        target = len(self._sets)
        self._sets.append(positions)
        self._reach.append(reach)
        self._moves.append({})
        self._ids[positions] = target
        return target


class _Part:
    """Glushkov's three facts about a node: whether it matches the empty text, first, last."""

    __slots__ = ("first", "last", "nullable")

    def __init__(self, nullable: bool, first: int, last: int) -> None:
        self.nullable = nullable
        self.first = first
        self.last = last


class _Positions:
    """Positions of all patterns: the characters of each and what may follow it."""

    def __init__(self) -> None:
        self.follow: list[int] = []
        self._sets: dict[str, int] = {}

    def masks(self) -> dict[str, int]:
        """The positions at which each character may stand."""
        found: dict[str, int] = {}
        # A few sets of characters stand at many positions: each is taken apart once.
        for chars, positions in self._sets.items():
            for char in chars:
                found[char] = found.get(char, 0) | positions
        return found

    def add(self, node: Node) -> _Part:
        if isinstance(node, Chars):
            return self._position(node.chars)
        if isinstance(node, Mark):
            return _Part(True, 0, 0)
        if isinstance(node, Words):
            return self.add(node.tree)
        if isinstance(node, Choice):
            parts = [self.add(option) for option in node.options]
            return _Part(
                any(part.nullable for part in parts),
                _union(part.first for part in parts),
                _union(part.last for part in parts),
            )
        if isinstance(node, Chain):
            joined = _Part(True, 0, 0)
            for item in node.items:
                joined = self._join(joined, self.add(item))
            return joined
        return self._repeat(node)

    def _position(self, chars: str) -> _Part:
        bit = 1 << len(self.follow)
        self.follow.append(0)
        self._sets[chars] = self._sets.get(chars, 0) | bit
        return _Part(False, bit, bit)

    def _join(self, head: _Part, tail: _Part) -> _Part:
        for index in _bits(head.last):
            self.follow[index] |= tail.first
        return _Part(
            head.nullable and tail.nullable,
            head.first | (tail.first if head.nullable else 0),
            tail.last | (head.last if tail.nullable else 0),
        )

    def _repeat(self, node: Repeat) -> _Part:
        # x{1,3} is x(x(x)?)?: nested, so that each count has one path through the positions.
        tail = _Part(True, 0, 0)
        for count in range(node.high, 0, -1):
            tail = self._join(self.add(node.item), tail)
            if count > node.low:
                tail.nullable = True
        return tail


def _union(masks: Iterator[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
