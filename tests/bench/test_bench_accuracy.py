"""Accuracy in the history: measured on the validation data, left out where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import accuracy
from lpr.evaluate.intervals import Proportion


@pytest.mark.parametrize("folder", ["absent", "."])
def test_without_the_data_there_are_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("LPR_DATA", str(tmp_path / folder))
    assert accuracy.accuracies() == []


def test_a_share_keeps_its_number_of_samples() -> None:
    figure = accuracy._figure("accuracy.read-exact", Proportion(3, 4))
    assert (figure.value, figure.unit, figure.count) == (0.75, "share", 4)
