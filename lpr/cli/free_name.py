"""Names that are taken get a number."""

from __future__ import annotations

from collections.abc import Container


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
