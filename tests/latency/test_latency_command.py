"""`lpr bench` with the real engine on a few frames; nothing depends on how fast they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lpr.cli.app import app
from lpr.cli.bench import DEFAULT_CLIP
from lpr.cli.exit_codes import ExitCode
from lpr.latency.measure import LatencyRun, Repetition
from lpr.latency.record import load_record, save_record
from lpr.latency.statistics import summarise

FEW = ("--frames", "2", "--warmup", "1", "--repeat", "1")


def lpr(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, arguments)], env={"COLUMNS": "120"})


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The --json file of a run that no budget stops."""
    path = tmp_path_factory.mktemp("bench") / "run.json"
    result = lpr(*FEW, "--budget-ms", "1e9", "--json", path)
    assert result.exit_code == ExitCode.OK, result.stderr
    for word in ("day-approach.mp4", "1280x720", "detect", "frame", "decode", "p99", "frames/s"):
        assert word in result.stdout
    return path


def test_the_file_has_the_machine_and_every_stage(figures: Path) -> None:
    record = load_record(figures)
    assert record.machine.cores >= 1
    assert record.value("frame.p99") is not None
    assert record.value("frame.detect.median") is not None
    conditions = record.conditions
    assert conditions is not None
    assert (conditions.clip, conditions.width, conditions.height) == (DEFAULT_CLIP, 1280, 720)
    assert (conditions.frames, conditions.warmup, conditions.passes) == (2, 1, 1)
    assert conditions.threads == 1


def test_beyond_the_budget_the_exit_code_is_1() -> None:
    result = lpr(*FEW, "--budget-ms", "0.01")
    assert result.exit_code == ExitCode.LIMIT_MISSED
    assert "over budget: p99 of a frame is" in result.stderr


def test_a_baseline_of_this_machine_is_held(figures: Path, tmp_path: Path) -> None:
    record = load_record(figures)
    base = tmp_path / "base.json"

    def against(factor: float) -> Result:
        scaled = tuple(
            one.model_copy(update={"value": one.value * factor}) for one in record.figures
        )
        save_record(record.model_copy(update={"figures": scaled}), base)
        return lpr(*FEW, "--budget-ms", "1e9", "--baseline", base)

    assert against(1e6).exit_code == ExitCode.OK
    slower = against(1e-6)
    assert slower.exit_code == ExitCode.LIMIT_MISSED
    assert "times the baseline's" in slower.stderr


