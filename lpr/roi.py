"""The only part of a picture that is looked at, as configurations and command lines give it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator

FORM: Final = "left, top, right, bottom in frame pixels, at least 64 by 32"
_LEAST_WIDTH: Final = 64
_LEAST_HEIGHT: Final = 32


def _checked(value: Any) -> tuple[int, int, int, int]:
    edges = tuple(value) if isinstance(value, list | tuple) else ()
    if len(edges) == 4 and all(type(edge) is int for edge in edges):
        left, top, right, bottom = edges
        wide, high = right - left >= _LEAST_WIDTH, bottom - top >= _LEAST_HEIGHT
        if min(left, top) >= 0 and wide and high:
            return left, top, right, bottom
    raise ValueError(f"roi is {FORM}, as [200, 300, 1280, 720]")


Roi = Annotated[tuple[int, int, int, int], BeforeValidator(_checked)]
"""Left, top, right, bottom in frame pixels; right and bottom lie outside."""


def parse_roi(text: str) -> tuple[int, int, int, int]:
    """Read what a command line says: four numbers between commas.

    >>> parse_roi("200,300,1280,720")
    (200, 300, 1280, 720)

    Raises:
        ValueError: it is none.
    """
    try:
        return _checked([int(edge) for edge in text.split(",")])
    except ValueError as error:
        raise ValueError(f"is {FORM}: 200,300,1280,720") from error


def leaves(roi: tuple[int, int, int, int] | None, width: int, height: int) -> bool:
    """Whether a part of it lies outside of a picture; never where there is none, or no size yet."""
    return roi is not None and width > 0 and (roi[2] > width or roi[3] > height)
