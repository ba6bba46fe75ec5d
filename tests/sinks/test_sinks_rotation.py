from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError, OutputError
from lpr.settings import check_settings
from lpr.sinks import JsonlSink, from_line
from lpr.sinks.rotated_files import compress_older, log_files, older_files, read_log
from lpr.sinks.rotation import RotatingOutput, RotationSettings
from lpr.types import PlateEvent

START = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


class Wall:
    """A wall clock that is set by hand."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def rotation(**changes: Any) -> RotationSettings:
    return check_settings({"daily": False, "sync": "never", **changes}, RotationSettings, "log")


def write_all(path: Path, lines: list[str], **changes: Any) -> None:
    output = RotatingOutput(path, rotation(**changes))
    for line in lines:
        output.write(line)
    output.close()
    output.close()


def test_files_change_by_size_and_no_line_is_lost(memory_path: Path) -> None:
    path = memory_path / "events.jsonl"
    lines = [f"line {number:04d}" for number in range(100)]
    write_all(path, lines, max_bytes=100)
    assert list(read_log(path)) == lines
    files = log_files(path)
    assert len(files) == 10
    assert all(file.stat().st_size == 100 for file in files)
    assert files[0].name.startswith("events.20")
    assert files[0].name.endswith(".000001.jsonl")
    assert files[-1] == path
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_files_change_by_day_and_only_forward(memory_path: Path) -> None:
    path, wall = memory_path / "log", Wall()
    output = RotatingOutput(path, rotation(daily=True, timezone="Europe/Berlin"), now=wall)
    for hours, line in ((0, "a"), (0.5, "b"), (-3, "c"), (24, "d"), (24.5, "e")):
        wall.time = START + timedelta(hours=hours)
        output.write(line)
    output.close()
    # In Berlin 23:00 UTC is midnight: a, b and c are of the 23rd, d and e of the 24th.
    assert [file.name for file in log_files(path)] == ["log.2026-11-23.000001", "log"]
    assert path.read_text() == "d\ne\n"
    assert list(read_log(path)) == list("abcde")


def test_a_log_goes_on_after_a_restart(memory_path: Path) -> None:
    path, wall = memory_path / "a.jsonl", Wall()
    path.write_text("whole\ntorn")
    moment = wall.time.timestamp() - 86400
    os.utime(path, (moment, moment))
    output = RotatingOutput(path, rotation(daily=True), now=wall)
    output.write("new")
    output.close()
    assert list(read_log(path)) == ["whole", "torn", "new"]
    (older,) = older_files(path)
    assert older.name == "a.2026-11-21.000001.jsonl"
    write_all(path, ["x" * 50, "y"], max_bytes=40)
    assert [file.name.split(".")[2] for file in older_files(path)] == ["000001", "000002", "000003"]
    assert list(read_log(path))[-3:] == ["new", "x" * 50, "y"]


def test_older_files_are_compressed_and_dropped(memory_path: Path) -> None:
    path = memory_path / "a.jsonl"
    lines = [f"line {number:04d}" for number in range(40)]
    write_all(path, lines, max_bytes=50, compress=True)
    write_all(path, [], compress=True)
    older = older_files(path)
    assert [file.suffix for file in older] == [".gz"] * 7
    assert list(read_log(path)) == lines
    assert gzip.decompress(older[0].read_bytes()).decode().splitlines() == lines[:5]
    assert {file.stat().st_mode & 0o777 for file in older} == {0o600}
    write_all(path, [], keep=2)
    assert older_files(path) == older[-2:]
    assert list(read_log(path)) == lines[25:]
    days_ago = older[-2].stat().st_mtime - 3 * 86400
    os.utime(older[-2], (days_ago, days_ago))
    write_all(path, [], max_age_days=2)
    assert older_files(path) == older[-1:]


def test_a_log_is_read_whole_while_its_files_are_compressed(memory_path: Path) -> None:
    path = memory_path / "a.jsonl"
    lines = [f"line {number:04d}" for number in range(40)]
    write_all(path, lines, max_bytes=50)
    found = read_log(path)
    seen = [next(found) for _ in range(2)]
    assert {file.suffix for file in older_files(path)} == {".jsonl"}
    compress_older(path)
    assert seen + list(found) == lines
    found = read_log(path)
    next(found)
    older_files(path)[-1].unlink()  # too old meanwhile
    assert list(found) == lines[1:30] + lines[35:]


class Aging:
    """A log whose files have the times that a faked wall clock gives them."""

    def __init__(self, path: Path, wall: Wall, **changes: Any) -> None:
        self._path, self._wall, self._changes = path, wall, changes
        self.uptime = 0.0
        self.open()

    def open(self) -> None:
        settings = rotation(**self._changes)
        self._output = RotatingOutput(
            self._path, settings, now=self._wall, clock=lambda: self.uptime
        )
        self._join()

    def write(self) -> None:
        self._output.write(self._wall.time.isoformat())
        now = self._wall.time.timestamp()
        os.utime(self._path, (now, now))

    def tidy(self) -> None:
        self._output.tidy()
        self._join()

    def run(self, hours: int, *, write: bool = True) -> None:
        """Let hours pass as in a service: it tidies in each, and writes first."""
        for _ in range(hours):
            if write:
                self.write()
            self._wall.time += timedelta(hours=1)
            self.uptime += 3600
            self.tidy()

    def _join(self) -> None:
        tidier = self._output._tidier
        if tidier is not None:
            tidier.join()

    def close(self) -> None:
        self._output.close()

    def ages(self) -> list[timedelta]:
        """How old each line is that is left, oldest first."""
        return [self._wall.time - datetime.fromisoformat(line) for line in read_log(self._path)]


@pytest.mark.parametrize("daily", [True, False])
@pytest.mark.parametrize(("days", "least"), [(7, 6), (2, 1), (1, 0.5), (0.25, 0.125)])
def test_no_line_is_older_than_its_greatest_age(
    memory_path: Path, days: float, least: float, daily: bool
) -> None:
    wall, hour = Wall(), timedelta(hours=1)
    wall.time = START.replace(hour=0, minute=1)
    log = Aging(memory_path / "a.jsonl", wall, max_age_days=days, daily=daily, max_bytes=None)
    for number in range(round(3 * 24 * days)):
        log.write()
        if number % 31 == 17:
            # A restart does not know when the present file was begun.
            log.close()
            log.open()
        wall.time += hour
        log.tidy()
        oldest = log.ages()[0]
        assert oldest <= timedelta(days=days) + hour
        assert oldest >= min(timedelta(days=least), (number + 1) * hour) - hour
    for _ in range(round(24 * days) + 1):
        wall.time += hour
        log.tidy()
    assert log.ages() == [], "nobody came since"
    log.close()


def test_a_log_that_was_torn_long_ago_is_no_younger_for_it(memory_path: Path) -> None:
    path, wall = memory_path / "a.jsonl", Wall()
    path.write_text("2026-10-01T00:00:00+00:00\n2026-10")
    long_ago = wall.time.timestamp() - 50 * 86400
    os.utime(path, (long_ago, long_ago))
    log = Aging(path, wall, max_age_days=7)
    log.tidy()
    assert log.ages() == []
    log.close()


TEN_YEARS = timedelta(days=3650)


@pytest.mark.parametrize("restart", [True, False])
def test_lines_that_were_dated_ahead_go_once_the_clock_is_right(
    memory_path: Path, restart: bool
) -> None:
    wall, right = Wall(), START.replace(hour=0)
    wall.time = right + TEN_YEARS
    log = Aging(memory_path / "a.jsonl", wall, max_age_days=7, daily=True)
    log.run(50)
    wall.time = right
    if restart:
        log.close()
        log.open()
    log.run(6 * 24)
    assert any(age < timedelta(0) for age in log.ages()), "none goes before its time"
    log.run(4 * 24)
    assert all(timedelta(0) < age <= timedelta(days=7, hours=1) for age in log.ages())
    assert len(log_files(memory_path / "a.jsonl")) >= 7
    log.close()


def test_a_clock_that_starts_behind_costs_no_line(memory_path: Path) -> None:
    wall = Wall()
    log = Aging(memory_path / "a.jsonl", wall, max_age_days=7, daily=True)
    log.run(60)
    right = wall.time
    wall.time = right - TEN_YEARS
    log.close()
    log.open()
    log.run(5)
    wall.time = right
    log.tidy()
    log.write()
    log.tidy()
    assert len(log.ages()) == 66
    log.run(8 * 24, write=False)
    assert log.ages() == []
    log.close()


def test_a_clock_that_starts_far_ahead_costs_no_line_in_a_day(memory_path: Path) -> None:
    wall = Wall()
    log = Aging(memory_path / "a.jsonl", wall, max_age_days=7, daily=True)
    log.run(60)
    right = wall.time
    wall.time = right + TEN_YEARS
    log.close()
    log.uptime = 0.0
    log.open()
    log.run(20)
    assert len(log.ages()) == 80
    wall.time = right
    log.run(1)
    assert len(log.ages()) == 81
    wall.time = right + TEN_YEARS
    log.run(30, write=False)
    assert len(log.ages()) < 81, "by then it is the time that this machine goes by"
    log.close()


def test_after_a_long_gap_all_goes_though_no_process_runs_for_a_day(memory_path: Path) -> None:
    path, wall = memory_path / "a.jsonl", Wall()
    log = Aging(path, wall, max_age_days=7)
    log.write()
    wall.time += timedelta(days=100)
    for number in range(4):
        log.close()
        log.open()
        log.tidy()
        made = wall.time.timestamp()
        if number == 0:
            assert len(log.ages()) == 1
            # The system dates the new file; here its clock is not the log's.
            os.utime(path, (made, made))
        wall.time += timedelta(hours=23)
    assert log.ages() == []
    log.close()


def test_a_closed_log_is_left_alone(memory_path: Path) -> None:
    path, wall = memory_path / "a.jsonl", Wall()
    output = RotatingOutput(path, rotation(daily=True), now=wall)
    output.write("line")
    output.close()
    wall.time += timedelta(days=30)
    output.tidy()
    assert log_files(path) == (path,)


def test_a_crash_in_compression_is_made_good(memory_path: Path) -> None:
    path = memory_path / "a.jsonl"
    lines = [f"line {number:04d}" for number in range(10)]
    write_all(path, lines, max_bytes=50)
    (older,) = older_files(path)
    (memory_path / f"{older.name}.gz.part").write_bytes(b"half")
    assert list(read_log(path)) == lines
    write_all(path, [], compress=True)
    assert (
        sorted(file.name for file in memory_path.iterdir())
        == [f"{older.name}.gz", path.name][:: (1 if older.name < path.name else -1)]
    )
    # Both are there after a crash between the copy and the removal: the lines count once.
    older.write_text("\n".join(lines[:5]) + "\n")
    assert list(read_log(path)) == lines
    write_all(path, [], compress=True)
    assert not older.exists()
    assert list(read_log(path)) == lines


def test_a_failed_change_of_files_loses_nothing(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = memory_path / "a.jsonl"
    output = RotatingOutput(path, rotation(max_bytes=10))
    output.write("1 23456789")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        output.write("2")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        output.write("3")
    assert path.read_text() == "1 23456789\n2\n3\n"
    assert caplog.text.count("no new file can be begun") == 1
    output.write("4")
    output.close()
    assert path.read_text() == "4\n"
    assert list(read_log(path)) == ["1 23456789", "2", "3", "4"]
    with pytest.raises(OutputError, match="already closed"):
        output.write("5")


@pytest.mark.parametrize("remove", [False, True])
def test_a_file_that_somebody_moves_or_removes_is_begun_anew(
    memory_path: Path, caplog: pytest.LogCaptureFixture, remove: bool
) -> None:
    """As logrotate does. A line in a file that nobody finds again is none."""
    path, moved = memory_path / "a.jsonl", memory_path / "a.jsonl.1"
    output = RotatingOutput(path, rotation(max_bytes=10))
    output.write("1")
    path.unlink() if remove else path.rename(moved)
    output.write("2")
    assert path.read_text() == "2\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "was moved or removed; a new file is begun" in caplog.text
    path.unlink()
    output.tidy()
    assert path.read_text() == ""
    output.write("3 23456789")
    output.write("4")
    output.close()
    assert list(read_log(path)) == ["3 23456789", "4"]
    assert remove or moved.read_text() == "1\n"


def test_a_line_is_refused_where_its_file_is_gone_and_none_can_be_begun(memory_path: Path) -> None:
    folder = memory_path / "logs"
    folder.mkdir()
    path = folder / "a.jsonl"
    output = RotatingOutput(path, rotation())
    output.write("1")
    folder.rename(memory_path / "elsewhere")
    with pytest.raises(OutputError, match="does not exist"):
        output.write("2")
    with pytest.raises(OutputError, match="does not exist"):
        output.tidy()
    folder.mkdir()
    output.write("3")
    output.close()
    assert path.read_text() == "3\n"


def test_a_log_has_one_writer(memory_path: Path) -> None:
    """Two that change files would take lines from each other."""
    path = memory_path / "a.jsonl"
    first = RotatingOutput(path, rotation(max_bytes=10))
    for number in range(10):
        with pytest.raises(OutputError, match="another program is writing it"):
            RotatingOutput(path, rotation(max_bytes=10))
        first.write(f"first {number}")
    path.unlink()
    second = RotatingOutput(path, rotation())
    with pytest.raises(OutputError, match="another program is writing it"):
        first.write("lost")
    second.close()
    first.write("first 10")
    first.close()
    assert list(read_log(path)) == [f"first {number}" for number in (*range(9), 10)]


def test_every_line_reaches_the_disk_where_asked(
    memory_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(os, "fsync", counted.append)
    clock = iter(range(0, 1000, 2))
    for sync, expected in (("always", 10), ("interval", 3), ("never", 0)):
        output = RotatingOutput(
            memory_path / sync, rotation(sync=sync, sync_seconds=5), clock=lambda: next(clock)
        )
        for _ in range(10):
            output.write("line")
        assert len(counted) == expected
        output.close()
        counted.clear()


def test_many_threads_write_whole_lines(memory_path: Path) -> None:
    path = memory_path / "a.jsonl"
    output = RotatingOutput(path, rotation(max_bytes=500, compress=True))
    lines = [[f"{writer}-{number}" * 3 for number in range(100)] for writer in range(4)]

    def write(mine: list[str]) -> None:
        for line in mine:
            output.write(line)

    threads = [threading.Thread(target=write, args=(mine,)) for mine in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    output.close()
    found = list(read_log(path))
    assert sorted(found) == sorted(line for mine in lines for line in mine)
    for mine in lines:
        assert [line for line in found if line in set(mine)] == mine


KILLED = """
import os, sys
from pathlib import Path
from lpr.sinks.rotation import RotatingOutput, RotationSettings

