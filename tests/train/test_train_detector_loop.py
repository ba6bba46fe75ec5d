"""The detector's training from labelled pictures to a served model, on a tiny set."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.detect.detector import OnnxDetector
from lpr.errors import TrainingError
from lpr.registry import find_model
from lpr.synth.paste import blend_plate, free_quad
from lpr.train.checkpoint import load_checkpoint
from lpr.train.detector_augment import CanvasSampler
from lpr.train.detector_bank import write_bank
from lpr.train.detector_batches import batches
from lpr.train.detector_data import build_cache, read_labels, with_mined, with_quads
from lpr.train.detector_loop import rate_at, train_detector
from lpr.train.detector_net import DetectorNet, DetectorShape
from lpr.train.detector_options import DetectorTrainOptions
from lpr.train.detector_refine import refine_corners
from lpr.train.detector_render import build_bank
from lpr.train.detector_targets import Targets, assign
from lpr.types import Image

TINY = DetectorShape(8, 8, 8, 8, 8, 0, 0, 0, 8, 8)


def _plate(rng: np.random.Generator) -> Image:
    plate = np.full((32, 128, 3), 240, np.uint8)
    text = "".join(str(d) for d in rng.integers(0, 10, 6))
    cv2.putText(plate, text, (4, 26), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (10, 10, 10), 2)
    return plate


def _write_set(folder: Path, rng: np.random.Generator, *, plates: bool) -> None:
    (folder / "images").mkdir(parents=True)
    rows = []
    for i in range(6):
        image = rng.integers(40, 120, (160, 240, 1), np.uint8).repeat(3, axis=2)
        labels = []
        quad = free_quad(240, 160, [], rng, widths=(40.0, 120.0), aspect=4.0) if plates else None
        if quad is not None:
            blend_plate(image, _plate(rng), quad, rng)
            low, high = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
            corners = quad.tolist() if i % 2 else None
            labels.append({"box": [*low, *high], "quad": corners, "text": "1", "lines": 1})
        cv2.imwrite(str(folder / "images" / f"{i}.png"), image)
        split = "val" if i > 3 else "train"
        row = {"image": f"images/{i}.png", "width": 240, "height": 160}
        rows.append(row | {"split": split, "plates": labels})
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(8)
    _write_set(tmp_path / "data" / "scenes" / "own", rng, plates=True)
    _write_set(tmp_path / "data" / "scenes" / "cn-easypr", rng, plates=True)
    _write_set(tmp_path / "data" / "negatives", rng, plates=False)
    write_bank([(_plate(rng), 1) for _ in range(4)], tmp_path / "bank")
    return tmp_path / "data"


def _options(data: Path, steps: int) -> DetectorTrainOptions:
    return DetectorTrainOptions(
        data=data,
        work=data.parent / "run",
        output=data.parent / "detector-tiny",
        bank=data.parent / "bank",
        steps=steps,
        decay_steps=2,
        batch=2,
        size=96,
        validation=(160, 96),
        validate_every=4,
        validate_stride=1,
        save_every=2,
        own_process=False,
        shape=TINY,
    )


def test_a_run_trains_resumes_and_exports_a_model_that_serves(data: Path) -> None:
    steps: list[int] = []
    train_detector(_options(data, 4), lambda step, total, figures: steps.append(step))
    assert load_checkpoint(data.parent / "run" / "detector.pt")["step"] == 4
    folder = train_detector(_options(data, 6), lambda step, total, figures: steps.append(step))
    assert next(step for step in steps if step > 4) == 5
    assert load_checkpoint(data.parent / "run" / "detector.pt")["step"] == 6
    curve = (data.parent / "run" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in curve] == [4, 6]
    files = find_model(str(folder))
    assert {entry.name for entry in files.manifest.training} == {"own", "negatives"}
    detector = OnnxDetector(files, score_threshold=0.0)
    assert detector.canvas_size == (160, 96)
    for shape in ((1, 1, 3), (300, 100, 3), (96, 160, 3)):
        for found in detector.detect(np.zeros(shape, np.uint8)):
            assert 0 <= found.score <= 1
            assert found.lines in (1, 2)


def test_a_run_goes_on_under_its_own_conditions_only(data: Path) -> None:
    """Else a set that is left out would be measured by a network that trained on it."""
    _write_set(data / "scenes" / "other", np.random.default_rng(9), plates=True)
    train_detector(_options(data, 2))
    for changed, message in (
        ({"left_out": ("own",)}, "--leave-out none, not own"),
        ({"seed": 9}, "--seed 1, not 9"),
    ):
        with pytest.raises(TrainingError, match=f"begun with {message}; begin anew with --fresh"):
            train_detector(replace(_options(data, 4), **changed))
    with (data / "scenes" / "own" / "labels.jsonl").open("a") as labels:
        labels.write("\n")
    with pytest.raises(TrainingError, match="begun with other labels"):
        train_detector(_options(data, 4))
    (data / "scenes" / "own" / "labels.jsonl").write_text(
        (data / "scenes" / "other" / "labels.jsonl").read_text()
    )
    options = replace(_options(data, 4), left_out=("own",), resume=False)
    trained = find_model(str(train_detector(options))).manifest.training
    assert {one.name for one in trained} == {"other", "negatives"}
    curve = (data.parent / "run" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in curve] == [4]


def test_a_cache_that_was_not_finished_is_made_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former index would show other pictures in its pixels."""
    pictures = read_labels(data, "train")
    few, folder = [one for one in pictures if one.dataset == "own"], data.parent / "cache"
    build_cache(few, folder)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("lpr.train.detector_data.cv2.imread", _stopped_after(3))
        build_cache(pictures, folder)
    cache = build_cache(few, folder)
    for one in few:
        shown = cv2.imread(str(one.path))
        assert shown is not None
        assert np.array_equal(cache.image(one.path), shown)


