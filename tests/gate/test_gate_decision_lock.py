from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpr.errors import OutputError
from lpr.gate.decision_lock import DecisionLock, is_held
from lpr.gate.decision_log import DecisionLog
from lpr.sinks.rotation import RotationSettings

HOLD = """\
import sys, time
from pathlib import Path
from lpr.gate.decision_log import DecisionLog
log = DecisionLog(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_log_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with DecisionLog(path), pytest.raises(OutputError) as caught:
        DecisionLog(path)
    assert str(caught.value) == (
        f"{path}: another process (id {os.getpid()}) writes it, and holds {path}.lock; "
        "stop that one first, or give this site a decision log of its own"
    )
    DecisionLog(path).close()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=rf"process \(id {other.pid}\)"):
            DecisionLog(path)
        other.kill()
        other.wait()
        DecisionLog(path).close()


def test_a_log_that_cannot_be_opened_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.mkdir()
    with pytest.raises(OutputError):
        DecisionLog(path)
    path.rmdir()
    DecisionLog(path).close()


def test_the_lock_outlives_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with DecisionLog(path, rotation=RotationSettings(max_bytes=1)):
        path.rename(tmp_path / "decisions.2026-11-22.jsonl")
        with pytest.raises(OutputError, match="another process"):
            DecisionLog(path)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no/decisions\.jsonl\.lock: cannot be written: No"):
        DecisionLock(tmp_path / "no" / "decisions.jsonl")


def test_who_only_asks_makes_no_lock(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    assert not is_held(log)
    assert list(tmp_path.iterdir()) == []
    lock = DecisionLock(log)
    assert is_held(log)
    lock.close()
    assert not is_held(log)
