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
