from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import lpr.sources
from lpr.cli.app import app
from lpr.cli.exit_codes import ExitCode
from lpr.sources import CameraSource, SourceInfo
from lpr.types import Frame

ADDRESS = "rtsp://10.0.0.5/live"


class LostCamera(CameraSource):
    """Sends some pictures, and is then lost for ever."""

    def __init__(self, count: int) -> None:
        grey = np.full((48, 64, 3), 128, np.uint8)
        self._pictures = [Frame(grey, index, 1e9 + index / 25, "c") for index in range(count)]

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("c", ADDRESS, 64, 48, live=True)

    @property
    def ended(self) -> bool:
        return False

    @property
    def problems(self) -> tuple[str, ...]:
        return ("connections lost: 1 (last: no answer for 8 s)",)

    def poll(self) -> Frame | None:
        time.sleep(0.05)
        return self._pictures.pop(0) if self._pictures else None

    def close(self) -> None:
        return


def doctor(*options: object) -> Result:
    return CliRunner().invoke(app, ["doctor", *map(str, options)])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("count", [0, 3])
def test_a_camera_that_is_lost_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(lpr.sources, "open_source", lambda address: LostCamera(count))
    result = doctor(ADDRESS, "--seconds", 2)
    lost = f"lpr: {ADDRESS}: connections lost: 1 (last: no answer for 8 s)"
    if count:
        assert result.exit_code == ExitCode.LIMIT_MISSED
        assert "3 frames in 0.1 s" in result.stdout
        assert result.stderr.splitlines() == [lost]
    else:
        assert result.exit_code == ExitCode.SOURCE
        assert result.stderr.splitlines() == [lost, f"lpr: {ADDRESS}: no picture came in 2 s"]


def test_what_of_a_source_could_not_be_read_is_told(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((48, 64, 3), 128, np.uint8))
    (tmp_path / "b.png").write_bytes(b"")
    result = doctor(tmp_path)
    assert result.stderr == f"lpr: {tmp_path / 'b.png'}: the file is empty\n"
