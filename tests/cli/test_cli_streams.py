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


def left_alone(folder: Path, arguments: str) -> tuple[int, str]:
    """Exit code and errors of a command whose output nobody reads."""
    command = f"{shlex.quote(sys.executable)} -m lpr {arguments}"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}; echo $? >code; }} | true"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return int((folder / "code").read_text()), done.stderr


def test_files_are_written_whole_where_the_reader_has_left(samples: Path, tmp_path: Path) -> None:
    clip = shlex.quote(str(samples / "two-plates.mp4"))
    assert left_alone(tmp_path, f"run {clip} --jsonl heard.jsonl") == (0, "")
    kinds = [json.loads(one)["kind"] for one in (tmp_path / "heard.jsonl").read_text().splitlines()]
    assert kinds.count("departed") == 2
    assert len((tmp_path / "heard.explain.jsonl").read_text().splitlines()) == 2


def test_without_files_nobody_waits_for_a_reader_that_has_left(
    samples: Path, tmp_path: Path
) -> None:
    clip = shlex.quote(str(samples / "two-plates.mp4"))
    for command in (f"run {clip}", "formats", "formats de"):
        assert left_alone(tmp_path, command) == (ExitCode.OUTPUT, "")


def test_pictures_are_read_to_the_last_where_the_reader_has_left(folder: Path) -> None:
    code = left_alone(folder, f"read {f'{CHINESE} ' * 300} --jsonl heard.jsonl")
    assert code == (0, "")
    assert len((folder / "heard.jsonl").read_text().splitlines()) == 300
    assert left_alone(folder, f"read {CHINESE}") == (ExitCode.OUTPUT, "")


@pytest.mark.parametrize("option", ["--csv heard.csv", "--annotate seen"])
def test_a_table_and_copies_are_files_too(folder: Path, option: str) -> None:
    assert left_alone(folder, f"read {f'{CHINESE} ' * 200} {option}") == (0, "")
    if option.startswith("--csv"):
        assert len((folder / "heard.csv").read_text("utf-8").splitlines()) == 201
    else:
        assert len(list((folder / "seen").iterdir())) == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_a_table_is_one_line(folder: Path) -> None:
    done = shell(folder, f"read {CHINESE} --csv -", ">/dev/full")
    assert done.returncode == ExitCode.OUTPUT
    assert done.stderr == b"lpr: standard output: cannot be written: No space left on device\n"
