"""Which detection belongs to which track: the pairs of least total cost, any of them left alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

Pair = tuple[int, int]
"""Number of a track and number of a detection."""

MISS_COST: Final = 9.0
"""A pair is taken only if its cost stays below this."""


def assign(costs: Mapping[Pair, float], *, miss_cost: float = MISS_COST) -> dict[int, int]:
    """Choose pairs such that the sum of (cost - miss_cost) is least, each track and detection once.

    Every group of pairs that share no track or detection with the others is solved by itself, by
    the Hungarian method with shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987).

    Args:
        costs: cost of every gated pair.
        miss_cost: pairs that cost more are never taken.

    Returns:
        Track number to detection number.
    """
    useful = {pair: cost - miss_cost for pair, cost in costs.items() if cost < miss_cost}
    chosen: dict[int, int] = dict(useful.keys())
    if len(chosen) == len(useful) == len(set(chosen.values())):
        return chosen
    chosen.clear()
    for group in _groups(useful):
        if len(group) == 1:
            track, detection = group[0]
            chosen[track] = detection
        else:
            chosen.update(_solve(group, useful))
    return chosen


def _groups(pairs: Mapping[Pair, float]) -> list[list[Pair]]:
    """Split pairs into groups that share neither a track nor a detection."""
    by_track: dict[int, list[Pair]] = {}
    by_detection: dict[int, list[Pair]] = {}
    for pair in sorted(pairs):
        by_track.setdefault(pair[0], []).append(pair)
        by_detection.setdefault(pair[1], []).append(pair)
    seen: set[Pair] = set()
    groups: list[list[Pair]] = []
    for start in sorted(pairs):
        if start in seen:
            continue
        group, waiting = [], [start]
        seen.add(start)
        while waiting:
            pair = waiting.pop()
            group.append(pair)
            for other in (*by_track[pair[0]], *by_detection[pair[1]]):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        groups.append(group)
    return groups


def _solve(group: list[Pair], costs: Mapping[Pair, float]) -> dict[int, int]:
    tracks = sorted({track for track, _ in group})
    detections = sorted({detection for _, detection in group})
    # Each row costs a search over the columns: of lost tracks there may be many, of detections few.
    turned = len(detections) < len(tracks)
    rows, columns = (detections, tracks) if turned else (tracks, detections)
    pairs = {(b, a): cost for (a, b), cost in costs.items()} if turned else costs
    # One spare column a row stands for "left alone", at cost 0.
    matrix = [
        [pairs.get((row, column), 0.0) for column in columns] + [0.0] * len(rows) for row in rows
    ]
    found = {
        row: columns[column]
        for row, column in zip(rows, _Assignment(matrix).solve(), strict=True)
        if column < len(columns) and (row, columns[column]) in pairs
    }
    return {track: detection for detection, track in found.items()} if turned else found


class _Assignment:
    """Column of each row for the least total; at least as many columns as rows.

    Rows and columns count from 1 inside; column 0 is the one that a new row starts from.
    """

    def __init__(self, matrix: list[list[float]]) -> None:
        self._matrix = matrix
        self._columns = len(matrix[0])
        self._row_price = [0.0] * (len(matrix) + 1)
        self._column_price = [0.0] * (self._columns + 1)
        self._row_of = [0] * (self._columns + 1)

    def solve(self) -> list[int]:
        for row in range(1, len(self._matrix) + 1):
            self._augment(row)
        result = [0] * len(self._matrix)
        for column in range(1, self._columns + 1):
            if self._row_of[column]:
                result[self._row_of[column] - 1] = column - 1
        return result

    def _augment(self, row: int) -> None:
        """Give `row` a column, moving others along the cheapest alternating path."""
        self._row_of[0] = row
        came_from = [0] * (self._columns + 1)
        slack = [math.inf] * (self._columns + 1)
        visited = [False] * (self._columns + 1)
        column = 0
        while self._row_of[column]:
            visited[column] = True
            column = self._advance(column, slack, visited, came_from)
        while column:
            self._row_of[column] = self._row_of[came_from[column]]
            column = came_from[column]

    def _advance(
        self, column: int, slack: list[float], visited: list[bool], came_from: list[int]
    ) -> int:
        """Reprice and return the next column of the path."""
        row = self._row_of[column]
        step, following = math.inf, 0
        for j in range(1, self._columns + 1):
            if visited[j]:
                continue
            reduced = self._matrix[row - 1][j - 1] - self._row_price[row] - self._column_price[j]
            if reduced < slack[j]:
                slack[j], came_from[j] = reduced, column
            if slack[j] < step:
                step, following = slack[j], j
        for j in range(self._columns + 1):
            if visited[j]:
                self._row_price[self._row_of[j]] += step
                self._column_price[j] -= step
            else:
                slack[j] -= step
        return following
