from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

from lpr.errors import ConfigError, LprError, StoreError
from lpr.gate.confusion import default_confusables
from lpr.gate.fakes import plain_list
from lpr.gate.list_entries import EntryRules, ListProblem, PlateListError
from lpr.gate.list_files import load_lists
from lpr.gate.plate_list import PlateList
from lpr.gate.schedule import time_zone
from lpr.service.lists import ListAudit, ListWatcher, Mark, file_marks
from lpr.store import Requester, StoreSettings, open_store


class Rig:
    """A watcher whose lists a test changes by hand."""

    def __init__(self) -> None:
        self.mark: Mark = (0,)
        self.next: PlateList | str | LprError = plain_list(["A1"])
        self.loads = 0
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
        self.loads += 1
        if isinstance(self.next, str):
            raise ConfigError(self.next)
        if isinstance(self.next, LprError):
            raise self.next
        return self.next

    def tries(self, *, since: int = 0, until: int) -> list[int]:
        """The seconds of those looks, every two seconds, that load the lists."""
        tries: list[int] = []
        for time in range(since + 2, until + 1, 2):
            before = self.loads
            self.watcher.tend(float(time))
            if self.loads > before:
                tries.append(time)
        return tries


def test_a_change_is_loaded_when_it_is_time_to_look() -> None:
    rig = Rig()
    rig.watcher.tend(2.0)
    assert not rig.used
    rig.mark = (1,)
    rig.watcher.tend(3.0)
    assert not rig.used
    rig.watcher.tend(4.0)
    assert not rig.used
    rig.watcher.tend(6.0)
    rig.watcher.tend(8.0)
    assert [len(one) for one in rig.used] == [1]
    assert rig.watcher.entries == {"allow": 1}


def test_a_file_that_is_still_being_written_is_waited_for() -> None:
    rig = Rig()
    for look in range(1, 6):
        rig.mark = (look,)
        rig.watcher.tend(2.0 * look)
    assert not rig.used
    rig.watcher.tend(12.0)
    assert len(rig.used) == 1


def test_a_change_between_loading_and_watching_is_not_missed() -> None:
    rig = Rig()
    rig.watcher = ListWatcher(
        plain_list(),
        load=rig.load,
        mark=lambda: rig.mark,
        apply=rig.used.append,
        every=2.0,
        time=0.0,
        seen=("before",),
    )
    rig.watcher.tend(2.0)
    rig.watcher.tend(4.0)
    assert len(rig.used) == 1


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
    rig.watcher.tend(6.0)
    assert len(rig.used) == 1
    assert rig.watcher.entries == {"allow": 1}
    assert "plates.csv:3" in rig.watcher.problem
    assert rig.watcher.failures == 1
    assert caplog.text.count("plates.csv:3") == 1
    rig.next, rig.mark = plain_list(["A1", "B2"]), (2,)
    rig.watcher.tend(8.0)
    rig.watcher.tend(10.0)
    assert not rig.watcher.problem
    assert rig.watcher.entries == {"allow": 2}


def test_lists_that_could_not_be_loaded_are_tried_again() -> None:
    rig = Rig()
    rig.next, rig.mark = "events.db: another process holds its lock", (1,)
    rig.watcher.tend(2.0)
    rig.watcher.tend(4.0)
    assert rig.watcher.problem
    rig.next = plain_list(["B2"])
    rig.watcher.tend(6.0)
    assert not rig.watcher.problem
    assert rig.watcher.entries == {"allow": 1}
    assert len(rig.used) == 1
    rig.watcher.tend(8.0)
    assert len(rig.used) == 1


def test_what_cannot_be_loaded_is_tried_ever_more_seldom() -> None:
    rig = Rig()
    rig.next, rig.mark = "plates.csv: cannot be read", (1,)
    tries = rig.tries(until=200)
    assert tries == [4, 6, 10, 18, 34, 66, 126, 186]
    rig.mark = (2,)
    assert rig.tries(since=200, until=212) == [204, 206, 210]
    rig.watcher.tend(213.0, told=True)
    assert rig.tries(since=214, until=224) == [216, 220]


def test_a_wrong_list_is_not_read_again_while_its_file_is_the_same() -> None:
    rig = Rig()
    rig.next, rig.mark = PlateListError([ListProblem("plates.csv:3", "is no plate")]), (1,)
    assert rig.tries(until=310) == [4, 304]
    rig.mark = (2,)
    assert rig.tries(since=310, until=400) == [314]
    rig.next, rig.mark = plain_list(["B2"]), (3,)
    rig.watcher.tend(402.0)
    rig.watcher.tend(404.0)
    assert not rig.watcher.problem
    assert rig.watcher.entries == {"allow": 1}


