"""`lpr train`: what is wrong is found before anything is rendered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from tests.train.written_crops import write_crops


@pytest.fixture(autouse=True)
def _nothing_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    def rendered(*_: object, **__: object) -> None:
        raise AssertionError("something is rendered")

    monkeypatch.setattr("lpr.train.recognizer_cache.render_shard", rendered)
    monkeypatch.setattr("lpr.train.recognizer_elsewhere.render_shard", rendered)
    monkeypatch.setattr("lpr.train.detector_render.draw_any_plate", rendered)


def _train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["train", *(str(one) for one in arguments)])


def _scenes(folder: Path) -> Path:
    (folder / "scenes").mkdir(parents=True)
    return folder


def test_a_folder_without_rendered_plates_is_named(tmp_path: Path) -> None:
    data, empty, work = _scenes(tmp_path / "data"), tmp_path / "empty", tmp_path / "work"
    result = _train("corners", "--data", data, "--rendered", empty, "--work", work)
    assert result.exit_code == ExitCode.TRAINING
    assert f"{empty}: there are no rendered plates" in result.stderr


@pytest.mark.parametrize("network", ["corners", "detector"])
def test_a_folder_without_labels_is_named(tmp_path: Path, network: str) -> None:
    data, work = _scenes(tmp_path / "data"), tmp_path / "work"
    result = _train(network, "--data", data, "--labels", tmp_path, "--work", work)
    assert result.exit_code == ExitCode.TRAINING
    assert f"--labels {tmp_path}: there is no corners.json" in result.stderr


@pytest.mark.parametrize("network", ["corners", "detector"])
def test_the_data_folder_is_looked_for_first(tmp_path: Path, network: str) -> None:
    result = _train(network, "--data", tmp_path / "none", "--work", tmp_path / "work")
    assert result.exit_code == ExitCode.SOURCE
    assert "no data folder" in result.stderr


def test_plates_rendered_with_another_seed_are_not_taken_for_these(tmp_path: Path) -> None:
    data, work = _scenes(tmp_path / "data"), tmp_path / "work"
    (work / "rendered").mkdir(parents=True)
    (work / "rendered" / "0001-00000.json").write_text('{"texts": []}')
    result = _train("corners", "--data", data, "--work", work, "--seed", "2")
    assert result.exit_code == ExitCode.TRAINING
    assert "holds plates of seed 0001, not of seed 2" in result.stderr


def test_a_broken_label_stops_a_fine_tuning_at_once(tmp_path: Path) -> None:
    data = write_crops(tmp_path / "mine", [("AB12", "train")], lines=4)
    result = _train("recognizer", "--from", "shipped", "--data", data, "--out", tmp_path / "out")
    assert result.exit_code == ExitCode.TRAINING
    assert "labels.jsonl:1: wrong label: lines: must be 1 or 2, not 4" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_help_shows_the_whole_label() -> None:
    text = re.sub(r"\s+", " ", _train("recognizer", "--help").stdout)
    assert '"box": [left, top, right, bottom], "quad": null' in text
