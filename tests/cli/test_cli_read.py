"""`lpr read`: what cannot be read gives a line, and the rest is read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.cli.read import _listed


def read(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["read", *(str(argument) for argument in arguments)])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((60, 80, 3), 90, np.uint8))
    return path


def test_the_empty_path_is_no_folder(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(picture.parent)
    result = read("", "--jsonl", "-")
    assert result.exit_code == ExitCode.SOURCE
    assert result.stderr == "lpr: the empty path: no such file or folder\n"
    assert json.loads(result.stdout)["source"] == ""
    assert read(".").exit_code == ExitCode.OK


def test_an_unreadable_picture_gives_a_line_and_the_others_still_run(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = picture.with_name("closed.png")
    closed.touch()
    allowed = os.access

    def access(path: Any, mode: int, **more: Any) -> bool:
        return allowed(path, mode, **more) and Path(os.fsdecode(path)) != closed

    monkeypatch.setattr(os, "access", access)
    result = read(closed, picture, "--jsonl", "-")
    assert result.exit_code == ExitCode.DAMAGED_INPUT
    errors = [json.loads(line)["error"] for line in result.stdout.splitlines()]
    assert [error is None for error in errors] == [False, True]


def test_a_configuration_that_cannot_be_read_is_one_line(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "lpr.toml"
    config.write_text("threads = 1\n")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(Path, "read_text", _refuse)
    result = read(picture, "--config", config)
    assert result.exit_code == ExitCode.CONFIG
    assert result.stderr == f"lpr: {config}: cannot be read: Permission denied\n"


def test_a_name_that_is_too_long_is_one_line() -> None:
    name = "a" * 300
    result = read(name)
    assert result.exit_code == ExitCode.SOURCE
    assert result.stderr == f"lpr: {name}: cannot be read: File name too long\n"


def test_a_picture_in_a_folder_that_is_closed_is_left_to_its_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "is_dir", _refuse)
    assert list(_listed(["closed/a.png"])) == [("closed/a.png", None)]


def _refuse(path: Path, **_: object) -> str:
    raise PermissionError(13, "Permission denied", str(path))


def test_what_the_file_holds_stays_where_a_model_is_missing(picture: Path, tmp_path: Path) -> None:
    results, config = tmp_path / "keep.jsonl", tmp_path / "wrong.toml"
    assert read(picture, "--jsonl", results).exit_code == ExitCode.OK
    before = results.read_bytes()
    config.write_text('[detector]\nmodel = "nope"\n')
    assert read(picture, "--jsonl", results, "--config", config).exit_code == ExitCode.MODEL
    assert before
    assert results.read_bytes() == before
