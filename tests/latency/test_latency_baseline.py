from __future__ import annotations

from dataclasses import replace

import pytest

from lpr.errors import ConfigError
from lpr.latency.baseline import compare, slower, went_blind
from lpr.latency.conditions import Conditions
from lpr.latency.fingerprint import Machine
from lpr.latency.record import BenchRecord, Figure, make_record

MACHINE = Machine("A CPU", 2, 8, "Linux x86_64", "3.11.9", (("numpy", "2.4.0"),))
CONDITIONS = Conditions(
    clip="gate.mp4", sha256="ab", width=1280, height=720, frames=300, warmup=10, passes=3, threads=1
)
PASS = {
    "frame.median": 9.0,
    "frame.p95": 9.0,
    "frame.p99": 12.0,
    "frame.read.median": 4.0,
    "frame.vote.median": 0.2,
    "decode.median": 3.0,
}
"""Of the best pass: all that records of schema 1 have."""
FLOORS = {
    "frame.floor.median": 8.0,
    "frame.floor.p95": 8.5,
    "frame.floor.p99": 11.0,
    "frame.floor.read.median": 3.0,
    "frame.floor.vote.median": 0.1,
}
USUAL = {**PASS, **FLOORS}


def record(
    changed: dict[str, float] | None = None,
    counts: dict[str, int] | None = None,
    machine: Machine = MACHINE,
    conditions: Conditions | None = CONDITIONS,
) -> BenchRecord:
    """Figures of 300 frames, in 20 of which a plate was read."""
    samples = {"frame.read.median": 20, "frame.floor.read.median": 20, **(counts or {})}
    figures = [
        Figure(name=name, value=value, unit="ms", count=samples.get(name, 300))
        for name, value in {**USUAL, **(changed or {})}.items()
    ]
    return make_record("abc", "2026-01-02T03:04:05+00:00", machine, figures, conditions)


def old_record() -> BenchRecord:
    """Of schema 1, whose reader's median is over all frames, most of which read nothing."""
    values = {**PASS, "frame.read.median": 0.01}
    figures = [
        Figure(name=name, value=value, unit="ms", count=300) for name, value in values.items()
    ]
    made = make_record("old", "2026-01-01T03:04:05+00:00", MACHINE, figures)
    return made.model_copy(update={"schema_version": 1})


def names(now: BenchRecord, then: BenchRecord) -> list[str]:
    return [change.name for change in slower(now, then, 1.5)]


def test_figures_of_both_are_compared() -> None:
    only = Figure(name="only.new", value=1.0, unit="MB")
    now = record({"frame.median": 13.5})
    now = now.model_copy(update={"figures": (*now.figures, only)})
    changes = compare(now, record())
    assert [change.name for change in changes] == list(USUAL)
    assert (changes[0].now, changes[0].then, changes[0].ratio) == (13.5, 9.0, 1.5)


def test_another_machine_is_never_compared() -> None:
    other = replace(MACHINE, cpu="Another CPU")
    with pytest.raises(ConfigError, match="taken on another machine \\(Another CPU, 2 cores\\)"):
        compare(record(), record(machine=other))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sha256": "cd", "clip": "old.mp4"}, "clip old.mp4, now gate.mp4"),
        ({"sha256": "cd"}, "clip gate.mp4, now another file of that name"),
        ({"width": 640}, "frames of 640x720, now 1280x720"),
        ({"frames": 100}, "timed frames 100, now 300"),
        ({"warmup": 0}, "warm-up 0, now 10"),
        ({"passes": 1}, "passes 1, now 3"),
        ({"threads": 4}, "threads 4, now 1"),
    ],
)
def test_a_baseline_of_other_conditions_is_refused(changed: dict[str, object], said: str) -> None:
    then = record(conditions=CONDITIONS.model_copy(update=changed))
    with pytest.raises(ConfigError, match=said):
        slower(record(), then, 1.5)


def test_a_renamed_clip_is_the_same_clip() -> None:
    then = record(conditions=CONDITIONS.model_copy(update={"clip": "renamed.mp4"}))
    assert names(record(), then) == []


def test_an_engine_that_sees_nothing_any_more_is_told() -> None:
    assert not went_blind(record(), record())
    assert went_blind(record({"plates": 0.0}), record({"plates": 44.0}))
    assert not went_blind(record({"plates": 0.0}), record({"plates": 0.0}))
    assert not went_blind(record({"plates": 0.0}), record())


def test_a_baseline_without_a_common_figure_is_refused() -> None:
    gate = make_record("abc", "now", MACHINE, [Figure(name="wheel", value=7.5, unit="MB")])
    with pytest.raises(ConfigError, match="no time of a frame"):
        slower(record(), gate, 1.5)


@pytest.mark.parametrize("name", [name for name in FLOORS if "vote" not in name])
def test_what_is_ten_times_slower_is_told(name: str) -> None:
    assert names(record({name: USUAL[name] * 10}), record()) == [name]


@pytest.mark.parametrize("name", ["frame.floor.vote.median", "decode.median"])
def test_small_stages_and_the_source_are_not_judged(name: str) -> None:
    assert names(record({name: USUAL[name] * 4}), record()) == []


@pytest.mark.parametrize(
    ("name", "few", "enough"),
    [
        ("frame.floor.p95", 19, 20),
        ("frame.floor.p99", 99, 100),
        ("frame.floor.read.median", 4, 5),
    ],
)
def test_a_figure_of_few_frames_is_not_judged(name: str, few: int, enough: int) -> None:
    """Chance makes the worst frame."""
    now = {name: 95.0}
    assert names(record(now, {name: few}), record()) == []
    assert names(record(now), record(counts={name: few})) == []
    assert names(record(now, {name: enough}), record(counts={name: enough})) == [name]


def test_what_disturbed_one_pass_is_not_judged() -> None:
    """A neighbour that slows some frames of every pass makes no build fail."""
    assert names(record(dict.fromkeys(PASS, 90.0)), record()) == []


def test_an_old_baseline_holds_what_means_the_same() -> None:
    assert names(record(), old_record()) == []
    for name in ("frame.median", "frame.p95", "frame.p99"):
        assert names(record({name: 95.0}), old_record()) == [name]
    every = {"frame.read.median": 300}
    assert names(record(counts=every), old_record()) == ["frame.read.median"]
    with pytest.raises(ConfigError, match="timed frames 300, now 100"):
        slower(record(counts={"frame.median": 100}), old_record(), 1.5)
