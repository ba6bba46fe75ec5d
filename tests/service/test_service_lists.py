from __future__ import annotations

from pathlib import Path

import pytest

from lpr.errors import ConfigError
from lpr.gate.fakes import plain_list
from lpr.gate.plate_list import PlateList
from lpr.service.lists import ListWatcher, Mark, file_marks


class Rig:
    """A watcher whose lists a test changes by hand."""

    def __init__(self) -> None:
        self.mark: Mark = (0,)
        self.next: PlateList | str = plain_list(["A1"])
        self.used: list[PlateList] = []
        self.watcher = ListWatcher(
            plain_list(),
            load=self.load,
            mark=lambda: self.mark,
            apply=self.used.append,
            every=2.0,
            time=0.0,
        )

    def load(self) -> PlateList:
        if isinstance(self.next, str):
            raise ConfigError(self.next)
        return self.next


def test_a_change_is_loaded_when_it_is_time_to_look() -> None:
    rig = Rig()
    rig.watcher.tend(2.0)
    assert not rig.used
    rig.mark = (1,)
    rig.watcher.tend(3.0)
    assert not rig.used
    rig.watcher.tend(4.0)
    rig.watcher.tend(6.0)
    assert [len(one) for one in rig.used] == [1]
    assert rig.watcher.entries == {"allow": 1}


def test_being_told_loads_at_once() -> None:
    rig = Rig()
    rig.watcher.tend(0.1, told=True)
    assert len(rig.used) == 1


def test_a_broken_list_keeps_the_old_one_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.watcher.tend(0.0, told=True)
    rig.next, rig.mark = "plates.csv:3: is no plate", (1,)
    rig.watcher.tend(2.0)
    rig.watcher.tend(4.0)
    assert len(rig.used) == 1
    assert rig.watcher.entries == {"allow": 1}
    assert "plates.csv:3" in rig.watcher.problem
    assert rig.watcher.failures == 1
    assert caplog.text.count("plates.csv:3") == 1
    rig.next, rig.mark = plain_list(["A1", "B2"]), (2,)
    rig.watcher.tend(6.0)
    assert not rig.watcher.problem
    assert rig.watcher.entries == {"allow": 2}


def test_marks_change_with_the_files(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    marks = [file_marks([path])]
    path.write_text("plate,list\n")
    marks.append(file_marks([path]))
    path.write_text("plate,list\nA1,allow\n")
    marks.append(file_marks([path]))
    other = tmp_path / "other"
    other.write_text("plate,list\nB1,allow\n")
    other.replace(path)
    marks.append(file_marks([path]))
    assert len(set(marks)) == 4
