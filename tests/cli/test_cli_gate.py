from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import lpr.factory
from lpr.cli.app import app
from lpr.config import EngineConfig
from lpr.gate.fakes import sure_event
from lpr.types import FrameResult, StageTimings

CLIP = Path(__file__).resolve().parents[2] / "samples" / "two-plates.mp4"


class Reader:
    """Sees one plate, in the name of the camera that it is built for."""

    def __init__(self, camera: str) -> None:
        self._camera = camera

    def run(self, source: object) -> list[FrameResult]:
        event = sure_event("BAB1234", camera=self._camera)
        return [FrameResult(0, 0.0, (), (), (), (event,), StageTimings())]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: EngineConfig, *, camera: str) -> Reader:
        return Reader(camera)

    monkeypatch.setattr(lpr.factory, "build_engine", build)


def simulate(folder: Path, cameras: str, *options: str) -> Result:
    (folder / "plates.csv").write_text("plate,list\nB AB 1234,allow\n")
    (folder / "gate.toml").write_text(
        f'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = {cameras}\n'
    )
    command = ["gate", "simulate", str(folder / "gate.toml"), str(CLIP), *options]
    return CliRunner().invoke(app, command)


def test_a_clip_is_of_the_only_camera(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north"]')
    assert result.exit_code == 0, result.output
    assert "north#" in result.output
    assert "unknown_camera" not in result.output


def test_a_clip_is_of_the_camera_that_is_named(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north", "south"]', "--camera", "south")
    assert result.exit_code == 0, result.output
    assert "south#" in result.output
    assert "unknown_camera" not in result.output


def test_of_several_cameras_one_must_be_named(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north", "south"]')
    assert result.exit_code != 0
    assert "say which camera took it: --camera, north or south" in result.output
    wrong = simulate(tmp_path, '["north", "south"]', "--camera", "nroth")
    assert "there is no camera 'nroth'; did you mean 'north'?; known: north, south" in wrong.output


def test_strangers_are_counted_on_lines_of_their_own(tmp_path: Path) -> None:
    result = simulate(tmp_path, '["north"]', "--unlisted", "30", "--neighbours", "1")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert sum(one.startswith("let in for any other text: 0 of 30 (95% ") for one in lines) == 1
    assert sum(one.startswith("misread of 30 unlisted vehicles: ") for one in lines) == 1
    wrong = simulate(tmp_path, '["north"]', "--unlisted", "30", "--neighbours", "1.1")
    assert wrong.exit_code == 2


def test_a_check_names_plates_that_are_allowed_and_denied(tmp_path: Path) -> None:
    (tmp_path / "plates.csv").write_text("plate,list\nBAB1234,allow\nB-AB 1234,deny\nX1,deny\n")
    (tmp_path / "gate.toml").write_text(
        'lists = ["plates.csv"]\n[[gates]]\nname = "main"\ncameras = ["north"]\n'
    )
    result = CliRunner().invoke(app, ["gate", "check", "--offline", str(tmp_path / "gate.toml")])
    assert result.exit_code == 0
    assert "allowed and denied: BAB1234; while a deny entry holds, it is denied" in result.output
    assert "X1" not in result.output


def test_an_event_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    simulate(tmp_path, '["north"]')
    command = ["gate", "simulate", str(tmp_path / "gate.toml"), str(tmp_path / "none.jsonl")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 3
    wanted = f"lpr: {tmp_path / 'none.jsonl'}: cannot be read: No such file or directory\n"
    assert result.output == wanted
