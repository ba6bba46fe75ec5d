"""Processes that train together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PROGRAM = """
import os, sys, time
from pathlib import Path
from lpr.train.recognizer_team import Team, train_together

def work(team, report, folder):
    (Path(folder) / f"{team.rank}.pid").write_text(str(os.getpid()))
    while not team.stop():
        time.sleep(0.05)
    (Path(folder) / f"{team.rank}.stopped").touch()

if __name__ == "__main__":
    train_together(2, work, (sys.argv[1],), None)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a process has no parent to lose")
def test_processes_stop_where_the_first_one_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    first = subprocess.Popen([sys.executable, str(program), str(tmp_path)])
    _wait_for(tmp_path, "pid")
    first.send_signal(signal.SIGKILL)
    first.wait()
    _wait_for(tmp_path, "stopped")
    for path in tmp_path.glob("*.pid"):
        with pytest.raises(ProcessLookupError):
            for _ in range(200):
                os.kill(int(path.read_text()), 0)
                time.sleep(0.1)


def _wait_for(folder: Path, suffix: str) -> None:
    until = time.monotonic() + 120
    while len(list(folder.glob(f"*.{suffix}"))) < 2:
        assert time.monotonic() < until, f"no {suffix} in two minutes"
        time.sleep(0.1)