def _stopped_after(count: int) -> Callable[[str, int], object]:
    calls, read = iter(range(count)), cv2.imread

    def stopped(path: str, how: int) -> object:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return read(path.replace("/own/", "/cn-easypr/"), how)

    return stopped


def test_a_vehicle_of_the_val_split_does_not_train(data: Path) -> None:
    path = data / "scenes" / "own" / "labels.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["plates"] = row["plates"] or [{"box": [1, 1, 50, 20], "quad": None, "lines": 1}]
        row["plates"][0]["text"] = "AB1234" if number in (0, 5) else f"XY{number}000"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    trained = {one.path.name for one in read_labels(data, "train") if one.dataset == "own"}
    assert trained == {"1.png", "2.png", "3.png"}
    assert len([one for one in read_labels(data, "val") if one.dataset == "own"]) == 2


def test_what_no_view_shows_is_nowhere_in_a_mosaic(data: Path) -> None:
    pictures = [one for one in read_labels(data, "train") if one.dataset == "own"]
    cache = build_cache(pictures, data.parent / "cache")
    sampler = CanvasSampler(pictures, cache, 96, 96, seed=3)
    for _ in range(200):
        for plate in sampler._view(48, 48).plates:
            low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
            assert (high > 0).all() and (low < 48).all()


def test_a_bank_of_other_plates_is_refused(tmp_path: Path) -> None:
    build_bank(tmp_path / "bank", 2, 1, height=32)
    assert len(build_bank(tmp_path / "bank", 2, 1, height=32)) == 2
    with pytest.raises(TrainingError, match="other plates than 2 of seed 5"):
        build_bank(tmp_path / "bank", 2, 5, height=32)


def test_a_run_is_held_to_an_earlier_network(data: Path) -> None:
    train_detector(_options(data, 2))
    losses: dict[str, float] = {}
    options = replace(_options(data, 4), kept=data.parent / "run" / "detector.pt")
    train_detector(options, lambda step, total, figures: losses.update(figures))
    assert losses["kept"] >= 0
    with pytest.raises(TrainingError, match="no usable checkpoint"):
        train_detector(replace(options, kept=data / "none.pt"))


def test_the_same_seed_draws_the_same_canvases(data: Path) -> None:
    pictures = read_labels(data, "train")
    cache = build_cache(pictures, data.parent / "cache")
    draws = [CanvasSampler(pictures, cache, 96, 96, seed=3).draw() for _ in range(2)]
    assert np.array_equal(draws[0][0], draws[1][0])
    assert np.array_equal(draws[0][1].quads, draws[1][1].quads)


def test_evaluation_sets_never_train(data: Path) -> None:
    assert "cn-easypr" not in {picture.dataset for picture in read_labels(data, "train")}
    assert "cn-easypr" in {picture.dataset for picture in read_labels(data, "val")}


def test_a_set_is_left_out_of_the_training_alone(data: Path) -> None:
    rng = np.random.default_rng(9)
    _write_set(data / "scenes" / "other", rng, plates=True)
    trained = {picture.dataset for picture in read_labels(data, "train", ["own"])}
    assert trained == {"other", "negatives"}
    folder = train_detector(replace(_options(data, 2), left_out=("own",)))
    assert {one.name for one in find_model(str(folder)).manifest.training} == trained
    with pytest.raises(TrainingError, match=r"'othr'.*did you mean 'other'"):
        read_labels(data, "train", ["othr"])


