"""Wrong labels are named with their file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lpr.errors import SourceError
from lpr.evaluate import load_clips, load_negatives, load_plates, load_scenes
from lpr.evaluate.datasets import require_videos

CLIP = {
    "video": "a.mp4",
    "fps": 25,
    "frames": 10,
    "plates": [{"text": "AB12", "first_frame": 0, "last_frame": 9}],
    "uncertain": [],
}
PLATE = {"image": "a.png", "split": "val", "text": "AB12", "box": [0, 0, 9, 5]}
SCENE = {"image": "a.png", "split": "val", "plates": [{"box": [0, 0, 9, 5]}]}


def _without(row: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != key}


@pytest.mark.parametrize(
    ("folder", "load", "good", "bad", "message"),
    [
        ("", load_clips, CLIP, _without(CLIP, "uncertain"), "lacks 'uncertain'"),
        ("", load_clips, CLIP, {**CLIP, "plates": [{"text": "A"}]}, "lacks 'first_frame'"),
        ("", load_clips, CLIP, {**CLIP, "fps": "fast"}, "wrong label: could not convert"),
        ("", load_clips, CLIP, {**CLIP, "fps": 0}, "wrong label: fps must be more than 0"),
        ("", load_clips, CLIP, {**CLIP, "plates": ["AB12"]}, "wrong label: "),
        ("", load_clips, CLIP, {**CLIP, "frames": float("inf")}, "wrong label: "),
        ("", load_clips, CLIP, {**CLIP, "tags": "night"}, "wrong label: 'night' is no list"),
        ("", load_clips, CLIP, {**CLIP, "regions": [7]}, "wrong label: 7 is no text"),
        ("", load_clips, CLIP, [1], "must be a JSON object"),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "lines": "2"},
            "wrong label: lines must be 1",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "lines": True},
            "wrong label: lines must be 1",
        ),
        ("plates/x", load_plates, PLATE, _without(PLATE, "box"), "lacks 'box'"),
        ("plates/x", load_plates, PLATE, {**PLATE, "text": 12}, "wrong label: 12 is no text"),
        ("plates/x", load_plates, PLATE, {**PLATE, "box": list("abcd")}, "wrong label: "),
        ("scenes/x", load_scenes, SCENE, {**SCENE, "plates": [{}]}, "lacks 'box'"),
        ("negatives", load_negatives, SCENE, {"split": "val"}, "lacks 'image'"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path,
    folder: str,
    load: Callable[[Path], tuple[object, ...]],
    good: dict[str, object],
    bad: object,
    message: str,
) -> None:
    labels = tmp_path / folder / "labels.jsonl"
    labels.parent.mkdir(parents=True, exist_ok=True)
    labels.write_text(f"{json.dumps(good)}\n")
    assert len(load(tmp_path)) == 1
    labels.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n")
    with pytest.raises(SourceError) as raised:
        load(tmp_path)
    assert str(raised.value).startswith(f"{labels}:2: {message}")


def test_labels_that_are_no_text_are_named(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_bytes(json.dumps(CLIP).encode() + b"\n\xff\xfe\n")
    with pytest.raises(SourceError, match=r"labels\.jsonl:2: is not JSON: 'utf-8'"):
        load_clips(tmp_path)


def test_missing_videos_are_found_before_the_first_is_run(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(f"{json.dumps(CLIP)}\n")
    clips = load_clips(tmp_path)
    with pytest.raises(SourceError, match="1 of 1 clips are missing"):
        require_videos(clips)
    (tmp_path / "a.mp4").touch()
    require_videos(clips)
    with pytest.raises(SourceError, match="no clips"):
        require_videos(())
