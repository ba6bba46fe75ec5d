from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lpr.errors import ConfigError, GateError, StoreError
from lpr.gate import build
from lpr.gate.build import build_gate, format_check
from lpr.gate.config import GateConfig
from lpr.gate.decision import Action, Reason
from lpr.gate.decision_log import read_decisions
from lpr.gate.fakes import FakeActuator, MemoryRecord, sure_event
from lpr.gate.moment import Moment
from lpr.gate.record import DecisionRecord
from lpr.sinks.rotated_files import next_name, older_files

CONFIG = """\
armed = {armed}
timezone = "Europe/Berlin"
lists = ["plates.csv"]
regions = ["de"]

[[gates]]
name = "main"
cameras = ["north"]

[gates.actuator]
type = "serial"
port = "/dev/ttyNONE"
preset = "lcus"
"""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = Moment(0.0, datetime(2026, 11, 23, 12, tzinfo=UTC))

    def __call__(self) -> Moment:
        return self.moment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plates.csv").write_text("plate,list,entries\nB AB 1234,allow,1\nX 1,deny,\n")
    (tmp_path / "gate.toml").write_text(CONFIG.format(armed="true"))
    return tmp_path


def test_a_site_is_built_from_its_file_and_goes_on_after_a_restart(folder: Path) -> None:
    clock, relay = Clock(), FakeActuator()
    with build_gate(folder / "gate.toml", actuators={"main": relay}, clock=clock) as gate:
        clock.moment = clock.moment.later(100)
        decision = gate.handle(sure_event("BAB1234"), age=0.1, moment=clock.moment)
    gate.close()
    assert (decision.action, relay.openings) == (Action.OPEN, 1)
    assert decision.rule == "plates.csv:2"
    assert [one.decision for one in read_decisions(folder / "decisions.jsonl")] == [decision]

    clock.moment = clock.moment.later(1000)
    with build_gate(folder / "gate.toml", actuators={"main": relay}, clock=clock) as gate:
        clock.moment = clock.moment.later(100)
        event = sure_event("BAB1234", track_id=2)
        again = gate.handle(event, age=0.1, moment=clock.moment)
    assert again.reason is Reason.PASS_USED_UP
    assert relay.openings == 1


def test_an_opening_that_another_place_could_not_keep_is_none_after_a_restart(folder: Path) -> None:
    clock, relay, full = Clock(), FakeActuator(), [True]

    def store(record: DecisionRecord) -> None:
        if full[0]:
            raise StoreError("events.db: the database is locked")

    for track, expected in ((1, Reason.NOT_RECORDED), (2, Reason.EXACT_MATCH)):
        gate = build_gate(
            folder / "gate.toml", actuators={"main": relay}, also=(store,), clock=clock
        )
        with gate:
            clock.moment = clock.moment.later(1000)
            event = sure_event("BAB1234", track_id=track)
            assert gate.handle(event, age=0.1, moment=clock.moment).reason is expected
        full[0] = False
    kept = [one.decision.action for one in read_decisions(folder / "decisions.jsonl")]
    assert kept == [Action.DENY, Action.OPEN], "the denial is kept where it can be"
    assert relay.openings == 1


def test_visitor_passes_are_counted_over_all_files_of_the_log(folder: Path) -> None:
    text = (folder / "gate.toml").read_text()
    rotation = "decisions_rotation = { max_bytes = 1, daily = false }\n"
    (folder / "gate.toml").write_text(rotation + text)
    (folder / "plates.csv").write_text("plate,list,entries\nB AB 1234,allow,2\n")
    clock, relay = Clock(), FakeActuator()
    reasons = []
    for track in range(1, 5):
        with build_gate(folder / "gate.toml", actuators={"main": relay}, clock=clock) as gate:
            clock.moment = clock.moment.later(1000)
            event = sure_event("BAB1234", track_id=track)
            reasons.append(gate.handle(event, age=0.1, moment=clock.moment).reason)
        if track == 1:
            # A service that was killed between two files has no present one.
            path = folder / "decisions.jsonl"
            path.rename(next_name(path, clock.moment.now.date()))
    assert reasons == [Reason.EXACT_MATCH] * 2 + [Reason.PASS_USED_UP] * 2
    assert len(older_files(folder / "decisions.jsonl")) == 3
    assert relay.openings == 2


def test_importing_the_gate_loads_no_pictures_and_no_networks() -> None:
    code = "import sys, lpr.gate; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"cv2", "onnxruntime", "torch", "av", "sqlalchemy"} & set(done.stdout.split())


def test_an_armed_gate_without_its_device_is_not_built(folder: Path) -> None:
    with pytest.raises(GateError, match="ttyNONE: cannot be opened"):
        build_gate(folder / "gate.toml", record=MemoryRecord().write)


def test_a_dry_run_touches_no_device(folder: Path) -> None:
    (folder / "gate.toml").write_text(CONFIG.format(armed="false"))
    record = MemoryRecord()
    clock = Clock()
    gate = build_gate(folder / "gate.toml", record=record.write, clock=clock)
    clock.moment = clock.moment.later(100)
    decision = gate.handle(sure_event("BAB1234"), age=0.1, moment=clock.moment)
    assert decision.reason is Reason.DRY_RUN
    assert not (folder / "decisions.jsonl").exists()


def test_an_armed_gate_without_actuator_is_refused() -> None:
    config = GateConfig.model_validate(
        {"armed": True, "gates": [{"name": "main", "cameras": ["north"]}]}
    )
    with pytest.raises(GateError, match=r"'main' is armed but has no \[gates.actuator\]"):
        build.configured_actuators(config, skip={})


def test_a_wrong_list_stops_the_gate(folder: Path) -> None:
    (folder / "plates.csv").write_text("plate,list\nA/1,allow\n")
    with pytest.raises(ConfigError, match=r"plates\.csv:2: plate"):
        build_gate(folder / "gate.toml")


def test_plates_that_the_reader_cannot_read_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"plates\.csv:2: plate: character 8"):
        build_gate(folder / "gate.toml", alphabet=frozenset("BAX12"))


def test_formats_are_those_of_the_regions() -> None:
    assert format_check(()) is None
    fits = format_check(("de",))
    assert fits is not None
    assert fits("BAB1234")
    assert not fits("1111111")
