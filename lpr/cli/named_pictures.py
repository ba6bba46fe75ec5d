"""The pictures that a command line names, folders opened."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lpr.errors import LprError, SourceError
from lpr.sources.address import STREAM_SCHEMES, local_path, names_webcam, redact_one, scheme_of
from lpr.sources.header import is_picture, is_video
from lpr.sources.pictures import folder_tree, looked_for, pictures_in

_LOOKED_INTO = 200
"""Subfolders in which pictures are looked for only to say that they were left out."""
_START = 400
"""Bytes that tell a video from a picture."""


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """A picture to be read.

    Attributes:
        path: where it is, without credentials where that is no file.
        name: its own name, below the folder that was given if one was.
        trouble: why it cannot be read, where that is known already.
    """

    path: str
    name: Path
    trouble: LprError | None = None


@dataclass(frozen=True, slots=True)
class NamedPictures:
    """All pictures, in the order given, and the folders whose subfolders were left out."""

    pictures: tuple[NamedPicture, ...]
    partly_read: tuple[str, ...] = ()


def list_named(
    given: Iterable[str], *, recursive: bool = False, copies: Path | None = None
) -> NamedPictures:
    """List pictures and the pictures of folders; what cannot be read comes with its error.

    Args:
        given: paths of pictures and folders.
        recursive: open subfolders, too.
        copies: a folder of results, which is not said to have been left out.
    """
    found: list[NamedPicture] = []
    partly: list[str] = []
    for text in given:
        path = Path(local_path(text) if scheme_of(text) == "file" else text)
        if not text or not _is_folder(path):
            found.append(_single(text, path))
            continue
        inside = list(_in_folder(path, recursive=recursive))
        if not recursive and any(_below(path, copies)):
            if inside:
                partly.append(str(path))
            else:
                why = "no pictures in this folder itself; `--recursive` opens its subfolders, too"
                inside = [_failed(path, SourceError(f"{path}: {why}"))]
        elif not inside:
            where = "this folder and its subfolders" if recursive else "this folder"
            why = f"no pictures in {where} (looked for {looked_for()})"
            inside = [_failed(path, SourceError(f"{path}: {why}"))]
        found += inside
    return NamedPictures(tuple(found), tuple(partly))


def _in_folder(top: Path, *, recursive: bool) -> Iterator[NamedPicture]:
    for folder in folder_tree(top) if recursive else (top,):
        try:
            pictures = pictures_in(folder)
        except SourceError as error:
            yield _failed(folder, error)
            continue
        for one in pictures:
            yield NamedPicture(str(one), one.relative_to(top))


def _below(top: Path, copies: Path | None) -> Iterator[Path]:
    """Pictures of subfolders, as far as they are soon found."""
    for folder in islice(folder_tree(top), 1, 1 + _LOOKED_INTO):
        if copies is not None and os.path.realpath(folder) == os.path.realpath(copies):
            continue
        try:
            yield from pictures_in(folder)
        except SourceError:
            continue


def _single(text: str, path: Path) -> NamedPicture:
    if not text:
        error = SourceError("the empty path: no such file or folder")
        return NamedPicture("", Path(), error)
    scheme = scheme_of(text)
    # An address may hold a password, and a file's name may look like one.
    public = str(path) if scheme in (None, "file") else redact_one(text)
    hint = _read_elsewhere(text, path, public)
    if hint is None:
        # As it was given, `./` and all: it is what a program knows the picture by.
        return NamedPicture(text if scheme is None else str(path), Path(path.name))
    return NamedPicture(public, Path(path.name), SourceError(f"{public}: {hint}"))


def _read_elsewhere(text: str, path: Path, public: str) -> str | None:
    """What to do with a source that is no picture; None for what looks like one."""
    scheme = scheme_of(text)
    command = f"`lpr run {shlex.quote(public)}`"
    if scheme in STREAM_SCHEMES and public != text:
        # Without the password and the query that were given it would not work.
        command = "`lpr run` with this address"
    if scheme in ("rtsp", "rtsps"):
        return f"a camera, not a picture; {command} reads cameras"
    if scheme in STREAM_SCHEMES:
        return (
            f"pictures are read from files; download it first, or {command} where it is "
            "a camera or a video"
        )
    if scheme not in (None, "file"):
        return f"{scheme}:// is not supported; pictures are read from files"
    try:
        if path.is_file():
            with path.open("rb") as file:
                start = file.read(_START)
            if is_video(start) and not is_picture(start):
                return f"a video, not a picture; {command} reads videos"
        elif names_webcam(text):
            return f"no picture; {command} reads a webcam"
        elif text == "-":
            return "a picture is a file, not standard input"
    except OSError:
        pass  # Reading it says why.
    return None


def _failed(path: Path, error: LprError) -> NamedPicture:
    return NamedPicture(str(path), Path(path.name), error)


def _is_folder(path: Path) -> bool:
    """False, too, where that cannot be found out: reading it says why."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
