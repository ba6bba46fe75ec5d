from __future__ import annotations

from pathlib import Path

import pytest

from lpr.errors import SourceError
from lpr.latency.conditions import conditions_of
from lpr.latency.measure import LatencyRun, Repetition
from lpr.latency.statistics import summarise


def run() -> LatencyRun:
    total = summarise([0.004, 0.006])
    one = Repetition(total=total, stages=(), decode=total, busy=0.01, waited=0.01)
    return LatencyRun((one, one), total, 2, 5, 64, 36, 1, 1, 1, 1)


def test_a_run_says_what_it_was_made_of(tmp_path: Path) -> None:
    clip = tmp_path / "gate.mp4"
    clip.write_bytes(b"frames")
    found = conditions_of(run(), clip, 3)
    assert (found.clip, found.width, found.height) == ("gate.mp4", 64, 36)
    assert (found.frames, found.warmup, found.passes, found.threads) == (2, 5, 2, 3)
    assert str(tmp_path) not in found.model_dump_json()
    assert found.differences(found) == ()


def test_a_clip_is_told_by_its_content(tmp_path: Path) -> None:
    clip = tmp_path / "gate.mp4"
    clip.write_bytes(b"frames")
    before = conditions_of(run(), clip, 1)
    clip.write_bytes(b"others")
    assert conditions_of(run(), clip, 1).differences(before) == (
        "clip gate.mp4, now another file of that name",
    )


def test_a_folder_is_told_by_its_pictures(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"same")
    before = conditions_of(run(), tmp_path, 1)
    assert conditions_of(run(), tmp_path, 1) == before
    (tmp_path / "b.png").rename(tmp_path / "c.png")
    assert conditions_of(run(), tmp_path, 1) != before


def test_a_device_is_not_read_to_its_end() -> None:
    found = conditions_of(run(), Path("/dev/zero"), 1)
    assert (found.clip, found.sha256) == ("zero", "")


def test_a_clip_that_is_closed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "gate.mp4"
    clip.write_bytes(b"frames")

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(SourceError, match=r"gate\.mp4: cannot be read: Permission denied"):
        conditions_of(run(), clip, 1)


def test_another_configuration_of_the_engine_is_told(tmp_path: Path) -> None:
    clip = tmp_path / "gate.mp4"
    clip.write_bytes(b"frames")
    before = conditions_of(run(), clip, 1, "{}")
    now = conditions_of(run(), clip, 1, '{"roi": [0, 0, 300, 200]}')
    assert now.differences(before) == ("another configuration of the engine",)
    assert now.differences(conditions_of(run(), clip, 1)) == (), "an older record does not say"
