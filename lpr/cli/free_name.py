"""Names that are taken get a number."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePath


def free_name(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: itself, or with the first free number from 2 on.

    >>> free_name("gate.mp4", {"gate.mp4", "gate.mp4-2"})
    'gate.mp4-3'
    """
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def free_file(path: PurePath, taken: Container[str]) -> PurePath:
    """Return a file's path that is not taken, whatever the case; `taken` holds lower-case paths.

    >>> str(free_file(PurePath("gate.jpg"), {"gate.jpg", "gate-2.jpg"}))
    'gate-3.jpg'
    """
    free, number = path, 1
    while str(free).casefold() in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