settings = RotationSettings(max_bytes=400, daily=False, sync="never", compress=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        output = RotatingOutput(Path(sys.argv[1]), settings)
        for number in range(100000):
            output.write(f"{line.strip()} {number}")
            os.write(1, b"%d\\n" % number)
    os.write(1, b"child %d\\n" % child)
    os.waitpid(child, 0)
    os.write(1, b"end\\n")
"""


def test_kill_loses_no_line(memory_path: Path) -> None:
    path = memory_path / "a.jsonl"
    taken: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for life, kill_after in enumerate((5, 60, 133, 20, 300)):
            process.stdin.write(f"{life}\n")
            child = mine = 0
            for line in process.stdout:
                if line.startswith("child"):
                    child = int(line.split()[1])
                elif line.startswith("end"):
                    break
                else:
                    taken.append(f"{life} {line.strip()}")
                    mine += 1
                if child and mine >= kill_after:
                    os.kill(child, signal.SIGKILL)
                    child = 0
        process.stdin.close()
    found = list(read_log(path))
    # The very last lines were written but not reported any more.
    assert [line for line in found if line in set(taken)] == taken
    assert len(found) == len(set(found)) <= len(taken) + 5
    write_all(path, [], compress=True)
    assert list(read_log(path)) == found


@settings(max_examples=25)
@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=30), max_size=40),
    st.integers(1, 100),
    st.booleans(),
)
def test_the_lines_are_always_those_written(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int, compress: bool
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.jsonl"
    write_all(path, lines, max_bytes=size, compress=compress)
    expected = [line.encode("utf-8", "backslashreplace").decode() for line in lines]
    assert list(read_log(path)) == expected
    for file in log_files(path):
        if file.suffix != ".gz":
            assert file.stat().st_size <= size or len(file.read_bytes().splitlines()) <= 1


def test_events_rotate(memory_path: Path, event: PlateEvent) -> None:
    path = memory_path / "events.jsonl"
    sink = JsonlSink(path, rotation=rotation(max_bytes=1200))
    for number in range(8):
        sink.emit(replace(event, track_id=number))
    sink.close()
    assert len(log_files(path)) > 2
    assert [from_line(line)[0].track_id for line in read_log(path)] == list(range(8))


def test_a_sink_of_events_is_tidied(memory_path: Path, event: PlateEvent) -> None:
    path = memory_path / "events.jsonl"
    path.write_text("old\n")
    long_ago = time.time() - 60 * 86400
    os.utime(path, (long_ago, long_ago))
    sink = JsonlSink(path, rotation=rotation(max_age_days=7))
    sink.tidy()
    sink.close()
    assert list(read_log(path)) == []
    plain = JsonlSink(memory_path / "other.jsonl")
    plain.tidy()
    plain.close()


def test_a_device_is_not_rotated(event: PlateEvent) -> None:
    sink = JsonlSink("/dev/null", rotation=rotation(max_bytes=1))
    sink.emit(event)
    sink.emit(event)
    sink.close()


def test_every_damage_of_an_older_file_is_told_with_its_name(memory_path: Path) -> None:
    older = memory_path / "a.2026-11-22.000001.jsonl.gz"
    whole = gzip.compress(b'{"a":1}\n' * 1000, mtime=0)
    failures = 0
    for place in range(len(whole)):
        older.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            list(read_log(memory_path / "a.jsonl"))
        except OutputError as error:
            assert str(error).startswith(f"{older}: cannot be read: ")
            failures += 1
    assert failures > len(whole) / 2


def test_what_is_wrong_is_named(memory_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the folder .* does not exist"):
        RotatingOutput(memory_path / "no" / "a.jsonl")
    with pytest.raises(OutputError, match="no such file"):
        list(read_log(memory_path / "none.jsonl"))
    (memory_path / "a.2026-11-22.000001.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(OutputError, match="cannot be read"):
        list(read_log(memory_path / "a.jsonl"))
    for table, error in (
        ({"timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"max_byte": 1}, "did you mean 'max_bytes'"),
        ({"keep": 0}, "greater than or equal to 1"),
        ({"sync": "sometimes"}, "'always', 'interval' or 'never'"),
    ):
        with pytest.raises(ConfigError, match=error):
            rotation(**table)


def test_a_log_is_read_without_a_gap_while_it_goes_on(memory_path: Path) -> None:
    """Files that begin while older ones are read are no hole in the middle."""
    path = memory_path / "a.jsonl"
    lines = [f"line {number:04d}" for number in range(30)]
    output = RotatingOutput(path, rotation(max_bytes=25))
    for line in lines[:6]:
        output.write(line)
    found, seen = read_log(path), []
    for line in lines[6:]:
        seen.append(next(found))
        output.write(line)
    seen += list(found)
    output.close()
    assert seen == lines[: len(seen)]
    assert len(seen) >= 24
    assert list(read_log(path)) == lines
