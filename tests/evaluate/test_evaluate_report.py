"""A report in a folder that holds an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lpr.evaluate import write_report
from lpr.evaluate.failures import CAUSES, Failure


def _failures(causes: Sequence[str], each: int = 1) -> tuple[Failure, ...]:
    return tuple(
        Failure(cause, Path("nowhere.png"), "AB12", "", 0.0, None, None)
        for cause in causes
        for _ in range(each)
    )


@dataclass(frozen=True, slots=True)
class _Report:
    failures: tuple[Failure, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {}

    def to_markdown(self) -> str:
        return ""


def test_sheets_of_an_earlier_report_go_and_nothing_else(tmp_path: Path) -> None:
    # A page holds 40 failures.
    earlier = write_report(_Report(_failures(CAUSES, 41)), tmp_path, "detection")
    assert sum(path.suffix == ".png" for path in earlier) == 2 * len(CAUSES)
    others = [
        *write_report(_Report(_failures(["missed"])), tmp_path, "detection-night"),
        tmp_path / "detection-notes.png",
        tmp_path / "detection-missed-old.png",
        tmp_path / "my-detection-missed-1.png",
    ]
    for path in others:
        path.touch()
    now = write_report(_Report(_failures(["missed"])), tmp_path, "detection")
    assert sorted(tmp_path.iterdir()) == sorted([*now, *others])
    bare = write_report(_Report(_failures(["missed"])), tmp_path, "detection", sheets=False)
    assert sorted(tmp_path.iterdir()) == sorted([*bare, *others])


def test_a_cause_whose_sheets_would_stay_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown cause 'odd'"):
        _failures(["odd"])
