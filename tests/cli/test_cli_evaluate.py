"""`lpr eval`: a wrong command line or data folder is told before any figure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.evaluate import SplitName
from lpr.cli.exit_codes import ExitCode
from lpr.evaluate.labels import SPLITS


def test_the_splits_are_those_of_the_data() -> None:
    assert tuple(SplitName) == SPLITS


def test_an_unknown_split_is_a_wrong_command_line() -> None:
    result = CliRunner().invoke(app, ["eval", "detection", "--split", "vol"])
    assert result.exit_code == ExitCode.USAGE
    assert "--split" in result.stderr


@pytest.mark.parametrize("arguments", [("clips", "{}"), ("recognition", "--data", "{}")])
def test_a_data_folder_that_is_closed_is_a_source_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    result = CliRunner().invoke(app, ["eval", *(one.format(tmp_path) for one in arguments)])
    assert result.exit_code == ExitCode.SOURCE
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "folder"),
    [("detection", "scenes"), ("end-to-end", "scenes"), ("recognition", "plates")],
)
def test_nothing_to_measure_is_no_report(tmp_path: Path, command: str, folder: str) -> None:
    row = {"image": "a.png", "split": "train", "text": "A1", "box": [0, 0, 9, 5], "plates": []}
    for labels in (tmp_path / folder / "own", tmp_path / "negatives"):
        labels.mkdir(parents=True)
        (labels / "labels.jsonl").write_text(json.dumps(row) + "\n")
    result = CliRunner().invoke(app, ["eval", command, "--data", str(tmp_path)])
    assert result.exit_code == ExitCode.SOURCE
    assert "no labels of split 'val'" in result.stderr


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ("detection", "scenes"),
        ("end-to-end", "scenes"),
        ("recognition", "plates"),
        ("tracks", "plates"),
    ],
)
def test_pictures_that_are_missing_are_told_first(
    tmp_path: Path, command: str, folder: str
) -> None:
    plate = {"text": "A1", "box": [0, 0, 9, 5]}
    row = {"image": "a.png", "split": "val", "track": 1, "plates": [plate], **plate}
    for labels in (tmp_path / folder / "own", tmp_path / "negatives"):
        labels.mkdir(parents=True)
        (labels / "labels.jsonl").write_text(json.dumps(row) + "\n")
    result = CliRunner().invoke(app, ["eval", command, "--data", str(tmp_path)])
    assert result.exit_code == ExitCode.SOURCE
    assert "labels.jsonl:1: image: " in result.stderr


def test_clips_that_are_missing_are_told_first(tmp_path: Path) -> None:
    row = {"video": "a.mp4", "fps": 25, "frames": 9, "plates": [], "uncertain": []}
    (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n")
    result = CliRunner().invoke(app, ["eval", "clips", str(tmp_path)])
    assert result.exit_code == ExitCode.SOURCE
    assert "1 of 1 clips are missing" in result.stderr


def test_a_clip_that_is_cut_is_not_entirely_right(tmp_path: Path) -> None:
    """Nothing was said, and so nothing was wrong."""
    with av.open(str(tmp_path / "a.avi"), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(7):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))

    def evaluated(frames: int) -> Result:
        row = {"video": "a.avi", "fps": 25, "frames": frames, "plates": [], "uncertain": []}
        (tmp_path / "labels.jsonl").write_text(json.dumps(row) + "\n")
        return CliRunner().invoke(app, ["eval", "clips", str(tmp_path)])

    for near in (7, 9):
        whole = evaluated(near)
        assert whole.exit_code == ExitCode.OK, whole.stderr
        assert "| clips entirely right | 1.000 " in whole.stdout
    cut = evaluated(10)
    assert cut.exit_code == ExitCode.SOURCE
    assert "labels.jsonl:1: frames: the label says 10, and " in cut.stderr
    assert "a.avi gives 7: is it cut or damaged?" in cut.stderr
    assert cut.stdout == ""
