"""Annotated copies: names, places, and nothing that is overwritten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.cli.annotated_copies import AnnotatedCopies
from lpr.cli.named_pictures import list_named
from lpr.errors import OutputError
from lpr.geometry import Quad
from lpr.sinks.picture import PicturePlate, PictureResult
from lpr.sources import read_image
from lpr.types import Image

PLATE = PicturePlate(
    Quad.from_box(100, 100, 220, 140), 0.9, 1, "AB12CD", 0.98, (0.99,) * 6, "GB", "AB12CD"
)


def grey() -> Image:
    return np.full((240, 320, 3), 90, np.uint8)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), grey())
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_all(folder: Path, *given: Path, recursive: bool = False) -> list[str]:
    pictures = list_named(map(str, given), recursive=recursive).pictures
    copies = AnnotatedCopies(folder, pictures)
    written = [copies.write(one, grey(), PictureResult(one.path, (PLATE,))) for one in pictures]
    return [str(path.relative_to(folder)) for path in written]


def test_names_are_kept_and_numbered_where_they_meet(tmp_path: Path) -> None:
    one, two, three = (picture(tmp_path / name) for name in ("a/X.png", "b/x.png", "c/x.png"))
    out = tmp_path / "out"
    assert write_all(out, one, two, three) == ["X.png", "x-2.png", "x-3.png"]
    assert files(out) == ["X.png", "x-2.png", "x-3.png"]
    assert all(read_image(path).shape == grey().shape for path in out.iterdir())


def test_pictures_of_subfolders_keep_their_place(tmp_path: Path) -> None:
    picture(tmp_path / "pics" / "x.png")
    picture(tmp_path / "pics" / "sub" / "x.png")
    done = write_all(tmp_path / "out", tmp_path / "pics", recursive=True)
    assert done == ["x.png", "sub/x.png"]


def test_a_picture_whose_name_tells_no_format_becomes_a_jpeg(tmp_path: Path) -> None:
    named = tmp_path / "snapshot.cgi"
    picture(tmp_path / "x.png").rename(named)
    assert write_all(tmp_path / "out", named) == ["snapshot.cgi.jpg"]


@pytest.mark.parametrize("how", ["itself", "hard link", "symbolic link"])
def test_no_copy_replaces_a_source(tmp_path: Path, how: str) -> None:
    source, out = picture(tmp_path / "a" / "x.png"), tmp_path / "a"
    if how != "itself":
        out = tmp_path / "out"
        out.mkdir()
        link = out / "x.png"
        (link.hardlink_to if how == "hard link" else link.symlink_to)(source)
    before = source.read_bytes()
    with pytest.raises(OutputError, match=r"x\.png in it is a source.*name another folder"):
        write_all(out, source)
    assert source.read_bytes() == before


def test_no_copy_replaces_another_source(tmp_path: Path) -> None:
    one, two = picture(tmp_path / "a" / "x.png"), picture(tmp_path / "b" / "x.png")
    with pytest.raises(OutputError, match="is a source"):
        write_all(tmp_path / "b", one, two)
    with pytest.raises(OutputError, match="another output"):
        pictures = list_named([str(one)]).pictures
        AnnotatedCopies(tmp_path / "c", pictures, [tmp_path / "c" / "x.png"])
    assert not (tmp_path / "c").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    source, file = picture(tmp_path / "x.png"), tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(OutputError, match="file: is a file, and a folder is needed"):
        write_all(file, source)
    with pytest.raises(OutputError, match=r"cannot be made: .*file is no folder"):
        write_all(file / "below", source)
    assert file.read_text() == "kept"


def test_a_copy_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = picture(tmp_path / "x.png"), tmp_path / "out"
    write_all(out, source)
    before = (out / "x.png").read_bytes()
    whole = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        whole(path, data[: len(data) // 2])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"x\.png: cannot be written: No space left"):
        write_all(out, source)
    assert files(out) == ["x.png"]
    assert (out / "x.png").read_bytes() == before


def test_a_picture_that_its_format_does_not_hold_is_one_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [named] = list_named([str(picture(tmp_path / "x.webp"))]).pictures
    copies = AnnotatedCopies(tmp_path / "out", [named])
    wide = np.zeros((2, 20_000, 3), np.uint8)
    with pytest.raises(OutputError, match=r"x\.webp: the picture cannot be encoded"):
        copies.write(named, wide, PictureResult(named.path))
    assert capfd.readouterr().err == ""


def test_what_is_likely_wrong_is_drawn_otherwise(tmp_path: Path) -> None:
    [named] = list_named([str(picture(tmp_path / "x.png"))]).pictures
    copies = AnnotatedCopies(tmp_path / "out", [named])

    def rim(confidence: float) -> tuple[int, ...]:
        plate = PicturePlate(
            PLATE.quad, 0.9, 1, "AB12CD", confidence, PLATE.char_scores, None, "AB12CD"
        )
        path = copies.write(named, grey(), PictureResult(named.path, (plate,)))
        return tuple(int(value) for value in read_image(path)[120, 100])

    green, amber = rim(0.9), rim(0.2)
    assert green[1] > green[2]
    assert amber[2] > amber[1]


def test_a_picture_without_plates_is_copied_as_it_is(tmp_path: Path) -> None:
    [named] = list_named([str(picture(tmp_path / "x.png"))]).pictures
    copies = AnnotatedCopies(tmp_path / "out", [named])
    path = copies.write(named, grey(), PictureResult(named.path))
    assert (read_image(path) == grey()).all()


def test_the_two_copies_of_a_picture_that_is_named_twice(tmp_path: Path) -> None:
    source = picture(tmp_path / "a" / "x.png")
    assert write_all(tmp_path / "out", source, source) == ["x.png", "x-2.png"]


@pytest.mark.parametrize(("confidence", "caption"), [(0.004, False), (0.006, True)])
def test_what_the_terminal_calls_unreadable_has_no_caption(
    tmp_path: Path, confidence: float, caption: bool
) -> None:
    pictures = list_named([str(picture(tmp_path / "x.png"))]).pictures
    plate = replace(PLATE, confidence=confidence)
    result = PictureResult("x.png", (plate,))
    path = AnnotatedCopies(tmp_path / "out", pictures).write(pictures[0], grey(), result)
    above = read_image(path)[:95]
    assert bool((above != 90).any()) is caption
