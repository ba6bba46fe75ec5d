"""Where a real plate's characters stand."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.train.recognizer_cells import CharacterCells, RowCells, _rows, viterbi
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH, LabelledPatch, patch_corners
from lpr.train.recognizer_net import COLUMNS
from lpr.train.recognizer_shuffle import shuffled


def _merged(path: tuple[int, ...], blank: int) -> list[int]:
    kept = [one for i, one in enumerate(path) if i == 0 or path[i - 1] != one]
    return [one for one in kept if one != blank]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 1), min_size=1, max_size=2))
def test_viterbi_is_the_best_of_all_paths(seed: int, classes: list[int]) -> None:
    steps, blank = 5, 2
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.ones(3), steps))
    paths = [p for p in product(range(3), repeat=steps) if _merged(p, blank) == classes]
    best = max(paths, key=lambda p: float(sum(log_probs[i, one] for i, one in enumerate(p))))
    spoken: list[list[int]] = []
    last = blank
    for step, one in enumerate(best):
        if one != blank:
            if one == last:
                spoken[-1].append(step)
            else:
                spoken.append([step])
        last = one
    assert viterbi(log_probs, classes) == [float(np.mean(at)) for at in spoken]


def _two_rows() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.uint8]], list[float]]:
    """Bars for AB12 over 345 on white, and the output steps at which a reader would name them."""
    patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), 250, np.uint8)
    left, top = patch_corners()[0].astype(int)
    steps: list[float] = []
    for row, count in enumerate((4, 3)):
        pitch = 208 / count
        for slot in range(count):
            middle = left + pitch * (slot + 0.5)
            high = top + 4 + 31 * row
            patch[high : high + 24, int(middle - 8) : int(middle + 8)] = 20 * (4 * row + slot)
            steps.append(row * COLUMNS + (slot + 0.5) / count * (COLUMNS - 2) + 0.5)
    return patch, steps


def test_a_two_row_plate_is_cut_between_its_rows() -> None:
    patch, steps = _two_rows()
    cells = _rows(patch, "AB12345", steps)
    assert cells is not None
    assert [row.text for row in cells.rows] == ["AB12", "345"]
    top = int(patch_corners()[0][1])
    assert top + 28 <= cells.seam <= top + 35
    for row in cells.rows:
        assert row.patch.shape == (PATCH_HEIGHT, PATCH_WIDTH)
        assert len(row.cuts) == len(row.text) + 1


def test_a_row_of_one_character_is_left_alone() -> None:
    patch, steps = _two_rows()
    assert _rows(patch, "A345", [steps[0], *steps[4:]]) is None
    assert _rows(patch, "AB12", steps[:4]) is None


def test_rows_put_together_again_are_the_plate() -> None:
    patch, steps = _two_rows()
    cells = _rows(patch, "AB12345", steps)
    assert isinstance(cells, RowCells)
    rng = np.random.default_rng(0)
    same = cells.joined([_unmoved(row) for row in cells.rows])
    assert same.text == "AB12345" and same.lines == 2
    assert float(np.abs(same.patch.astype(int) - patch).mean()) < 6
    texts = {cells.joined([shuffled(row, rng) for row in cells.rows]).text for _ in range(30)}
    assert len(texts) > 5
    assert all(set(text[:4]) <= set("AB12") and set(text[4:]) <= set("345") for text in texts)


def _unmoved(row: CharacterCells) -> LabelledPatch:
    return LabelledPatch(row.patch, patch_corners(), row.text, 1)
