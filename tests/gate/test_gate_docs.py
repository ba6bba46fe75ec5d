"""The examples of docs/gate.md run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import lpr
from lpr.cli.app import app
from lpr.gate import build
from lpr.gate.config import GateConfig
from lpr.gate.fakes import FakeActuator, sure_event
from lpr.gate.http_relay import HttpRelaySettings
from lpr.gate.list_entries import EntryRules
from lpr.gate.list_files import parse_list
from lpr.gate.moment import system_moment
from lpr.gate.policy import GatePolicy
from lpr.gate.schedule import time_zone
from lpr.service.build import sure_engine
from lpr.sinks.wire import event_to_json, to_line
from lpr.types import FrameResult, StageTimings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")


def block(kind: str, after: str = "") -> str:
    """The first fenced block of a kind behind some text."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE[PAGE.index(after) :], re.DOTALL)
    assert found is not None, kind
    return found.group(1)


def example(name: str) -> str:
    return block("python", f"<!-- run: {name} -->")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "gate.toml").write_text(block("toml"))
    (tmp_path / "plates.csv").write_text(block("csv"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at_once(folder: Path) -> None:
    """Let vehicles open that come at the very start; the page's gate makes them wait."""
    config = (folder / "gate.toml").read_text()
    (folder / "gate.toml").write_text(config + "\n[policy]\nstart_hold = 0\n")


def test_the_first_example_opens_the_gate(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    relay = FakeActuator()
    asked: list[HttpRelaySettings] = []

    def built(settings: HttpRelaySettings, *, gate: str) -> FakeActuator:
        asked.append(settings)
        return relay

    class Engine:
        def run(self, source: object) -> Iterator[FrameResult]:
            assert source == ("rtsp://192.168.1.20/stream", "north")
            for track, text in enumerate(("BAB1234", "BZZ66", "BQQ777")):
                now = system_moment().now.timestamp()
                event = sure_event(text, track_id=track, first_seen=now, time=now)
                yield FrameResult(track, event.time, (), (), (), (event,), StageTimings())

    monkeypatch.setattr(build, "build_actuator", built)
    monkeypatch.setattr(lpr, "build_engine", lambda settings, voter: Engine(), raising=False)
    monkeypatch.setattr(
        lpr, "open_source", lambda address, camera: (address, camera), raising=False
    )
    code = example("example")
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    at_once(folder)
    exec(code, {})  # noqa: S102 - the page's own code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["open", "exact_match", "BAB1234"],
        ["deny", "deny_listed", "BZZ66"],
        ["ask", "not_listed", "BQQ777"],
    ]
    assert relay.openings == 1
    assert relay.closed
    assert "{pulse_seconds}" in asked[0].url


def test_the_second_example_calls_the_actuator(folder: Path) -> None:
    pulses: list[float] = []

    def pulse(seconds: float) -> bool:
        pulses.append(seconds)
        return False

    at_once(folder)
    names: dict[str, Any] = {
        "control_unit": SimpleNamespace(pulse=pulse),
        "event": sure_event("BAB1234", first_seen=1.0, time=1.0),
    }
    code = example("actuator")
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    exec(code.replace("age=0.1", "age=0.0"), names)  # noqa: S102 - the page's own code
    assert pulses == [0.5]
    assert names["decision"].detail == "the control unit did not answer"


def test_the_simulation_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = sure_event("BAB1234", first_seen=9.0, time=10.0)
    (folder / "events.jsonl").write_text(to_line(event_to_json(event)) + "\n")
    exec(example("simulate"), {})  # noqa: S102 - the page's own code
    out = capsys.readouterr().out
    assert out.startswith("1 of 1 would have opened")
    assert "otherwise: 0 of 1000" in out


def test_the_other_blocks_are_right() -> None:
    rules = EntryRules(zone=time_zone("UTC"))
    plates = parse_list(block("toml-list"), Path("plates.toml"), rules)
    assert plates.problems == ()
    assert len(plates.entries) == 2
    camera = tomllib.loads(block("toml-camera"))
    GateConfig.model_validate({"gates": [{"name": "main", **camera}]})


def test_the_voter_before_a_simulation_is_that_of_the_service() -> None:
    engine = lpr.EngineConfig.model_validate(tomllib.loads(block("toml-voter")))
    assert engine == sure_engine(lpr.EngineConfig(), GatePolicy())


def test_every_setting_named_on_the_page_exists() -> None:
    settings = set(GatePolicy.model_fields) | set(GateConfig.model_fields)
    named = {
        name
        for line in PAGE.splitlines()
        if line.startswith("| ") and line.count("|") == 4
        for name in re.findall(r"`([a-z_]+)`", line.rsplit("|", 2)[1])
    }
    assert named <= settings, named - settings


def test_the_labels_of_the_page_are_read(folder: Path) -> None:
    lines = [
        to_line(event_to_json(sure_event(text, track_id=track, time=10.0 * track)))
        for track, text in enumerate(("BAB1234", "BAB1234"), start=1)
    ]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "labels.jsonl").write_text(block("jsonl"))
    at_once(folder)
    command = ["gate", "simulate", "gate.toml", "events.jsonl", "--labels", "labels.jsonl"]
    result = CliRunner().invoke(app, [*command, "--start", "2026-11-23T08:00"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "false rejects: 0 of 1" in result.stdout
    assert "false opens: " in result.stdout


def test_the_plates_alone_of_the_page_are_imported(folder: Path) -> None:
    (folder / "plates.txt").write_text(block("text"))
    command = ["gate", "lists", "import", "plates.txt", "new.csv", "--as", "allow"]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "added: 2 entries\n", "")
