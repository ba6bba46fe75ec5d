from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import GateError, OutputError
from lpr.gate.decision import Action, Decision, Reason, Suspicion, SuspicionKind
from lpr.gate.decision_log import DecisionLog, read_decisions
from lpr.gate.direction import Direction
from lpr.gate.record import DecisionRecord, parse_record

DECISION = Decision(
    Action.OPEN, Reason.EXACT_MATCH, "plates.csv:2", "AB1", "AB1 is AB1", "AB1", None, "AB1//"
)
RECORD = DecisionRecord(
    decision=DECISION,
    gate="main",
    camera="north",
    track_id=3,
    event_time=1.25,
    now=datetime(2026, 11, 23, 12, tzinfo=UTC),
    direction=Direction.IN,
    probability=0.99,
    agreeing=4,
)

RECORDS = st.builds(
    DecisionRecord,
    decision=st.builds(
        Decision,
        action=st.sampled_from(Action),
        reason=st.sampled_from(Reason),
        rule=st.text(max_size=5),
        text=st.text(max_size=5),
        detail=st.text(max_size=5),
        plate=st.none() | st.text(max_size=5),
        would=st.none() | st.sampled_from(Action),
        pass_key=st.none() | st.text(max_size=5),
        suspicions=st.lists(
            st.builds(Suspicion, st.sampled_from(SuspicionKind), st.text(max_size=5)), max_size=2
        ).map(tuple),
    ),
    gate=st.text(max_size=5),
    camera=st.text(max_size=5),
    track_id=st.integers(),
    event_time=st.floats(allow_nan=False, allow_infinity=False),
    now=st.datetimes(timezones=st.just(UTC)),
    direction=st.none() | st.sampled_from(Direction),
    probability=st.floats(0, 1),
    agreeing=st.integers(0, 99),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RECORDS)
def test_what_is_written_is_read_back_and_stays_on_its_line(record: DecisionRecord) -> None:
    line = record.to_json()
    assert line.isascii()
    assert line.isprintable()
    assert parse_record(line) == record


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"now": "2026-11-23T12:00:00"},
        {"action": "explode"},
        {"track_id": None},
        {"suspicions": None},
    ],
)
def test_wrong_records_are_refused(change: dict[str, object]) -> None:
    data = json.loads(RECORD.to_json()) | change
    with pytest.raises(GateError):
        parse_record(json.dumps(data))
    with pytest.raises(GateError):
        parse_record("{")


def test_the_log_keeps_what_it_took(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with DecisionLog(path) as log:
        log.write(RECORD)
    with DecisionLog(path) as log:
        log.write(RECORD)
        log.close()
    assert list(read_decisions(path)) == [RECORD, RECORD]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_power_cut_broke_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text(RECORD.to_json() + "\n" + RECORD.to_json()[:40])
    with DecisionLog(path) as log:
        log.write(RECORD)
    assert list(read_decisions(path)) == [RECORD, RECORD]


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "decisions.jsonl"
    log = DecisionLog(path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="was not written"):
            log.write(RECORD)
    log.write(RECORD)
    assert list(read_decisions(path))[-1] == RECORD
    log.close()
    with pytest.raises(OutputError):
        log.write(RECORD)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full (Linux)")
def test_a_really_full_device_is_an_error() -> None:
    log = DecisionLog(Path("/dev/full"))
    with pytest.raises(OutputError, match="No space left"):
        log.write(RECORD)
    log.close()


def test_unusable_logs_are_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        DecisionLog(tmp_path / "nowhere" / "decisions.jsonl")
    with pytest.raises(OutputError, match="cannot be read"):
        list(read_decisions(tmp_path / "none.jsonl"))
