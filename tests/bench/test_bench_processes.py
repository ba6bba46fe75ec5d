"""What the gate watches from outside: longer clips, their speed, and a stalled camera."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from bench import processes


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


@pytest.mark.parametrize("name", ["long.mp4", "long.ts"])
def test_a_looped_clip_has_every_frame_of_every_round_in_order(tmp_path: Path, name: str) -> None:
    long = tmp_path / name
    processes.looped(processes.CLIP, long, 3)
    found = times(long)
    assert len(found) == 3 * len(times(processes.CLIP))
    assert found == sorted(set(found))


def test_the_speed_of_a_run_is_what_the_command_says() -> None:
    assert 0.1 < processes.throughput(loops=1) < 10_000


def test_a_camera_that_stalls_costs_next_to_nothing() -> None:
    # Far beyond any budget, for a machine busy with other tests: a spinning thread takes 100.
    assert processes.stalled() < 50