@pytest.mark.parametrize("slow_runs", [1, 2])
def test_only_what_is_slower_twice_in_a_row_is_slower(
    slow_runs: int, figures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted times: the reader takes ten times as long, in a run that a neighbour disturbed."""
    times = iter([0.003, *[0.030] * slow_runs, 0.003])

    def measured(*_: object) -> LatencyRun:
        frame, read = summarise([0.009] * 30), summarise([next(times)] * 6)
        one = Repetition(total=frame, stages=(("read", read),), decode=frame, busy=0.3, waited=0.3)
        floors = (("read", read),)
        return LatencyRun((one,), frame, 30, 1, 1280, 720, 30, 1, 6, 1, floors)

    monkeypatch.setattr("lpr.cli.bench._measure", measured)
    base, again = tmp_path / "base.json", tmp_path / "again.json"
    assert lpr("--json", base).exit_code == ExitCode.OK
    result = lpr("--baseline", base, "--json", again)
    told = "frame.floor.read.median is 10.00 times the baseline's" in result.stderr
    assert "timed once more" in result.stderr
    if slow_runs == 1:
        assert (result.exit_code, told) == (ExitCode.OK, False)
    else:
        assert (result.exit_code, told) == (ExitCode.LIMIT_MISSED, True)
    # The file has the run that counted.
    kept = load_record(again).value("frame.read.median")
    assert kept == pytest.approx(3.0 if slow_runs == 1 else 30.0)


def test_an_engine_that_sees_nothing_is_not_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong `roi`, say: every figure gets better."""
    plates = iter([30, 30, 0, 0, 0])

    def measured(*_: object) -> LatencyRun:
        frame = summarise([0.009] * 30)
        one = Repetition(total=frame, stages=(), decode=frame, busy=0.3, waited=0.3)
        return LatencyRun((one,), frame, 30, 1, 1280, 720, next(plates), 1, 6, 1)

    monkeypatch.setattr("lpr.cli.bench._measure", measured)
    base = tmp_path / "base.json"
    assert lpr("--json", base).exit_code == ExitCode.OK
    same = lpr("--baseline", base)
    assert (same.exit_code, same.stderr) == (ExitCode.OK, "")
    blind = lpr("--baseline", base)
    assert blind.exit_code == ExitCode.LIMIT_MISSED
    assert "no plate was detected" in blind.stderr
    assert "in the baseline's run there were some" in blind.stderr
    alone = lpr("--json", base)
    assert alone.exit_code == ExitCode.OK
    assert "no plate was detected" in alone.stderr
    assert lpr("--baseline", base).exit_code == ExitCode.OK


def test_a_baseline_of_another_clip_is_refused(figures: Path, samples: Path) -> None:
    other = samples / "night-infrared.mp4"
    result = lpr(*FEW, "--budget-ms", "1e9", "--source", other, "--baseline", figures)
    assert result.exit_code == ExitCode.CONFIG
    assert f"clip {DEFAULT_CLIP}, now {other.name}" in result.stderr


def test_a_baseline_of_more_threads_is_refused(figures: Path) -> None:
    result = lpr(*FEW, "--budget-ms", "1e9", "--threads", "2", "--baseline", figures)
    assert result.exit_code == ExitCode.CONFIG
    assert "threads 1, now 2" in result.stderr


def test_a_baseline_without_a_time_of_a_frame_is_refused(figures: Path, tmp_path: Path) -> None:
    data = json.loads(figures.read_text(encoding="utf-8"))
    data.pop("conditions")
    data["figures"] = [{"name": "wheel", "value": 7.5, "unit": "MB"}]
    base = tmp_path / "gate.json"
    base.write_text(json.dumps(data), encoding="utf-8")
    result = lpr(*FEW, "--budget-ms", "1e9", "--baseline", base)
    assert result.exit_code == ExitCode.CONFIG
    assert "no time of a frame" in result.stderr
    assert "does not say of which clip it is" in result.stderr


def test_a_baseline_of_another_machine_is_refused(figures: Path, tmp_path: Path) -> None:
    data = json.loads(figures.read_text(encoding="utf-8"))
    data["machine"]["id"] = "0" * 12
    base = tmp_path / "base.json"
    base.write_text(json.dumps(data), encoding="utf-8")
    result = lpr(*FEW, "--budget-ms", "1e9", "--baseline", base)
    assert result.exit_code == ExitCode.CONFIG
    assert "another machine" in result.stderr


def test_a_missing_clip_and_baseline_are_named(tmp_path: Path) -> None:
    result = lpr("--source", tmp_path / "absent.mp4")
    assert result.exit_code == ExitCode.SOURCE
    assert "absent.mp4" in result.stderr
    result = lpr("--baseline", tmp_path / "absent.json")
    assert result.exit_code == ExitCode.CONFIG


def test_closed_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    unnamed = lpr(*FEW)
    assert unnamed.exit_code == ExitCode.CONFIG
    assert "no sample clip is installed" in unnamed.stderr
    named = lpr(*FEW, "--source", tmp_path)
    assert named.exit_code == ExitCode.SOURCE
    assert f"{tmp_path}: no pictures in this folder" in named.stderr


def test_the_report_is_drawn_from_a_folder(figures: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    chart = tmp_path / "chart.html"
    result = lpr("report", chart, "--history", figures.parent)
    assert result.exit_code == ExitCode.OK, result.stderr
    assert "1 runs" in result.stdout
    assert "frame.p99" in chart.read_text(encoding="utf-8")
