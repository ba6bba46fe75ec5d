"""Limits for measured figures, as data: each with its reason and a margin for shared machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lpr.settings import load_settings


class Budget(BaseModel):
    """One figure's limit.

    Attributes:
        name: the figure.
        limit: what the figure must not exceed on a quiet machine of the class in the file's head.
        unit: of `limit`.
        margin: a shared machine may take `limit * margin`; 1 for what no neighbour can change.
        normalise: whether the figure is a time that a slow machine scales.
        reason: why this limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    limit: float = Field(gt=0)
    unit: Literal["ms", "s", "MB", "%", "count"]
    margin: float = Field(ge=1)
    normalise: bool = False
    reason: str = Field(min_length=10)


class BudgetFile(BaseModel):
    """The file of budgets.

    Attributes:
        machine: the class of machine that the limits are meant for.
        reference_ms: what the reference work takes there when nothing else runs, milliseconds.
        budget: the limits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    machine: str
    reference_ms: float = Field(gt=0)
    budget: tuple[Budget, ...]

    def find(self, name: str) -> Budget:
        """The budget of that figure.

        Raises:
            KeyError: there is none.
        """
        for budget in self.budget:
            if budget.name == name:
                return budget
        raise KeyError(f"no budget for {name!r}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure against its budget.

    Attributes:
        budget: what was allowed.
        measured: the best repetition as the clock showed it.
        compared: the figure as judged: the same, normalised where the budget says so.
        slowdown: how much slower than the file's machine this one was then, at least 1.
    """

    budget: Budget
    measured: float
    compared: float
    slowdown: float

    @property
    def on_target(self) -> bool:
        """Within the limit itself."""
        return self.compared <= self.budget.limit

    @property
    def passed(self) -> bool:
        """Within limit times margin: what a build is judged by."""
        return self.compared <= self.budget.limit * self.budget.margin

    def line(self) -> str:
        """One line that says what was measured, allowed and why."""
        unit, limit = self.budget.unit, self.budget.limit
        scale = f" ({self.measured:.2f} raw / {self.slowdown:.2f})" if self.slowdown != 1 else ""
        state = "ok" if self.on_target else "target missed" if self.passed else "OVER BUDGET"
        return (
            f"{self.budget.name}: {self.compared:.2f} {unit}{scale}, target {limit:g}, "
            f"gate {limit * self.budget.margin:g} {unit}: {state}"
        )


def load_budgets(path: Path) -> BudgetFile:
    """Read a TOML file of budgets.

    Raises:
        ConfigError: it cannot be read, or has a wrong, missing or unknown key.
    """
    return load_settings(path, BudgetFile)


def judge(
    budget: Budget, repetitions: Sequence[tuple[float, float]], *, reference_ms: float
) -> Verdict:
    """Judge a figure by its best repetition.

    A neighbour only ever adds, to the figure and to the reference work alike, so the lowest of
    each is taken: one repetition's disturbed reference must not excuse its figure. A machine
    faster than the budgets' is held to the limits as they stand, not to stricter ones.

    Args:
        budget: the limit.
        repetitions: (figure, milliseconds of the reference work then) of each repetition; the
            second is ignored where the budget is not normalised.
        reference_ms: what the reference work takes on the machine that the limits are meant for.

    Raises:
        ValueError: there is no repetition.
    """
    if not repetitions:
        raise ValueError(f"{budget.name}: nothing was measured")
    measured = min(figure for figure, _ in repetitions)
    slowdown = 1.0
    if budget.normalise:
        slowdown = max(1.0, min(speed for _, speed in repetitions) / reference_ms)
    return Verdict(budget, measured, measured / slowdown, slowdown)


def missing(budgets: BudgetFile, figures: Mapping[str, object]) -> tuple[str, ...]:
    """Names of budgets without a figure: a gate that was not run must not look green."""
    return tuple(item.name for item in budgets.budget if item.name not in figures)
