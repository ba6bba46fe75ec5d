"""Detection, recognition and end to end on a small data folder made here, with fake parts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.errors import ImageError, OutputError, SourceError
from lpr.evaluate import (
    data_folder,
    evaluate_detection,
    evaluate_end_to_end,
    evaluate_recognition,
    load_clips,
    load_plates,
    load_scenes,
    write_report,
)
from lpr.evaluate.datasets import PlateLabel, Scene, read_image
from lpr.evaluate.detection import corner_error, score_detections
from lpr.evaluate.intervals import Proportion
from lpr.geometry import Quad
from lpr.stills import StillReader
from lpr.types import CharCandidates, CropQuality, Detection, Image, PlateCrop, Reading, Track
from lpr.vote.prior import no_prior

_QUAD = [[20, 20], [80, 20], [80, 40], [20, 40]]


class _Detector:
    """Finds every bright rectangle; its score is its brightness."""

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        contours, _ = cv2.findContours(
            (grey > 100).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        found = []
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            score = float(grey[y + h // 2, x + w // 2]) / 255
            found.append(Detection(Quad.from_box(x, y, x + w, y + h), score, 1))
        return tuple(found)


class _Rectifier:
    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        left, top, right, bottom = (int(v) for v in quad.box)
        crop = np.ascontiguousarray(image[top:bottom, left:right])
        return PlateCrop(crop, CropQuality(quad.width, 1.0), quad)


class _Recognizer:
    """Reads brightness: the text is known by the blue value of the crop's middle."""

    def __init__(self, texts: dict[int, str]) -> None:
        self._texts = texts

    def read(self, crops: Sequence[Image]) -> tuple[Reading, ...]:
        readings = []
        for crop in crops:
            blue = int(crop[crop.shape[0] // 2, crop.shape[1] // 2, 0])
            text = self._texts.get(blue, "")
            candidates = tuple(CharCandidates((char,), (1.0,)) for char in text)
            readings.append(Reading(text, (1.0,) * len(text), candidates, 0.9 if text else 0.0))
        return tuple(readings)


def _picture(path: Path, plates: Sequence[tuple[Sequence[Sequence[float]], int]]) -> None:
    image = np.zeros((60, 120, 3), np.uint8)
    for quad, value in plates:
        (x0, y0), _, (x1, y1), _ = quad
        image[int(y0) : int(y1), int(x0) : int(x1)] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def _labels(folder: Path, rows: Sequence[dict[str, object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join(json.dumps(row) for row in rows)
    (folder / "labels.jsonl").write_text(text, encoding="utf-8")


def _plate(place: Sequence[Sequence[float]], **more: object) -> dict[str, object]:
    (x0, y0), _, (x1, y1), _ = place
    return {"box": [x0, y0, x1, y1], "quad": None, "text": None, "lines": None, **more}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four scenes, four plates, two negatives, one of them with a false alarm."""
    scenes = tmp_path / "scenes" / "one"
    far = [[90, 45], [110, 45], [110, 52], [90, 52]]
    _picture(scenes / "images/a.png", [(_QUAD, 200), (far, 120)])
    _picture(scenes / "images/b.png", [(_QUAD, 210)])
    _picture(scenes / "images/c.png", [])
    _picture(scenes / "images/t.png", [(_QUAD, 200)])
    _labels(
        scenes,
        [
            {
                "image": "images/a.png",
                "split": "val",
                "plates": [
                    _plate(_QUAD, quad=_QUAD, text="AB12", lines=1),
                    _plate(far, note="notplate"),
                ],
            },
            {
                "image": "images/b.png",
                "split": "val",
                "plates": [_plate(_QUAD, text="O112", lines=2)],
            },
            {
                "image": "images/c.png",
                "split": "val",
                "plates": [_plate(_QUAD, text="GONE1", lines=1)],
            },
            {"image": "images/t.png", "split": "train", "plates": [_plate(_QUAD)]},
        ],
    )
    plates = tmp_path / "plates" / "crops"
    for name, value in (("a", 200), ("b", 210), ("c", 220), ("d", 230)):
        _picture(plates / f"images/{name}.png", [(_QUAD, value)])
    shared = {"split": "val", "lines": 1, "box": [20, 20, 80, 40], "quad": None}
    _labels(
        plates,
        [
            {"image": "images/a.png", "text": "AB12", **shared},
            {"image": "images/b.png", "text": "O112", **shared},
            {"image": "images/c.png", "text": "A\u3042", **shared},
            {"image": "images/d.png", "text": "9?1", **shared},
        ],
    )
    negatives = tmp_path / "negatives"
    _picture(negatives / "images/n.png", [])
    _picture(negatives / "images/m.png", [(_QUAD, 180)])
    _labels(
        negatives,
        [{"image": f"images/{n}.png", "split": "val", "plates": []} for n in ("n", "m")],
    )
    return tmp_path


_TEXTS = {200: "AB12", 210: "0112", 230: "971"}


def test_detection_counts_found_missed_and_false(data: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = evaluate_detection(_Detector(), data, progress=lambda *done: seen.append(done))
    # Three plates: `notplate` is none. Two are found.
    assert (report.overall.recall.hits, report.overall.recall.total) == (2, 3)
    assert report.corner_error.total == 1
    assert report.corner_error.value == pytest.approx(0.0, abs=0.03)
    assert (report.lines_right.hits, report.lines_right.total) == (1, 2)
    assert report.false_per_100.value == pytest.approx(50.0)
    assert report.negatives_with_false.hits == 1
    assert report.overall.mean_iou.total == 2
    assert report.overall.mean_iou.low == pytest.approx(1.0)
    at_half = {score: false for score, _, false in report.by_score}[0.5]
    assert (at_half.low, at_half.value, at_half.high, at_half.total) == (0.0, 50.0, 100.0, 2)
    assert seen[-1] == (5, 5)
    causes = sorted(one.cause for one in report.failures)
    assert causes == ["false", "missed"]
    files = write_report(report, tmp_path / "out", "detection")
    assert {path.suffix for path in files} == {".md", ".json", ".png"}
    assert json.loads(files[1].read_text(encoding="utf-8"))["overall"]["recall"]["n"] == 3
    assert "recall IoU 0.5" in files[0].read_text(encoding="utf-8")
    assert all(read_image(path).size for path in files if path.suffix == ".png")


def test_detection_operating_threshold(data: Path) -> None:
    report = evaluate_detection(_Detector(), data, min_score=0.8)
    assert report.overall.recall.hits == 1
    assert report.negatives_with_false.hits == 0
    by_score = {score: recall.hits for score, recall, _ in report.by_score}
    assert (by_score[0.1], by_score[0.8], by_score[0.9]) == (2, 1, 0)


def test_a_find_on_no_plate_is_neither_right_nor_wrong() -> None:
    plate = PlateLabel(Quad.from_box(10, 10, 60, 30), None, "AB12", 1, "")
    sign = replace(plate, box=Quad.from_box(80, 10, 130, 30), note="notplate")
    scene = Scene("set", Path("a.png"), "val", (plate, sign))
    on_both = [Detection(one.shape, 0.9) for one in (plate, sign)]
    report = score_detections([(scene, on_both)], [], "val")
    assert report.overall.precision == Proportion(1, 1)
    report = score_detections([(scene, on_both[1:])], [], "val")
    assert report.overall.precision == Proportion(0, 0)


def test_corner_error_is_a_share_of_the_width() -> None:
    label = Quad.from_box(0, 0, 100, 20)
    assert corner_error(label.shifted(3, 4), label) == pytest.approx(0.05)


def test_recognition_reports_every_plate_once(data: Path) -> None:
    report = evaluate_recognition(
        _Recognizer(_TEXTS), _Rectifier(), data, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    )
    assert (report.overall.exact.hits, report.overall.exact.total) == (1, 2)
    assert report.overall.exact_folded.hits == 2
    assert report.overall.character_error_rate.value == pytest.approx(1 / 8)
    apart = {row.name: (row.exact.hits, row.exact.total) for row in report.apart}
    assert apart == {"outside the alphabet": (0, 1), "partly painted over": (1, 1)}
    assert [one.expected for one in report.failures] == ["O112", "A\u3042"]
    assert "partly painted over" in report.to_markdown()


def test_pictures_of_one_plate_are_one_plate(data: Path) -> None:
    """Another crop of a text makes no other plate, of a track no other track."""
    labels = data / "plates" / "crops" / "labels.jsonl"
    rows = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
    rows[1]["text"] = rows[0]["text"]
    rows[2] |= {"text": "CD34", "track": 1}
    rows[3] |= {"text": "EF56", "track": 1}
    _labels(labels.parent, rows)
    report = evaluate_recognition(_Recognizer(_TEXTS), _Rectifier(), data)
    assert (report.overall.exact.total, report.overall.distinct) == (4, 2)
    assert "| all | 2 | 0.250 (" in report.to_markdown()
    scenes = data / "scenes" / "one" / "labels.jsonl"
    scenes.write_text(scenes.read_text().replace("O112", "AB12"))
    reader = StillReader(_Detector(), _Detector(), _Rectifier(), _Recognizer(_TEXTS), no_prior)
    ended = evaluate_end_to_end(reader, data)
    assert (ended.overall.right.total, ended.overall.distinct) == (3, 2)
    assert "| all | 2 | 0.333 (" in ended.to_markdown()


def test_the_error_rates_of_nothing_are_none(data: Path) -> None:
    report = evaluate_recognition(_Recognizer(_TEXTS), _Rectifier(), data, alphabet="#")
    assert report.overall.exact.total == 0
    assert "| all | 0 | - (n=0) | - (n=0) | - (n=0) | - (n=0) |" in report.to_markdown()
    assert "0.0000" not in report.to_markdown()
    json.dumps(report.to_json(), allow_nan=False)


def test_end_to_end_splits_right_wrong_and_missed(data: Path) -> None:
    reader = StillReader(_Detector(), _Detector(), _Rectifier(), _Recognizer(_TEXTS), no_prior)
    report = evaluate_end_to_end(reader, data)
    row = report.overall
    assert (row.right.hits, row.wrong.hits, row.no_read.hits, row.missed.hits) == (1, 1, 0, 1)
    assert row.folded.hits == 2
    strict = evaluate_end_to_end(reader, data, min_confidence=0.95)
    assert (strict.overall.right.hits, strict.overall.no_read.hits) == (0, 2)
    assert "no read" in strict.to_markdown()


def test_broken_data_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no data folder"):
        data_folder(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="no set 'two'"):
        load_scenes(data, sets=["two"])
    with pytest.raises(ValueError, match="unknown split"):
        load_plates(data, "test")
    with pytest.raises(SourceError, match="no labelled sets"):
        load_plates(tmp_path / "negatives")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips/labels.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(SourceError, match=r"labels.jsonl:1: is not JSON"):
        load_clips(tmp_path / "clips")
    with pytest.raises(ImageError, match="not a picture"):
        read_image(tmp_path / "clips/labels.jsonl")
    with pytest.raises(ImageError, match="cannot read"):
        read_image(tmp_path / "none.png")
    report = evaluate_detection(_Detector(), data)
    with pytest.raises(OutputError, match="cannot write"):
        write_report(report, tmp_path / "clips/labels.jsonl", "x")


def test_shared_data_is_read_whole(shared_data: Path) -> None:
    scenes = load_scenes(shared_data, "all")
    plates = load_plates(shared_data, "all")
    clips = load_clips(shared_data / "clips")
    assert len(scenes) == 4505
    assert len(plates) == 5711
    assert len(clips) == 18
    assert sum(len(clip.plates) for clip in clips) == 18
    assert all(one.path.is_file() for one in scenes[::97])