@pytest.mark.parametrize("broken", ["load", "mark", "apply"])
def test_the_watcher_never_ends_the_service(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    rig = Rig()
    rig.mark = (1,)
    cell = "B-AB 1234"

    def unforeseen(*args: object) -> NoReturn:
        raise ZeroDivisionError(cell)

    with monkeypatch.context() as patch:
        patch.setattr(rig.watcher, f"_{broken}", unforeseen)
        for time in range(2, 40, 2):
            rig.watcher.tend(float(time))
    assert "ZeroDivisionError" in rig.watcher.problem
    assert rig.watcher.failures == 1
    assert caplog.text.count("stay in use: ZeroDivisionError") == 1
    assert "in unforeseen" in caplog.text, "where it came from is told"
    assert "1234" not in caplog.text + rig.watcher.problem
    assert len(rig.watcher.plates) == 0
    for time in range(40, 120, 2):
        rig.watcher.tend(float(time))
    assert not rig.watcher.problem
    assert rig.watcher.entries == {"allow": 1}


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


class Notes:
    """An audit log that a test reads."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, int, list[str]]] = []

    def note_lists(
        self, by: Requester, *, added: int, removed: int, editors: Iterable[str]
    ) -> None:
        self.notes.append((added, removed, sorted(editors)))


def test_a_change_of_the_lists_is_audited(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "plates.csv"
    path.touch()
    with open_store(StoreSettings(database=tmp_path / "events.db")) as store:
        audit = ListAudit(store, [path, tmp_path / "gone.csv"])
        path.write_text("changed")
        audit.note(plain_list(["A1", "B2"]), plain_list(["B2", "C3", "D4"]))
        (entry,) = store.audit()
        assert (entry.who, entry.why, entry.action) == ("lpr", "plate lists loaded", "list")
        detail = json.loads(entry.detail)
        assert (detail["added"], detail["removed"]) == (2, 1)
        assert detail["editors"] == [path.owner()]
        assert "C3" not in entry.detail
    assert not caplog.records


def test_lists_without_a_change_are_not_audited(tmp_path: Path) -> None:
    path = tmp_path / "plates.csv"
    path.touch()
    notes = Notes()
    audit = ListAudit(notes, [path])
    audit.note(plain_list(["A1"]), plain_list(["A1"]))
    path.write_text("another order")
    audit.note(plain_list(["A1", "B2"]), plain_list(["B2", "A1"]))
    assert not notes.notes


def test_only_owners_of_changed_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other, nameless = (tmp_path / name for name in ("mine.csv", "other.csv", "99.csv"))
    for path in (mine, other, nameless):
        path.touch()

    def owner(path: Path) -> str:
        if path == nameless:
            raise KeyError("getpwuid(): uid not found")
        return path.stem

    monkeypatch.setattr(Path, "owner", owner)
    notes = Notes()
    audit = ListAudit(notes, [mine, other, nameless])
    mine.write_text("changed")
    audit.note(plain_list(), plain_list(["A1"]))
    nameless.write_text("changed")
    other.unlink()
    audit.note(plain_list(["A1"]), plain_list(["B2"]))
    assert notes.notes == [(1, 0, ["mine"]), (1, 1, [f"uid {nameless.stat().st_uid}"])]


def test_lists_are_used_also_where_the_audit_log_fails(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def note_lists(
            self, by: Requester, *, added: int, removed: int, editors: Iterable[str]
        ) -> None:
            raise StoreError("the disk is full")

    ListAudit(Broken(), []).note(plain_list(), plain_list(["A1"]))
    assert "not in the audit log: the disk is full" in caplog.text


def test_a_change_that_the_audit_log_could_not_take_is_written_down_later(tmp_path: Path) -> None:
    class Away(Notes):
        away = True

        def note_lists(
            self, by: Requester, *, added: int, removed: int, editors: Iterable[str]
        ) -> None:
            if self.away:
                raise StoreError("the server cannot be reached")
            super().note_lists(by, added=added, removed=removed, editors=editors)

    path = tmp_path / "plates.csv"
    path.touch()
    notes = Away()
    audit = ListAudit(notes, [path])
    path.write_text("changed")
    audit.note(plain_list(), plain_list(["A1"]))
    audit.note(plain_list(["A1"]), plain_list(["B2"]))
    audit.settle()
    assert not notes.notes
    notes.away = False
    audit.settle()
    audit.settle()
    assert notes.notes == [(1, 0, [path.owner()]), (1, 1, [])]


def test_half_of_a_file_never_replaces_a_list(tmp_path: Path) -> None:
    """An editor writes in place, slowly; what stands there in between is a right list, too."""
    path = tmp_path / "plates.csv"
    path.write_text("plate,list,valid_to\nAB1,allow,2030-12-31\n")
    rules = EntryRules(zone=time_zone("UTC"))
    used: list[PlateList] = []
    watcher = ListWatcher(
        load_lists([path], rules, default_confusables()),
        load=lambda: load_lists([path], rules, default_confusables()),
        mark=lambda: file_marks([path]),
        apply=used.append,
        every=2.0,
        time=0.0,
    )
    whole = "plate,list,valid_to\nAB1,deny,\nAB12,allow,2026-01-01\nAB123,allow,\n"
    for look, size in enumerate((21, 34, 45, 58, len(whole)), start=1):
        path.write_text(whole[:size])
        watcher.tend(2.0 * look)
        assert not used
    watcher.tend(12.0)
    assert [entry.plate for entry in used[0].entries] == ["AB1", "AB12", "AB123"]
    # One that stays broken is told, whatever it ends with.
    path.write_text(whole.partition(",2026")[0])
    watcher.tend(14.0)
    watcher.tend(16.0)
    assert "cut short" in watcher.problem
    assert len(watcher.plates) == 3
