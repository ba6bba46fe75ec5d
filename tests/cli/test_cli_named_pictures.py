"""The pictures that a command line names: folders, subfolders, links and what cannot be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpr.cli.named_pictures import NamedPictures, list_named
from lpr.errors import SourceError


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(found: NamedPictures) -> list[str]:
    return [str(one.name) for one in found.pictures if one.trouble is None]


def trouble(found: NamedPictures) -> str:
    [error] = [one.trouble for one in found.pictures if one.trouble is not None]
    return str(error)


def test_a_folder_is_opened_with_its_subfolders_only_where_that_is_wanted(tmp_path: Path) -> None:
    tree(tmp_path, "2.png", "10.png", "b/1.png", "a/deep/1.png", ".hidden/1.png", "c/notes.txt")
    plain = list_named([str(tmp_path)])
    assert names(plain) == ["2.png", "10.png"]
    assert plain.partly_read == (str(tmp_path),)
    whole = list_named([str(tmp_path)], recursive=True)
    assert names(whole) == ["2.png", "10.png", "a/deep/1.png", "b/1.png"]
    assert whole.partly_read == ()
    assert all(Path(one.path) == tmp_path / one.name for one in whole.pictures)


def test_subfolders_without_pictures_are_not_missed(tmp_path: Path) -> None:
    tree(tmp_path, "1.png", "notes/a.txt", ".hidden/1.png")
    assert list_named([str(tmp_path)]).partly_read == ()


def test_a_folder_of_folders_names_the_option(tmp_path: Path) -> None:
    tree(tmp_path, "a/deep/1.png")
    assert "in this folder itself; `--recursive`" in trouble(list_named([str(tmp_path)]))
    assert names(list_named([str(tmp_path)], recursive=True)) == ["a/deep/1.png"]


@pytest.mark.parametrize("recursive", [False, True])
def test_a_folder_without_any_picture_says_what_was_looked_for(
    tmp_path: Path, recursive: bool
) -> None:
    tree(tmp_path, "a/notes.txt")
    found = trouble(list_named([str(tmp_path)], recursive=recursive))
    assert ".png" in found
    assert ("and its subfolders" in found) is recursive
    assert "--recursive" not in found


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    tree(tmp_path, "1.png", "a/2.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    assert names(list_named([str(tmp_path)], recursive=True)) == ["1.png", "a/2.png"]
    assert list_named([str(tmp_path / "a")]).partly_read == (str(tmp_path / "a"),)


def test_a_subfolder_that_is_closed_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/1.png", "b/2.png")
    whole = Path.iterdir

    def refuse(path: Path) -> object:
        if path.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = list_named([str(tmp_path)], recursive=True)
    assert names(found) == ["b/2.png"]
    assert trouble(found) == f"{tmp_path / 'a'}: cannot be listed: Permission denied"
    assert isinstance(found.pictures[0].trouble, SourceError)


def test_the_folder_of_the_copies_is_not_said_to_be_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "1.png", "seen/1.png")
    assert list_named([str(tmp_path)], copies=tmp_path / "seen").partly_read == ()
    assert list_named([str(tmp_path)], copies=tmp_path / "other").partly_read == (str(tmp_path),)


def test_what_is_no_utf8_or_no_path_is_left_to_its_reader() -> None:
    found = list_named(["a\0b.png", "caf\udce9.png"]).pictures
    assert [one.trouble for one in found] == [None, None]


def test_a_picture_keeps_the_path_that_it_was_given_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that name pictures as `find . -name` does look for them by that."""
    tree(tmp_path, "a/1.png")
    monkeypatch.chdir(tmp_path)
    given = ["./a/1.png", "a//1.png", str(tmp_path / "a" / ".." / "a" / "1.png"), "./missing.png"]
    assert [one.path for one in list_named(given).pictures] == given
    assert list_named([f"file://{tmp_path}/a/1.png"]).pictures[0].path == f"{tmp_path}/a/1.png"
