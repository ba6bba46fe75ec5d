from __future__ import annotations

from pathlib import Path

import pytest

from lpr.errors import ConfigError
from lpr.latency.budget import Budget, BudgetFile, judge, load_budgets, missing

GATE = Path(__file__).resolve().parents[2] / "bench" / "budgets.toml"


def budget(limit: float = 10.0, margin: float = 2.0, *, normalise: bool = True) -> Budget:
    return Budget(
        name="detect",
        limit=limit,
        unit="ms",
        margin=margin,
        normalise=normalise,
        reason="a reason that says something",
    )


@pytest.mark.parametrize(
    ("figure", "on_target", "passed", "word"),
    [(10.0, True, True, "ok"), (10.1, False, True, "target missed"), (20.1, False, False, "OVER")],
)
def test_target_margin_and_gate(figure: float, on_target: bool, passed: bool, word: str) -> None:
    verdict = judge(budget(), [(figure, 2.0)], reference_ms=2.0)
    assert (verdict.on_target, verdict.passed) == (on_target, passed)
    assert word in verdict.line()
    assert "target 10, gate 20 ms" in verdict.line()


def test_the_best_repetition_counts() -> None:
    verdict = judge(budget(), [(50.0, 2.0), (9.0, 2.0), (70.0, 2.0)], reference_ms=2.0)
    assert verdict.compared == 9.0


def test_a_slow_machine_is_divided_out() -> None:
    verdict = judge(budget(), [(30.0, 6.0), (33.0, 6.6)], reference_ms=2.0)
    assert verdict.slowdown == 3.0
    assert verdict.compared == pytest.approx(10.0)
    assert verdict.measured == 30.0
    assert "30.00 raw / 3.00" in verdict.line()


def test_one_disturbed_reference_excuses_nothing() -> None:
    verdict = judge(budget(), [(30.0, 2.0), (30.0, 60.0)], reference_ms=2.0)
    assert verdict.slowdown == 1.0
    assert not verdict.passed


def test_a_fast_machine_is_not_held_to_more() -> None:
    assert judge(budget(), [(9.0, 1.0)], reference_ms=2.0).compared == 9.0


def test_what_no_neighbour_changes_is_not_normalised() -> None:
    verdict = judge(budget(normalise=False), [(30.0, 6.0)], reference_ms=2.0)
    assert verdict.compared == 30.0


def test_a_figure_that_was_not_measured_is_no_pass() -> None:
    with pytest.raises(ValueError, match="detect: nothing was measured"):
        judge(budget(), [], reference_ms=2.0)
    file = BudgetFile(machine="any", reference_ms=2.0, budget=(budget(),))
    assert missing(file, {}) == ("detect",)
    assert missing(file, {"detect": []}) == ()


def test_the_gates_own_budgets_are_complete() -> None:
    budgets = load_budgets(GATE)
    names = [item.name for item in budgets.budget]
    assert len(names) == len(set(names))
    hard = [item for item in budgets.budget if item.name.startswith("hard.")]
    assert [(item.limit, item.unit, item.margin) for item in hard] == [(100.0, "ms", 1.0)]
    assert budgets.find("wheel").limit == 15.0
    with pytest.raises(KeyError, match="no budget for 'weel'"):
        budgets.find("weel")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("margin = 2.0", "margin = 2.0\nreson = 1", "reson"),
        ("margin = 2.0", "margin = 0.5", "margin"),
        ('unit = "ms"', 'unit = "hours"', "unit"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (
        'machine = "any"\nreference_ms = 2.0\n[[budget]]\nname = "a"\nlimit = 1.0\n'
        'unit = "ms"\nmargin = 2.0\nreason = "a reason that says something"\n'
    )
    path = tmp_path / "budgets.toml"
    path.write_text(text, encoding="utf-8")
    assert load_budgets(path).budget[0].margin == 2.0
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_budgets(path)
