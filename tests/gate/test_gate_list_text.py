from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from lpr.errors import ConfigError, OutputError
from lpr.gate import list_text
from lpr.gate.list_text import MAX_BYTES, one_edit, read_text, write_atomically

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def test_text_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"\xef\xbb\xbfplate\r\n")
    assert read_text(path) == "plate\r\n"
    assert read_text(tmp_path / "none.csv", missing="") == ""
    with pytest.raises(ConfigError, match=r"none\.csv: cannot be read: No such file"):
        read_text(tmp_path / "none.csv")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe.csv", tmp_path / "link.csv", Path("/dev/zero"), tmp_path):
        with pytest.raises(ConfigError, match=f"{path}: is no regular file"):
            read_text(path, missing="")


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES)
    assert len(read_text(path)) == MAX_BYTES
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match="larger than 16 MiB; split the list"):
        read_text(path)


def test_a_change_by_somebody_else_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    for before in ("before", ""):
        path.write_text("theirs")
        with pytest.raises(ConfigError, match="changed meanwhile"):
            write_atomically(path, "ours", unless_changed_from=before)
        assert path.read_text() == "theirs"
    path.unlink()
    with pytest.raises(ConfigError, match="changed meanwhile"):
        write_atomically(path, "ours", unless_changed_from="theirs")
    write_atomically(path, "ours", unless_changed_from="")
    assert path.read_text() == "ours"


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real.name)
    write_atomically(link, "new")
    assert link.readlink() == Path("real.csv")
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o640)


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with pytest.raises(OutputError, match=r"link\.csv: cannot be written: is no regular file"):
        write_atomically(link, "new")
    assert pipe.is_fifo()


@as_root
def test_owner_group_and_mode_stay(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("old")
    path.chmod(0o640)
    os.chown(path, NOBODY, NOBODY)
    write_atomically(path, "new")
    found = path.stat()
    assert path.read_text() == "new"
    assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY)
    assert stat.S_IMODE(found.st_mode) == 0o640


@as_root
def test_who_may_not_keep_the_owner_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.csv"
    path.write_text("old")
    os.chown(path, NOBODY, NOBODY)

    def refuse(descriptor: int, uid: int, gid: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    wanted = f"it belongs to user {NOBODY} and group {NOBODY}, .* edit it as that user, or as root"
    with pytest.raises(OutputError, match=wanted):
        write_atomically(path, "new")
    assert (path.read_text(), path.stat().st_uid) == ("old", NOBODY)
    assert [one.name for one in tmp_path.iterdir()] == ["p.csv"]


def test_an_edit_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_text, "_PATIENCE", 0.05)
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "link.csv").symlink_to(other / "p.csv")
    with one_edit(other / "p.csv"):
        with (
            pytest.raises(OutputError, match="another program is editing lists in this folder"),
            one_edit(tmp_path / "link.csv"),
        ):
            pytest.fail("two edits at once")
        with one_edit(tmp_path / "p.csv"):
            pass
    with one_edit(tmp_path / "link.csv"):
        pass


def test_where_nothing_locks_nothing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with one_edit(tmp_path / "p.csv"), one_edit(tmp_path / "p.csv"):
        pass
    with one_edit(tmp_path / "nowhere" / "p.csv"):
        pass
