"""Damaged and hostile files must never crash or hang the program, whatever they yield."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

LIMIT = 240
"""Seconds for one batch; an idle core needs about 3."""

PLAY = """
import json, sys
from lpr.errors import SourceError
from lpr.sources import open_source

outcomes = {"played": 0, "refused": 0, "frames": 0}
for path in sys.argv[1:]:
    try:
        with open_source(path) as source:
            last = -1.0
            for frame in source:
                assert frame.time > last, path
                last = frame.time
                outcomes["frames"] += 1
        outcomes["played"] += 1
    except SourceError as error:
        assert "\\n" not in str(error), path
        outcomes["refused"] += 1
print(json.dumps(outcomes))
"""


def mutate(data: bytes, seed: int) -> bytes:
    """Flip bits, overwrite, cut out or double a stretch: in the headers or anywhere."""
    chance = np.random.default_rng(seed)
    changed = bytearray(data)
    reach = len(changed) if seed % 2 else min(len(changed), 400)
    for _ in range(int(chance.integers(1, 30))):
        changed[int(chance.integers(0, reach))] ^= 1 << int(chance.integers(0, 8))
    place, length = int(chance.integers(0, reach)), int(chance.integers(1, 200))
    stretch = changed[place : place + length]
    if seed % 5 == 0:
        changed[place : place + length] = b""
    elif seed % 5 == 1:
        changed[place:place] = stretch
    elif seed % 5 == 2:
        changed[place : place + length] = chance.bytes(len(stretch))
    return bytes(changed)


def run(paths: list[Path]) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", PLAY, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    outcomes: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return outcomes


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("b.avi", "mjpeg", "yuvj420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
    ],
)
def test_damaged_videos(
    tmp_path: Path, make_video: Callable[..., Path], name: str, codec: str, pixels: str
) -> None:
    original = make_video(name, codec=codec, pixels=pixels, count=12, noisy=True)
    data = original.read_bytes()
    paths = []
    for seed in range(25):
        path = tmp_path / f"{seed}{original.suffix}"
        path.write_bytes(mutate(data, seed))
        paths.append(path)
    outcomes = run(paths)
    assert outcomes["played"] + outcomes["refused"] == 25
    assert outcomes["frames"] > 0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_damaged_pictures(tmp_path: Path, suffix: str) -> None:
    small = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    done, encoded = cv2.imencode(suffix, small)
    assert done
    paths = []
    for seed in range(60):
        path = tmp_path / f"{seed}{suffix}"
        path.write_bytes(mutate(encoded.tobytes(), seed))
        paths.append(path)
    outcomes = run(paths)
    assert outcomes["played"] + outcomes["refused"] == 60
    assert outcomes["refused"] > 0
