"""Training the corner refiner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.detect.corners import HEIGHT, WIDTH, CornerRefiner, nominal_corners
from lpr.errors import TrainingError
from lpr.geometry import Quad
from lpr.registry import find_model
from lpr.train import corners_data
from lpr.train.corners_data import CornerPicture, CornerSampler
from lpr.train.corners_loop import CornersTrainOptions, flipped, train_corners
from lpr.train.recognizer_cache import RenderedCache
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """A cache of two plates, white on grey."""
    folder = tmp_path / "rendered"
    folder.mkdir()
    np.save(folder / "a.npy", np.full((2, PATCH_HEIGHT, PATCH_WIDTH), 240, np.uint8))
    (folder / "a.json").write_text(json.dumps({"seed": 0, "texts": ["A1", "B2"]}))
    return folder


def _real() -> CornerPicture:
    picture = np.full((160, 320), 40, np.uint8)
    picture[60:100, 100:220] = 230
    return CornerPicture(picture, np.array(Quad.from_box(100, 60, 220, 100).points, np.float32))


def test_offsets_point_at_the_plates_own_corners(
    rendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half way from the corner to the plate's middle it is bright, outside it is dark."""
    monkeypatch.setattr(corners_data, "_COVERED", 0.0)
    sampler = CornerSampler([_real()], RenderedCache(rendered), (), rendered_share=0.0, seed=3)
    right = judged = 0
    for _ in range(60):
        sample = sampler.draw()
        corners = (sample.offsets.reshape(4, 2) + nominal_corners()) * (WIDTH, HEIGHT)
        middle = corners.mean(axis=0)
        for corner in corners:
            inside, outside = middle + 0.8 * (corner - middle), middle + 1.25 * (corner - middle)
            (x, y), (u, v) = inside.astype(int), outside.astype(int)
            if min(u, v, x, y) >= 0 and max(u, x) < WIDTH and max(v, y) < HEIGHT:
                judged += 1
                pair = float(sample.window[y, x]), float(sample.window[v, u])
                bright = float(sample.window[int(middle[1]), int(middle[0])])
                right += abs(pair[0] - bright) < abs(pair[1] - bright)
    assert judged > 100
    assert right > 0.95 * judged


def test_a_covering_plate_hides_the_real_one(rendered: Path) -> None:
    """Of the real plate, which is darker, nothing is left beside the rendered one."""
    one = _real()
    picture = np.where(one.picture == 230, 1, one.picture).astype(np.uint8)
    sampler = CornerSampler([], RenderedCache(rendered), (), seed=3)
    for _ in range(30):
        covered = sampler._covered(CornerPicture(picture, one.corners))
        assert covered.picture.shape == picture.shape
        assert covered.picture.min() > 2
        assert Quad.from_points(covered.corners.tolist()).width > 120


def test_a_mirrored_window_has_mirrored_corners() -> None:
    rng = np.random.default_rng(0)
    corners = np.array(Quad.from_box(30, 20, 100, 44).points, np.float32)
    corners += rng.normal(0, 3, (4, 2)).astype(np.float32)
    window = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillConvexPoly(window, np.round(corners).astype(np.int32), 1.0)
    offsets = (corners / (WIDTH, HEIGHT) - nominal_corners()).astype(np.float32).reshape(1, 8)
    views, moved = flipped(window[None, None], offsets)
    assert views.shape == (4, 1, HEIGHT, WIDTH)
    for view, offset in zip(views, moved, strict=True):
        there = (offset.reshape(4, 2) + nominal_corners()) * (WIDTH, HEIGHT)
        again = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.fillConvexPoly(again, np.round(there).astype(np.int32), 1.0)
        assert np.abs(again - view[0]).mean() < 0.03
        assert Quad.from_points(there.tolist()).is_convex


def _shared_folder(folder: Path) -> Path:
    """A data folder with one set of two labelled pictures and one negative."""
    for split, name in (("train", "a.png"), ("val", "b.png")):
        scenes = folder / "scenes" / "own"
        scenes.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(scenes / name), cv2.cvtColor(_real().picture, cv2.COLOR_GRAY2BGR))
        quad = _real().corners.tolist()
        plate = {"box": [100, 60, 220, 100], "quad": quad, "lines": 1}
        row = {"image": name, "height": 160, "width": 320, "split": split, "plates": [plate]}
        with (scenes / "labels.jsonl").open("a") as labels:
            labels.write(json.dumps(row) + "\n")
            without = {"box": [100, 60, 220, 100], "quad": None, "lines": 1}
            labels.write(json.dumps(row | {"plates": [without]}) + "\n")
    negatives = folder / "negatives"
    negatives.mkdir()
    cv2.imwrite(str(negatives / "n.png"), np.full((120, 200, 3), 90, np.uint8))
    return folder


def test_a_run_learns_resumes_and_writes_a_model(rendered: Path, tmp_path: Path) -> None:
    data = _shared_folder(tmp_path / "data")
    seen: list[float] = []
    options = CornersTrainOptions(
        data,
        tmp_path / "work",
        tmp_path / "corners-own",
        rendered,
        steps=100,
        batch=16,
        own_process=False,
    )
    folder = train_corners(options, lambda _step, _steps, figures: seen.append(figures["loss"]))
    assert seen[-1] < seen[0]
    assert train_corners(replace(options, steps=101)) == folder
    with pytest.raises(TrainingError, match="begun with --seed 1, not 2"):
        train_corners(replace(options, seed=2))
    # Only what has corners to learn from counts.
    manifest = find_model(str(folder)).manifest
    assert {one.name: one.pictures for one in manifest.training} == {"own": 1}

    refiner = CornerRefiner(find_model(str(folder)))
    image = cv2.cvtColor(_real().picture, cv2.COLOR_GRAY2BGR)
    quad = Quad.from_box(95, 55, 228, 106)
    refined = refiner.refine(np.asarray(image, np.uint8), quad)
    assert refined.is_convex
