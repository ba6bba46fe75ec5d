from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lpr.errors import ConfigError, OutputError
from lpr.latency.conditions import Conditions
from lpr.latency.fingerprint import Machine, this_machine
from lpr.latency.measure import LatencyRun, Repetition
from lpr.latency.record import (
    BenchRecord,
    Figure,
    latency_figures,
    load_record,
    make_record,
    save_record,
)
from lpr.latency.statistics import summarise

MACHINE = Machine("A CPU", 2, 8, "Linux x86_64", "3.11.9", (("numpy", "2.4.0"),))


def record(value: float = 5.0, machine: Machine = MACHINE, revision: str = "abc") -> BenchRecord:
    figures = [
        Figure(name="frame.median", value=value, unit="ms", count=30),
        Figure(name=f"only.{revision}", value=1, unit="MB"),
    ]
    return make_record(revision, "2026-01-02T03:04:05+00:00", machine, figures)


def test_a_record_survives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.json"
    save_record(record(), path)
    assert load_record(path) == record()
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["schema"] == 2
    assert data["machine"]["id"] == MACHINE.id


def test_records_of_before_the_conditions_are_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    save_record(record(), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert "conditions" not in data
    path.write_text(json.dumps({**data, "schema": 1}), encoding="utf-8")
    old = load_record(path)
    assert (old.schema_version, old.conditions) == (1, None)
    assert old.value("frame.median") == 5.0


def test_the_conditions_survive_the_file(tmp_path: Path) -> None:
    conditions = Conditions(
        clip="a.mp4", sha256="0", width=64, height=36, frames=9, warmup=1, passes=3, threads=2
    )
    path = tmp_path / "run.json"
    save_record(record().model_copy(update={"conditions": conditions}), path)
    assert load_record(path).conditions == conditions


def test_library_versions_do_not_make_another_machine() -> None:
    assert replace(MACHINE, packages=(), python="3.13.0").id == MACHINE.id
    assert replace(MACHINE, cores=4).id != MACHINE.id


def test_this_machine_is_described_the_same_twice() -> None:
    machine = this_machine()
    assert machine == this_machine()
    assert machine.cores >= 1
    assert dict(machine.packages)["onnxruntime"] != "absent"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no json", "is no benchmark record"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"schema": 3}', "schema"),
        (b'{"schema": 1, "revision": "a", "taken": "b", "figures": []}', "machine"),
    ],
)
def test_what_is_no_record_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        load_record(path)
    assert str(path) in str(caught.value)


def test_a_missing_record_and_a_bad_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_record(tmp_path / "absent.json")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        save_record(record(), tmp_path / "file" / "run.json")


def test_a_latency_run_becomes_figures() -> None:
    pass_ = Repetition(
        total=summarise([0.004, 0.006]),
        stages=(("detect", summarise([0.003, 0.005])),),
        decode=summarise([0.001, 0.001]),
        busy=0.010,
        waited=0.002,
    )
    floor = summarise([0.003, 0.005])
    run = LatencyRun((pass_,), floor, 2, 0, 64, 36, 2, 1, 1, 1)
    figures = {figure.name: figure.value for figure in latency_figures(run)}
    assert figures["frame.median"] == pytest.approx(4.0)
    assert figures["frame.detect.p99"] == pytest.approx(5.0)
    assert figures["frame.floor.p95"] == pytest.approx(5.0)
    assert figures["frame.fps"] == pytest.approx(200.0)
    assert figures["decode.p95"] == pytest.approx(1.0)
    assert figures["plates"] == 2
