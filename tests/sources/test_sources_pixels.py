"""Decoded frames as pictures: how their rows lie in memory."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import av
import numpy as np
import pytest

from lpr.sources import VideoSource
from lpr.sources.pixels import display_matrix
from lpr.types import Image


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def collection(kind: bytes, *parts: bytes) -> bytes:
    return chunk(b"LIST", kind + b"".join(parts))


def windows_avi(pictures: list[Image]) -> bytes:
    """An uncompressed AVI as Windows writes it: a positive height, and the last row first."""
    height, width = pictures[0].shape[:2]
    row_size = (3 * width + 3) // 4 * 4
    size = row_size * height
    frames = [
        b"".join(row.tobytes().ljust(row_size, b"\0") for row in picture[::-1])
        for picture in pictures
    ]
    header = struct.pack(
        "<14I", 40_000, 0, 0, 0x10, len(frames), 0, 1, size, width, height, 0, 0, 0, 0
    )
    stream = struct.pack(
        "<4s4sI2H8I4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, 25, 0, len(frames), size, 0, 0, 0, 0, 0, 0
    )
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 0, 0, 0, 0)
    described = collection(b"strl", chunk(b"strh", stream), chunk(b"strf", bitmap))
    body = collection(b"hdrl", chunk(b"avih", header), described)
    body += collection(b"movi", *(chunk(b"00db", frame) for frame in frames))
    return chunk(b"RIFF", b"AVI " + body)


@pytest.mark.parametrize("size", [(320, 240), (62, 46), (1280, 720)])
def test_a_video_stored_from_the_last_row_up_is_upright(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    chance = np.random.default_rng(0)
    pictures = [chance.integers(0, 256, (height, width, 3), np.uint8) for _ in range(3)]
    (tmp_path / "dib.avi").write_bytes(windows_avi(pictures))
    with VideoSource(tmp_path / "dib.avi") as source:
        frames = list(source)
    assert len(frames) == 3
    for frame, picture in zip(frames, pictures, strict=True):
        assert frame.image.flags.c_contiguous
        assert (frame.image == picture).all()
    assert source.problems == ()


def test_the_display_matrix_is_found_where_side_data_is_iterated_by_its_names() -> None:
    """As PyAV has it from version 19 on; before, an iteration gave the items themselves."""
    quarter_turn = np.array([0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30], np.int32).tobytes()
    frame = SimpleNamespace(side_data={"SEI_UNREGISTERED": b"x264", "DISPLAYMATRIX": quarter_turn})
    assert display_matrix(cast(av.VideoFrame, frame)) == (0, -1, 1, 0)