def test_products_in_bfloat16_learn_nearly_the_same(data: Path) -> None:
    totals = []
    for bfloat16 in (False, True):
        losses: list[float] = []
        options = replace(_options(data, 2), resume=False, bfloat16=bfloat16, validate_every=9)
        train_detector(options, lambda step, total, seen: losses.append(seen.get("total", 0.0)))  # noqa: B023
        totals.append(losses[0])
    assert totals[0] != totals[1]
    assert totals[0] == pytest.approx(totals[1], rel=0.05)


def test_missing_data_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no labelled train pictures"):
        read_labels(tmp_path, "train")


def test_refined_corners_replace_boxes_only(data: Path) -> None:
    pictures = read_labels(data, "train", ["negatives"])
    quad = [[1.0, 2.0], [50.0, 3.0], [50.0, 20.0], [1.0, 19.0]]
    target = next(p for p in pictures if p.plates and not p.plates[0].exact)
    changed = with_quads(pictures, {f"own/{target.path.name}": [quad]})
    replaced = next(p for p in changed if p.path == target.path).plates[0]
    assert replaced.exact
    assert replaced.quad.tolist() == quad
    untouched = [p for p in changed if p.path != target.path]
    assert all(p.plates == q.plates for p in untouched for q in pictures if p.path == q.path)


def test_an_untrained_network_refines_nothing(data: Path) -> None:
    pictures = read_labels(data, "train", ["negatives"])
    cache = build_cache(pictures, data.parent / "cache")
    found = refine_corners(DetectorNet(TINY), pictures, cache)
    assert found
    assert all(quad is None for quads in found.values() for quad in quads)


def test_the_rate_warms_up_holds_and_falls(data: Path) -> None:
    options = _options(data, 10_000)
    assert rate_at(0, options) < 0.01 * options.rate
    assert rate_at(5_000, options) == options.rate
    assert rate_at(10_000, options) < 0.02 * options.rate


def test_finds_that_were_looked_at_count_as_what_they_are(data: Path) -> None:
    pictures = read_labels(data, "train", ("negatives",))
    whole, cut, lamp = (
        [[x, 5.0], [x + 40.0, 5.0], [x + 40.0, 15.0], [x, 15.0]] for x in (5.0, 60.0, 120.0)
    )
    mined = {"own/0.png": {"found": [whole], "plates": [cut], "hard": [lamp]}}
    first, second = with_mined(pictures, mined)[:2]
    added = first.plates[len(pictures[0].plates) :]
    assert {(one.quad[0, 0], one.ignore, one.exact) for one in added} == {
        (5.0, False, False),
        (60.0, True, False),
    }
    assert [quad.tolist() for quad in first.mistaken] == [lamp]
    assert second is pictures[1]


def test_mistaken_places_are_looked_at_on_pictures_with_plates_too(data: Path) -> None:
    """A bright lamp in a corner far from the plate fills the view now and then."""
    (picture, *_) = read_labels(data, "train", ("negatives",))
    image = cv2.imread(str(picture.path))
    assert image is not None
    place = max(
        [(0, 0), (220, 0), (0, 145), (220, 145)],
        key=lambda at: float(np.abs(picture.plates[0].quad.mean(axis=0) - at).sum()),
    )
    lamp = [[place[0] + dx, place[1] + dy] for dx, dy in ((0, 0), (20, 0), (20, 15), (0, 15))]
    shown = []
    for mined in ({}, {"own/0.png": {"hard": [lamp]}}):
        pictures = with_mined([picture], mined)
        cache = build_cache(pictures, data.parent / "lamps")
        sampler = CanvasSampler(pictures, cache, 96, 96, 3, None, {"own": 1.0}, calm=1.0)
        draws = [sampler.draw()[1] for _ in range(150)]
        shown.append(sum(not bool((one.owner >= 0).any()) for one in draws))
    assert shown[1] > shown[0] + 10


_inherited: list[int] = []


class _Marked(CanvasSampler):
    """Draws canvases as bright as what its process inherited."""

    def __init__(self) -> None:
        pass

    def draw(self) -> tuple[Image, Targets]:
        targets = assign([], np.ones((4, 4), np.float32), 32, 32)
        return np.full((32, 32, 3), sum(_inherited), np.uint8), targets


def _marked(seed: int) -> CanvasSampler:
    return _Marked()


def test_the_process_that_draws_is_no_copy_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy inherits OpenCV's pool without its threads and, now and then, waits for ever."""
    monkeypatch.setattr(f"{__name__}._inherited", [200])
    here = next(batches(_marked, 2, 1, own_process=False))
    assert here.images.min() == 200
    elsewhere = next(batches(_marked, 2, 1, own_process=True))
    assert elsewhere.images.shape == (2, 32, 32, 3)
    assert elsewhere.images.max() == 0
