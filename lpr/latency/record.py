"""One benchmark run as JSON: what was measured, of which revision, on which machine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lpr.errors import ConfigError, OutputError
from lpr.latency.conditions import Conditions
from lpr.latency.fingerprint import Machine
from lpr.latency.measure import LatencyRun
from lpr.latency.statistics import Summary

SCHEMA = 2
"""Since 2: conditions, and stages over the frames in which they ran."""
FLOOR = "frame.floor"
"""Names of figures over each frame's fastest pass begin so."""
PLATES = "plates"
"""Name of the figure that counts the plates detected over the timed frames."""


class Figure(BaseModel):
    """One measured figure.

    Attributes:
        name: dotted, general to special, such as `frame.p99`.
        value: in `unit`.
        unit: `ms`, `s`, `MB`, `fps`, `%`, `count`, or `share` for accuracies between 0 and 1.
        count: samples it rests on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: float
    unit: str
    count: int = Field(default=1, ge=1)


class MachineRecord(BaseModel):
    """The machine as it stands in a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    cpu: str
    cores: int
    memory_gb: int
    system: str
    python: str
    packages: dict[str, str] = Field(default_factory=dict)


class BenchRecord(BaseModel):
    """A whole run.

    Attributes:
        schema_version: of this format; `schema` in the file.
        revision: commit, tag or version that was measured.
        taken: when, ISO 8601 with the zone.
        machine: where.
        conditions: of what; None in records of several measurements, and before schema 2.
        figures: what.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", ge=1, le=SCHEMA)
    revision: str
    taken: str
    machine: MachineRecord
    conditions: Conditions | None = None
    figures: tuple[Figure, ...]

    def value(self, name: str) -> float | None:
        """The figure of that name, None where it was not measured."""
        return next((figure.value for figure in self.figures if figure.name == name), None)

    def samples(self, name: str) -> int:
        """The samples that the figure of that name rests on, 0 where it was not measured."""
        return next((figure.count for figure in self.figures if figure.name == name), 0)


def make_record(
    revision: str,
    taken: str,
    machine: Machine,
    figures: Iterable[Figure],
    conditions: Conditions | None = None,
) -> BenchRecord:
    """Put a run together."""
    return BenchRecord(
        revision=revision,
        taken=taken,
        machine=MachineRecord.model_validate(machine.as_json()),
        conditions=conditions,
        figures=tuple(figures),
    )


def latency_figures(run: LatencyRun) -> list[Figure]:
    """The figures of a latency run: its best pass, each frame's best pass, what it saw."""
    best = run.best
    figures = _distribution("frame", best.total)
    for stage, summary in best.stages:
        figures += _distribution(f"frame.{stage}", summary)
    figures += _distribution(FLOOR, run.floor)
    figures += [
        Figure(name=f"{FLOOR}.{stage}.median", value=one.median, unit="ms", count=one.count)
        for stage, one in run.stage_floors
    ]
    figures += _distribution("decode", best.decode)
    figures += [
        Figure(name="frame.fps", value=run.fps, unit="fps", count=run.frames),
        Figure(name="fps_with_decode", value=run.fps_with_decode, unit="fps", count=run.frames),
        Figure(name=PLATES, value=run.plates, unit="count", count=run.frames),
        Figure(name="readings", value=run.readings, unit="count", count=run.frames),
    ]
    return figures


def _distribution(name: str, summary: Summary) -> list[Figure]:
    return [
        Figure(name=f"{name}.{part}", value=getattr(summary, part), unit="ms", count=summary.count)
        for part in ("median", "p95", "p99")
    ]


def save_record(record: BenchRecord, path: Path) -> None:
    """Write a record as indented JSON, making its folder.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(
        record.model_dump(by_alias=True, exclude_none=True), indent=2, ensure_ascii=False
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def load_record(path: Path) -> BenchRecord:
    """Read and check a record.

    Raises:
        ConfigError: it cannot be read or is no benchmark record.
    """
    try:
        return BenchRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no benchmark record: not UTF-8") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "(top level)"
        raise ConfigError(f"{path}: is no benchmark record: {where}: {first['msg']}") from error
