from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lpr.errors import OutputError
from lpr.protocols import EventSink
from lpr.sinks import CsvSink, FanoutSink, JsonlSink, from_line, safe_text
from lpr.sinks.output import check_writable
from lpr.types import PlateEvent

Maker = Callable[[Path], EventSink]


def texts(path: Path) -> list[str]:
    return [from_line(line)[0].text for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_event_is_there_at_once(tmp_path: Path, event: PlateEvent) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path, sources={"gate": "rtsp://cam/live"})
    for number in range(1, 4):
        sink.emit(replace(event, track_id=number))
        lines = path.read_text().splitlines()
        assert [json.loads(line)["track_id"] for line in lines] == list(range(1, number + 1))
    assert json.loads(lines[0])["source"] == "rtsp://cam/live"
    sink.close()
    sink.close()
    with pytest.raises(OutputError, match="already closed"):
        sink.emit(event)


def test_standard_output(event: PlateEvent, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sink = JsonlSink("-")
    sink.emit(replace(event, text="京A12345", char_scores=(1.0,) * 7))
    sink.close()
    assert "京A12345".encode() in capfdbinary.readouterr().out


def test_a_closed_pipe_is_an_output_error(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from lpr.sinks import LineOutput\n"
        "from lpr.errors import OutputError\n"
        "out = LineOutput('-')\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    for _ in range(100): out.write('x' * 10_000)\n"
        "except OutputError as error:\n"
        "    sys.stderr.write(str(error))\n"
        "    sys.stderr.flush()\n"
        "    import os; os._exit(7)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        assert process.stderr is not None
        assert b"its reader has gone away" in process.stderr.read()
        assert process.wait() == 7


def test_two_programs_never_write_one_file_anew(tmp_path: Path, event: PlateEvent) -> None:
    path = tmp_path / "events.jsonl"
    first = JsonlSink(path)
    first.emit(event)
    with pytest.raises(OutputError, match=r"events\.jsonl: another program is writing it"):
        JsonlSink(path)
    assert len(texts(path)) == 1
    first.close()
    JsonlSink(path).close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize("make", [JsonlSink, CsvSink])
def test_an_unwritable_output_is_found_before_work(tmp_path: Path, make: Maker) -> None:
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        make(tmp_path / "no" / "such" / "events")
    with pytest.raises(OutputError, match="it is a folder"):
        make(tmp_path)


@pytest.mark.parametrize("make", [JsonlSink, check_writable])
def test_why_a_file_cannot_be_made_is_told_truly(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to(tmp_path / "no" / "such")
    with pytest.raises(OutputError, match=rf"{file} is no folder$"):
        make(file / "events.jsonl")
    with pytest.raises(OutputError, match=rf"{file} is no folder$"):
        make(file / "deep" / "events.jsonl")
    with pytest.raises(
        OutputError, match=rf"it is a link to {tmp_path}/no/such, and the folder {tmp_path}/no does"
    ):
        make(link)
    link.unlink()
    link.symlink_to(tmp_path / "new")
    check_writable(link)  # a link to what can be made is no mistake
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_of_the_systems_own_takes_no_files() -> None:
    with pytest.raises(OutputError, match="the folder /proc takes no files"):
        JsonlSink("/proc/events.jsonl")
    with pytest.raises(OutputError, match="the folder /proc/no does not exist"):
        JsonlSink("/proc/no/events.jsonl")


def test_a_check_changes_and_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    check_writable(path)
    assert not path.exists()
    path.write_text("earlier\n")
    check_writable(path)
    assert path.read_text() == "earlier\n"
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        check_writable(tmp_path / "no" / "events.jsonl")
    sink = JsonlSink(path)
    with pytest.raises(OutputError, match="another program is writing it"):
        check_writable(path)
    sink.close()


def test_a_full_disk_leaves_whole_lines_and_recovers(tmp_path: Path, event: PlateEvent) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonlSink(path)
    sink.emit(event)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
        with pytest.raises(OutputError, match=r"events\.jsonl: cannot be written"):
            sink.emit(event)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == size
    sink.emit(event)
    sink.close()
    assert texts(path) == ["AB123CD", "AB123CD"]


def test_append_mends_a_torn_line(tmp_path: Path, event: PlateEvent) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"schema":1,"kind"')
    sink = JsonlSink(path, append=True)
    sink.emit(event)
    sink.close()
    first, second = path.read_text().splitlines()
    assert first == '{"schema":1,"kind"'
    assert from_line(second)[0] == event
    JsonlSink(path).close()
    assert path.read_text() == ""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv(tmp_path: Path, event: PlateEvent) -> None:
    path = tmp_path / "events.csv"
    sink = CsvSink(path)
    sink.emit(event)
    sink.emit(replace(event, region=None, text="京A1", char_scores=(0.5, 1.0, 1.0)))
    sink.close()
    first, second = rows(path)
    assert (first["text"], first["time"], first["x2"], first["y3"]) == (
        "AB123CD",
        "2.04",
        "110.5",
        "41.3",
    )
    assert first["alternatives"] == "AB123CD:0.98 A8123CD:0.01"
    assert (second["text"], second["region"], second["char_scores"]) == ("京A1", "", "0.5 1.0 1.0")
    more = CsvSink(path, append=True)
    more.emit(event)
    more.close()
    assert [row["track_id"] for row in rows(path)] == ["3", "3", "3"]


@pytest.mark.parametrize(
    "hostile",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\x00=1", "\u202e=1", "\n=1"],
)
def test_no_cell_is_a_formula_or_a_second_row(
    tmp_path: Path, event: PlateEvent, hostile: str
) -> None:
    path = tmp_path / "events.csv"
    sink = CsvSink(path, sources={hostile: hostile + ",\n=2"})
    sink.emit(replace(event, camera=hostile, raw_text=hostile))
    sink.close()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    row = rows(path)[0]
    for cell in (row["camera"], row["raw_text"], row["source"]):
        assert cell.startswith("'")
        assert all(char.isprintable() for char in cell)


def test_safe_text() -> None:
    assert safe_text("ordinary 京A-1 é") == "ordinary 京A-1 é"
    assert safe_text("\x1b]0;owned\x07\u202e\n\x9b") == "\\x1b]0;owned\\x07\\u202e\\x0a\\x9b"
    assert safe_text("\ud800") == "\\ud800"


class Recorder:
    def __init__(self, fails: bool = False) -> None:
        self.fails, self.events, self.closed = fails, list[PlateEvent](), 0

    def emit(self, event: PlateEvent) -> None:
        if self.fails:
            raise OutputError("disk: full")
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1
        if self.fails:
            raise RuntimeError("cannot close")


def test_one_sinks_failure_is_not_the_others(event: PlateEvent) -> None:
    good, bad, last = Recorder(), Recorder(fails=True), Recorder()
    fanout = FanoutSink([good, bad, last])
    with pytest.raises(OutputError, match="disk: full"):
        fanout.emit(event)
    bad.fails = False
    fanout.emit(event)
    bad.fails = True
    with pytest.raises(OutputError, match="1 of 3 outputs failed: cannot close"):
        fanout.close()
    assert (len(good.events), len(bad.events), len(last.events)) == (2, 1, 2)
    assert (good.closed, bad.closed, last.closed) == (1, 1, 1)


def test_failures_are_reported_to_whoever_asks(event: PlateEvent) -> None:
    bad, good, heard = Recorder(fails=True), Recorder(), list[str]()
    fanout = FanoutSink([bad, good], on_error=lambda _, error: heard.append(str(error)))
    fanout.emit(event)
    fanout.close()
    assert heard == ["disk: full", "cannot close"]
    assert len(good.events) == 1
    assert isinstance(fanout, EventSink)
