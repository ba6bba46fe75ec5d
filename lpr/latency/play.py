"""A clip as plain frames, decoded one by one, closed when the reader stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lpr.sources import open_source
from lpr.types import Frame


def play(clip: str | Path) -> Iterator[Frame]:
    """Yield the frames of a clip from its start.

    Each is decoded when it is asked for, by one thread: decoding ahead, in a thread of its own,
    would take the core from the frame that is timed, and what decoding costs would be seen nowhere.

    Args:
        clip: what `lpr.open_source` takes.

    Raises:
        SourceError: the clip cannot be read.
    """
    with open_source(clip, threads=1, ahead=False) as frames:
        yield from frames
