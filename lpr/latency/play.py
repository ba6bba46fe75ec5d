"""A clip as plain frames, closed when the reader stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lpr.sources import open_source
from lpr.types import Frame


def play(clip: str | Path, *, threads: int = 1) -> Iterator[Frame]:
    """Yield the frames of a clip from its start.

    Args:
        clip: what `lpr.open_source` takes.
        threads: decoder threads; one, so that decoding does not compete with what is timed.

    Raises:
        SourceError: the clip cannot be read.
    """
    with open_source(clip, threads=threads) as frames:
        yield from frames
