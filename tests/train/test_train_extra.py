from __future__ import annotations

from importlib.util import find_spec

import pytest

from lpr.cli.exit_codes import ExitCode


def test_training_is_tested_where_torch_is_installed() -> None:
    if find_spec("torch") is None:
        pytest.skip("torch is not installed; pip install 'lpr[train]' to test training")


def test_without_the_extra_training_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from lpr.cli import train
    from lpr.cli.app import app

    monkeypatch.setattr(train, "find_spec", lambda package: None)
    result = CliRunner().invoke(app, ["train", "recognizer"])
    assert result.exit_code == ExitCode.MISSING_EXTRA
    assert "pip install 'lpr[train]'" in result.stderr
