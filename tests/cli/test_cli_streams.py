"""Standard output and error that are closed, full or of a narrow encoding."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.cli.exit_codes import ExitCode
from lpr.cli.failure import clean_exit

CHINESE = "津.png"


def shell(folder: Path, arguments: str, redirection: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", f"{shlex.quote(sys.executable)} -m lpr {arguments} {redirection}"],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture whose name fits no narrow encoding."""
    data = cv2.imencode(".png", np.full((60, 80, 3), 90, np.uint8))[1].tobytes()
    (tmp_path / CHINESE).write_bytes(data)
    return tmp_path


def test_what_the_terminal_cannot_show_is_written_out(folder: Path) -> None:
    done = shell(folder, f"read {CHINESE}", "")
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout.startswith(b"\\u6d25.png: no plate")


def test_json_lines_are_utf8_whatever_the_terminal_takes(folder: Path) -> None:
    done = shell(folder, f"read {CHINESE} --jsonl -", "")
    assert json.loads(done.stdout.decode("utf-8"))["source"] == CHINESE


@pytest.mark.parametrize("more", ["", "--quiet"])
def test_a_closed_standard_output_hides_what_is_for_people(folder: Path, more: str) -> None:
    done = shell(folder, f"read {CHINESE} {more}", ">&-")
    assert (done.returncode, done.stderr) == (ExitCode.OK, b"")


def test_a_closed_standard_output_takes_no_json_lines(folder: Path) -> None:
    done = shell(folder, f"read {CHINESE} --jsonl -", ">&-")
    assert done.returncode == ExitCode.OUTPUT
    assert done.stderr == b"lpr: standard output: cannot be written: it is closed\n"


def test_a_closed_standard_error_spoils_no_json_lines(folder: Path) -> None:
    done = shell(folder, f"read missing.png {CHINESE} --jsonl -", "2>&-")
    assert done.returncode == ExitCode.DAMAGED_INPUT
    assert [bool(json.loads(line)["error"]) for line in done.stdout.splitlines()] == [True, False]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_full_disk_behind_the_help_is_one_line(folder: Path, option: str) -> None:
    done = shell(folder, option, ">/dev/full")
    assert done.returncode == ExitCode.OUTPUT
    assert done.stderr == b"lpr: standard output: cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (PermissionError(13, "Permission denied", "a.db"), "a.db: Permission denied", 3),
        (OSError(36, "File name too long", "aaa"), "aaa: File name too long", 3),
        (OSError(30, "Read-only file system", "a.json"), "a.json: Read-only file system", 4),
        (TimeoutError("timed out"), "timed out", 3),
    ],
)
def test_whatever_the_system_refuses_is_one_line(
    capsys: pytest.CaptureFixture[str], error: OSError, line: str, code: int
) -> None:
    import typer

    with pytest.raises(typer.Exit) as raised, clean_exit():
        raise error
    assert raised.value.exit_code == code
    assert capsys.readouterr().err == f"lpr: {line}\n"
