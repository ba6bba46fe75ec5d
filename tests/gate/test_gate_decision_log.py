from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.decision_log import DecisionLog, read_decisions
from lpr.gate.record import DecisionRecord
from lpr.sinks.rotated_files import older_files
from lpr.sinks.rotation import RotationSettings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = DecisionRecord(
    decision=Decision(Action.OPEN, Reason.EXACT_MATCH, "plates.csv:2", "BAB1234", "listed"),
    gate="main",
    camera="north",
    track_id=1,
    event_time=1.0,
    now=NOW,
    direction=None,
    probability=0.99,
    agreeing=3,
)


def test_a_log_in_many_files_is_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    records = [replace(FIRST, track_id=n, now=NOW + timedelta(minutes=n)) for n in range(20)]
    rotation = RotationSettings(max_bytes=1500, daily=False, compress=True, sync="never")
    for half in (records[:10], records[10:]):
        with DecisionLog(path, rotation=rotation) as log:
            for record in half:
                log.write(record)
    assert list(read_decisions(path)) == records
    older = older_files(path)
    assert len(older) > 3
    assert {file.stat().st_mode & 0o777 for file in (*older, path)} == {0o600}


def test_a_log_without_rotation_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with DecisionLog(path) as log:
        for number in range(50):
            log.write(replace(FIRST, track_id=number))
    assert older_files(path) == ()
    assert len(list(read_decisions(path))) == 50


def test_a_decision_is_on_record_though_somebody_moved_the_log(tmp_path: Path) -> None:
    """What opens a gate must stand where a restart, and whoever asks, looks for it."""
    path = tmp_path / "decisions.jsonl"
    with DecisionLog(path) as log:
        log.write(FIRST)
        path.rename(tmp_path / "decisions.jsonl.1")
        later = replace(FIRST, track_id=2)
        log.write(later)
        assert list(read_decisions(path)) == [later]
