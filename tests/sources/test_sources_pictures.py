from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.errors import ImageError, SourceError
from lpr.sources import PictureSource, list_pictures
from lpr.sources.pictures import folder_tree, pictures_in, subfolders_in


def write(path: Path, level: int, size: tuple[int, int] = (8, 6)) -> None:
    assert cv2.imwrite(str(path), np.full((size[1], size[0], 3), level, np.uint8))


def test_natural_order(tmp_path: Path) -> None:
    names = ["img2.png", "img10.png", "IMG1.png", "a.png", "10.png", "9.png", "img2b.png"]
    for name in names:
        write(tmp_path / name, 0)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_pictures(tmp_path)] == [
        "9.png",
        "10.png",
        "a.png",
        "IMG1.png",
        "img2.png",
        "img2b.png",
        "img10.png",
    ]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SourceError, match="no pictures in this folder"):
        list_pictures(tmp_path)
    with pytest.raises(SourceError, match="cannot be listed"):
        list_pictures(tmp_path / "missing")


def test_a_tree_of_folders_is_walked_once_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "2/deep", ".hidden", "2/.git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "2" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "9").symlink_to("9")  # leads to itself
    write(tmp_path / "10" / "a.png", 0)
    walked = [str(one.relative_to(tmp_path)) for one in folder_tree(tmp_path)]
    assert walked == [".", "2", "2/deep", "10"]
    assert [one.name for one in subfolders_in(tmp_path)] == ["2", "10"]
    assert pictures_in(tmp_path) == ()
    assert pictures_in(tmp_path / "10") == (tmp_path / "10" / "a.png",)
    assert list(folder_tree(tmp_path / "missing")) == [tmp_path / "missing"]


def test_frames_have_time_index_and_size(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", 10 * number, size=(8 + number, 6))
    paths = list_pictures(tmp_path)
    with PictureSource(paths, address=str(tmp_path), fps=10) as source:
        frames = list(source)
        again = list(source)
    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert [frame.image.shape[1] for frame in frames] == [8, 9, 10]
    assert [int(frame.image[0, 0, 0]) for frame in again] == [0, 10, 20]
    assert source.info.frames == 3
    assert source.info.name == tmp_path.name


def test_a_broken_picture_is_skipped_and_named(tmp_path: Path) -> None:
    write(tmp_path / "1.png", 1)
    (tmp_path / "2.jpg").write_text("text")
    write(tmp_path / "3.png", 3)
    source = PictureSource(list_pictures(tmp_path), address=str(tmp_path), camera="gate")
    frames = list(source)
    assert [(frame.index, frame.camera) for frame in frames] == [(0, "gate"), (2, "gate")]
    assert len(source.problems) == 1
    assert "2.jpg" in source.problems[0]


def test_nothing_readable(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / name).write_text("text")
    with pytest.raises(
        SourceError, match=r"none of its 2 pictures can be read; the first: .*1\.jpg"
    ):
        list(PictureSource(list_pictures(tmp_path), address="folder"))
    with pytest.raises(ImageError, match=r"1\.jpg: not a picture"):
        list(PictureSource((tmp_path / "1.jpg",), address="1.jpg"))


def test_close_ends_the_iteration(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.png", number)
    with PictureSource(list_pictures(tmp_path), address="folder") as source:
        frames = iter(source)
        next(frames)
        source.close()
        assert list(frames) == []


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), 1e9])
def test_a_useless_rate_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(SourceError, match="fps must be"):
        PictureSource((tmp_path / "a.png",), address="a.png", fps=fps)
