"""Wrong labels are named with their file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lpr.errors import SourceError
from lpr.evaluate import load_clips, load_negatives, load_plates, load_scenes
from lpr.evaluate.datasets import PlatePicture, Scene, require_pictures, require_videos

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
        (
            "",
            load_clips,
            CLIP,
            {**CLIP, "plates": [{"text": "A"}]},
            "lacks 'plates[0].first_frame'",
        ),
        ("", load_clips, CLIP, {**CLIP, "fps": "fast"}, "wrong label: fps: 'fast' is no number"),
        ("", load_clips, CLIP, {**CLIP, "fps": 0}, "wrong label: fps: must be more than 0"),
        ("", load_clips, CLIP, {**CLIP, "plates": ["AB12"]}, "wrong label: plates[0]: "),
        ("", load_clips, CLIP, {**CLIP, "frames": float("inf")}, "wrong label: frames: "),
        ("", load_clips, CLIP, {**CLIP, "tags": "night"}, "wrong label: tags: 'night' is no list"),
        ("", load_clips, CLIP, {**CLIP, "regions": [7]}, "wrong label: regions: 7 is no text"),
        ("", load_clips, CLIP, [1], "must be a JSON object"),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "lines": "2"},
            "wrong label: lines: must be 1",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "lines": True},
            "wrong label: lines: must be 1",
        ),
        ("plates/x", load_plates, PLATE, _without(PLATE, "box"), "lacks 'box'"),
        ("plates/x", load_plates, PLATE, {**PLATE, "text": 12}, "wrong label: text: 12 is no text"),
        ("plates/x", load_plates, PLATE, {**PLATE, "box": list("abcd")}, "wrong label: box: "),
        ("scenes/x", load_scenes, SCENE, {**SCENE, "plates": [{}]}, "lacks 'plates[0].box'"),
        ("negatives", load_negatives, SCENE, {"split": "val"}, "lacks 'image'"),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "split": "Val"},
            "wrong label: split: must be train or val, not 'Val'",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "box": [0, 0, float("nan"), 5]},
            "wrong label: box: must be four finite numbers",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "box": [0, 0, float("inf"), 5]},
            "wrong label: box: must be four finite numbers",
        ),
        (
            "scenes/x",
            load_scenes,
            SCENE,
            {**SCENE, "plates": [{"box": [0, 0, 9, 5]}, {"box": [40, 4, 30, 12]}]},
            "wrong label: plates[1].box: [40, 4, 30, 12] has no area",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "box": [4, 40, 12, 30]},
            "wrong label: box: [4, 40, 12, 30] has no area",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "quad": [[5, 5], [5, 55], [175, 55], [175, 5]]},
            "wrong label: quad: [[5, 5], [5, 55], [175, 55], [175, 5]] are not corners clockwise",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "track": "7"},
            "wrong label: track: must be a whole number, not '7'",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "track": [7]},
            "wrong label: track: must be a whole number, not [7]",
        ),
        (
            "plates/x",
            load_plates,
            PLATE,
            {**PLATE, "text": "-"},
            "wrong label: text: no letter or digit is left",
        ),
        (
            "",
            load_clips,
            CLIP,
            {**CLIP, "plates": [{"text": "A1", "first_frame": 8, "last_frame": 7}]},
            "wrong label: plates[0].first_frame: must be from 0 to last_frame (7), not 8",
        ),
        ("", load_clips, CLIP, {**CLIP, "uncertain": "AB12"}, "wrong label: uncertain: 'AB12' is"),
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
    other = {**good, "image": "b.png", "video": "b.mp4"}
    labels.write_text(f"{json.dumps(other)}\n{json.dumps(bad)}\n")
    with pytest.raises(SourceError) as raised:
        load(tmp_path)
    assert str(raised.value).startswith(f"{labels}:2: {message}")


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_picture_that_is_labelled_twice_is_named(tmp_path: Path, split: str) -> None:
    """Of whatever split: it counts twice, or it is trained on and measured."""
    labels = tmp_path / "plates" / "x" / "labels.jsonl"
    labels.parent.mkdir(parents=True)
    again = {**PLATE, "image": "./a.png", "split": split}
    labels.write_text(f"{json.dumps(PLATE)}\n\n{json.dumps(again)}\n")
    with pytest.raises(SourceError) as raised:
        load_plates(tmp_path)
    told = f"{labels}:3: wrong label: image: './a.png' is that of line 1 already"
    assert str(raised.value) == told


def test_a_video_that_is_labelled_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(f"{json.dumps(CLIP)}\n" * 2)
    with pytest.raises(SourceError, match=r":2: wrong label: video: 'a\.mp4' is that of line 1"):
        load_clips(tmp_path)


def test_a_set_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    labels = tmp_path / "plates" / "x" / "labels.jsonl"
    labels.parent.mkdir(parents=True)
    labels.write_text(f"{json.dumps(PLATE)}\n")
    assert len(load_plates(tmp_path, sets=("x", "x"))) == 1


def test_texts_are_compared_as_readings_are_written(tmp_path: Path) -> None:
    """Capitals without separators; a mark for a character painted over stays."""
    labels = tmp_path / "plates" / "x" / "labels.jsonl"
    labels.parent.mkdir(parents=True)
    row = {**PLATE, "text": "b-ab 1?\u00b7c"}
    labels.write_text(f"{json.dumps(row)}\n")
    (picture,) = load_plates(tmp_path)
    assert (picture.text, picture.plate.text) == ("BAB1?C", "BAB1?C")
    plates = [{"text": "ab 12", "first_frame": 0, "last_frame": 9}]
    clip = {**CLIP, "plates": plates, "uncertain": ["x-1", {"text": "y 2"}]}
    (tmp_path / "labels.jsonl").write_text(f"{json.dumps(clip)}\n")
    (loaded,) = load_clips(tmp_path)
    assert loaded.plates[0].text == "AB12"
    assert loaded.uncertain == ("X1", "Y2")


@pytest.mark.parametrize(
    ("folder", "load", "row"),
    [
        ("plates/x", load_plates, PLATE),
        ("scenes/x", load_scenes, SCENE),
        ("negatives", load_negatives, SCENE),
    ],
)
def test_missing_pictures_are_found_before_the_first_is_looked_at(
    tmp_path: Path,
    folder: str,
    load: Callable[[Path], tuple[Scene | PlatePicture, ...]],
    row: dict[str, object],
) -> None:
    labels = tmp_path / folder / "labels.jsonl"
    labels.parent.mkdir(parents=True)
    labels.write_text(f"{json.dumps(row)}\n{json.dumps({**row, 'image': 'b.png'})}\n")
    (labels.parent / "a.png").touch()
    pictures = load(tmp_path)
    with pytest.raises(SourceError) as raised:
        require_pictures(pictures)
    missing = labels.parent / "b.png"
    assert str(raised.value) == f"{labels}:2: image: 1 of 2 pictures are missing: {missing}"
    missing.touch()
    require_pictures(pictures)


def test_labels_that_are_no_text_are_named(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_bytes(json.dumps(CLIP).encode() + b"\n\xff\xfe\n")
    with pytest.raises(SourceError, match=r"labels\.jsonl:2: is not UTF-8"):
        load_clips(tmp_path)


def test_missing_videos_are_found_before_the_first_is_run(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text(f"{json.dumps(CLIP)}\n")
    clips = load_clips(tmp_path)
    with pytest.raises(SourceError, match=r"labels\.jsonl:1: video: 1 of 1 clips are missing"):
        require_videos(clips)
    (tmp_path / "a.mp4").touch()
    require_videos(clips)
    with pytest.raises(SourceError, match="no clips"):
        require_videos(())


def test_labels_are_taken_as_training_takes_them(tmp_path: Path) -> None:
    """No split is train, a quad may stand without a box, and a byte order mark is none's error."""
    quad = [[4, 5], [40, 6], [39, 16], [3, 15]]
    row = {**_without(PLATE, "split"), "box": None, "quad": quad}
    folder = tmp_path / "plates" / "own"
    folder.mkdir(parents=True)
    (folder / "labels.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8-sig")
    (label,) = load_plates(tmp_path, "train")
    assert label.split == "train"
    assert label.plate.box.box == pytest.approx((3, 5, 40, 16))
    assert not load_plates(tmp_path, "val")
