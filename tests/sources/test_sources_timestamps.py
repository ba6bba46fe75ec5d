from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av

from lpr.sources.timestamps import Timestamps


def times(container: str, stamps: Sequence[tuple[int | None, int | None]]) -> list[int | None]:
    """The times of frames with these presentation and decoding times, in their own unit."""
    taken, found = Timestamps(container), []
    for pts, dts in stamps:
        frame = av.VideoFrame(16, 16)
        frame.pts, frame.dts, frame.duration, frame.time_base = pts, dts, 1, Fraction(1, 8)
        seconds = taken.of(frame)
        found.append(None if seconds is None else round(8 * seconds))
    return found


def test_sound_presentation_times_are_kept() -> None:
    stamps = [(2, 1), (5, 2), (6, 5), (9, 6), (9, 9), (12, None), (None, None)]
    assert times("matroska,webm", stamps) == [2, 5, 6, 9, 9, 12, None]


def test_guesses_that_go_back_give_way_to_decoding_times() -> None:
    """What FFmpeg makes of H.264 with B-frames where only decoding times are stored."""
    stamps = [(1, 2), (2, 3), (4, 4), (3, 5), (6, 6), (5, 7), (8, 8), (7, None), (9, None)]
    assert times("asf", stamps) == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert times("avi", stamps) == [2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_joined_stream_keeps_its_presentation_times() -> None:
    stamps = [(8, 7), (9, 8), (1, 0), (2, 1), (3, 2), (1, 0), (2, 1)]
    assert times("mpegts", stamps) == [8, 9, 1, 2, 3, 1, 2]


def test_presentation_times_are_better_than_none() -> None:
    assert times("avi", [(1, None), (2, None), (None, None)]) == [1, 2, 3]
    assert times("avi", [(None, None), (None, None)]) == [None, None]
