"""A picture, or a folder of them, as a sequence of frames."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lpr.errors import ImageError, SourceError
from lpr.sources.address import PICTURE_SUFFIXES
from lpr.sources.info import SourceInfo
from lpr.sources.picture import read_image
from lpr.types import Frame

DEFAULT_FPS = 25.0
_NUMBER = re.compile(r"(\d+)")


def list_pictures(folder: Path | str) -> tuple[Path, ...]:
    """Return the pictures of a folder in natural order: 2.jpg comes before 10.jpg.

    Subfolders, hidden files and files of other types are left out.

    Raises:
        SourceError: the folder cannot be read or holds no picture.
    """
    files = pictures_in(folder)
    if not files:
        raise SourceError(f"{folder}: no pictures in this folder (looked for {looked_for()})")
    return files


def pictures_in(folder: Path | str) -> tuple[Path, ...]:
    """Like `list_pictures`, and empty where the folder holds none."""
    return _entries(folder, lambda path: path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())


def subfolders_in(folder: Path | str) -> tuple[Path, ...]:
    """Return the folders in a folder in natural order, without hidden ones.

    Raises:
        SourceError: the folder cannot be read.
    """
    return _entries(folder, Path.is_dir)


def folder_tree(folder: Path | str) -> Iterator[Path]:
    """Yield a folder and all folders below it, each once, whatever links lead to it.

    A folder comes before those in it, all in natural order; one that cannot be read is yielded,
    too, for whoever lists it to say so.
    """
    left, seen = [Path(folder)], set[tuple[int, int]]()
    while left:
        one = left.pop()
        with contextlib.suppress(OSError):
            status = one.stat()
            if (status.st_dev, status.st_ino) in seen:  # a link that leads back
                continue
            seen.add((status.st_dev, status.st_ino))
        yield one
        with contextlib.suppress(SourceError):
            left.extend(reversed(subfolders_in(one)))


def looked_for() -> str:
    """The suffixes of pictures, for a message."""
    return " ".join(sorted(PICTURE_SUFFIXES))


def _entries(folder: Path | str, wanted: Callable[[Path], bool]) -> tuple[Path, ...]:
    folder = Path(folder)
    try:
        found = [
            path for path in folder.iterdir() if not path.name.startswith(".") and wanted(path)
        ]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed: {error.strerror}") from error
    return tuple(sorted(found, key=natural_key))


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key that compares runs of digits as numbers and the rest without case."""
    parts = _NUMBER.split(path.name.casefold())
    key = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (key, path.name)


class PictureSource:
    """Pictures played as frames at a fixed rate.

    A broken picture is skipped: its place in the sequence, its index and time, stays empty, and
    `problems` names it.

    Args:
        paths: the pictures in order, at least one.
        address: what the user named.
        camera: name given to the frames; the address's last part where None.
        fps: frames a second, more than 0.

    Raises:
        SourceError: no paths, or a rate that is not positive.
    """

    def __init__(
        self,
        paths: tuple[Path, ...],
        *,
        address: str,
        camera: str | None = None,
        fps: float = DEFAULT_FPS,
    ) -> None:
        if not paths:
            raise SourceError(f"{address}: no pictures")
        if not 0 < fps <= 1000:
            raise SourceError(f"{address}: fps must be more than 0 and at most 1000, not {fps}")
        self._paths = paths
        self._fps = fps
        self._problems: list[str] = []
        self._closed = False
        name = camera if camera is not None else Path(address).name or address
        self._info = SourceInfo(
            name, address, fps=fps, frames=len(paths), duration=len(paths) / fps
        )

    @property
    def info(self) -> SourceInfo:
        """The sequence's facts; width and height are those of the latest picture."""
        return self._info

    @property
    def problems(self) -> tuple[str, ...]:
        """The pictures that could not be read, one line each."""
        return tuple(self._problems)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration; closing twice is harmless."""
        self._closed = True

    def __iter__(self) -> Iterator[Frame]:
        """Yield the pictures; raises SourceError where not one of them can be read."""
        self._problems.clear()
        self._closed = False
        for index, path in enumerate(self._paths):
            if self._closed:
                return
            try:
                image = read_image(path)
            except ImageError as error:
                self._problems.append(str(error))
                continue
            rows, columns = image.shape[:2]
            old = self._info
            self._info = SourceInfo(
                old.name, old.address, columns, rows, old.fps, old.frames, old.duration
            )
            yield Frame(image, index, index / self._fps, old.name)
        if len(self._problems) == len(self._paths):
            if len(self._paths) == 1:
                raise ImageError(self._problems[0])
            raise SourceError(
                f"{self._info.address}: none of its {len(self._paths)} pictures can be read; "
                f"the first: {self._problems[0]}"
            )
