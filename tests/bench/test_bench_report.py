"""What the gate prints and decides; nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import gate, pictures, processes
from bench.figures import Figures
from bench.gate import BUDGETS, HARD, judge_all, main, report
from lpr.latency.budget import Budget, load_budgets
from lpr.latency.record import Figure
from lpr.latency.report import load_history

FILE = load_budgets(BUDGETS)


def figures(factor: float, name: str = "") -> Figures:
    """Every budget's figure at `factor` of its limit; the others within it if a name is given."""
    return {
        budget.name: [
            (budget.limit * (factor if name in ("", budget.name) else 0.5), FILE.reference_ms)
        ]
        for budget in FILE.budget
    }


def run(monkeypatch: pytest.MonkeyPatch, measured: Figures, *arguments: str) -> int:
    monkeypatch.setattr(gate, "measure_all", lambda: measured)
    return main(arguments)


def test_within_every_target_the_build_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, figures(0.9)) == 0
    printed = capsys.readouterr().out
    for budget in FILE.budget:
        assert f"{budget.name}: " in printed
        assert f"target {budget.limit:g}, gate {budget.limit * budget.margin:g}" in printed
    assert "missed" not in printed


@pytest.mark.parametrize("budget", FILE.budget, ids=lambda budget: budget.name)
def test_each_budget_breaks_the_build_by_itself(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    budget: Budget,
) -> None:
    beyond = budget.margin * 1.01
    assert run(monkeypatch, figures(beyond, budget.name)) == 1
    printed = capsys.readouterr().out
    assert printed.count("OVER BUDGET") == 1
    assert ("THE PROMISE IS BROKEN" in printed) == (budget.name == HARD)


def test_a_target_missed_within_the_margin_is_said_and_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, figures(1.1, "run.peak-memory")) == 0
    assert "target 180, gate 207 MB: target missed" in capsys.readouterr().out


def test_a_budget_without_a_figure_breaks_the_build(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = figures(0.5)
    del measured["wheel"]
    assert run(monkeypatch, measured) == 1
    assert "wheel: NOT MEASURED" in capsys.readouterr().out


def test_figures_without_a_budget_are_shown() -> None:
    measured = figures(0.5) | {"steady-memory": [(123.0, 0.0)]}
    assert "steady-memory: 123.00 (no budget)" in report(FILE, measured, judge_all(FILE, measured))


def test_a_run_joins_the_history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    exact = Figure(name="accuracy.read-exact", value=0.9, unit="share", count=10)
    monkeypatch.setattr(gate, "accuracies", lambda: [exact])
    arguments = ("--history", str(tmp_path), "--revision", "v1")
    assert run(monkeypatch, figures(0.5), *arguments) == 0
    (record,) = load_history(tmp_path)
    assert record.revision == "v1"
    assert record.value("wheel") == 7.5
    assert record.value("accuracy.read-exact") == 0.9
    assert record.value("reference-work") == FILE.reference_ms


def test_a_branch_with_a_slash_joins_the_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gate, "accuracies", list)
    assert run(monkeypatch, figures(0.5), f"--history={tmp_path}", "--revision=feature/x") == 0
    (record,) = load_history(tmp_path)
    assert record.revision == "feature/x"


def test_a_walk_without_the_shared_data_uses_the_samples(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LPR_DATA", str(tmp_path))
    pictures._rows.cache_clear()
    pictures._empty_rows.cache_clear()
    try:
        for size, (width, height) in pictures.SIZES.items():
            for plates in (0, 1, 3):
                (view,) = pictures.walk(size, plates, 1)
                assert view.shape == (height, width, 3)
                assert view.std() > 5
    finally:
        pictures._rows.cache_clear()
        pictures._empty_rows.cache_clear()


def test_the_camera_pans_over_each_picture(shared_data: Path) -> None:
    first, second = pictures.walk("720p", 1, 2)
    assert first.shape == second.shape == (720, 1280, 3)
    assert (first != second).mean() > 0.2
    quad = pictures.plate_quads(0)
    assert all(0 <= x <= 1360 and 0 <= y <= 770 for x, y in quad)


def test_the_models_are_in_the_books() -> None:
    sizes = processes.model_bytes()
    assert {"detector-v1", "recognizer-v1"} <= set(sizes)
    assert all(size > 100_000 for size in sizes.values())
