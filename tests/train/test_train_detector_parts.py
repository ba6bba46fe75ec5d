"""Targets, loss, calibration and batches of the detector's training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lpr.detect.maps import OFFSET_UNIT, STRIDES, decode_maps, place_centers
from lpr.detect.nms import suppress
from lpr.geometry import Quad, box_iou
from lpr.train.detector_batches import Batch, mirrored
from lpr.train.detector_calibrate import calibrate, choose_threshold
from lpr.train.detector_data import NEGATIVES
from lpr.train.detector_loss import DetectorLoss
from lpr.train.detector_net import DetectorNet
from lpr.train.detector_score import SetScore
from lpr.train.detector_targets import SIZE_RANGES, CanvasPlate, assign, plate_size

SIDE = 320


def _plate(
    x: float, y: float, w: float, h: float, *, exact: bool = True, ignore: bool = False
) -> CanvasPlate:
    quad = np.array([[x, y], [x + w, y + 2], [x + w, y + h + 2], [x, y + h]], np.float32)
    return CanvasPlate(quad, exact, 0.0, 1, ignore)


def _trust() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ones((SIDE // 8, SIDE // 8), np.float32)


@pytest.mark.parametrize("width", [9, 14, 30, 50, 70, 130, 200, 310])
def test_every_plate_has_places_that_answer_for_it(width: int) -> None:
    rng = np.random.default_rng(width)
    for _ in range(20):
        height = max(3.0, width / rng.uniform(1.5, 5))
        x, y = rng.uniform(0, SIDE - width), rng.uniform(0, SIDE - height - 2)
        targets = assign([_plate(x, y, width, height)], _trust(), SIDE, SIDE)
        assert (targets.owner == 0).any()


def test_places_answer_only_on_maps_of_their_size() -> None:
    plate = _plate(100, 100, 24, 8)
    targets = assign([plate], _trust(), SIDE, SIDE)
    start = 0
    for (low, high), stride in zip(SIZE_RANGES, STRIDES, strict=True):
        count = (SIDE // stride) ** 2
        answered = bool((targets.owner[start : start + count] == 0).any())
        assert answered == (low <= plate_size(plate.quad) < high)
        start += count


def test_ignored_plates_are_neither_target_nor_background() -> None:
    targets = assign([_plate(100, 100, 80, 30, ignore=True)], _trust(), SIDE, SIDE)
    assert (targets.owner == -1).all()
    centers = place_centers(SIDE, SIDE, 8)
    inside = ((centers > [100, 100]) & (centers < [180, 130])).all(axis=1)
    assert inside.any()
    assert (targets.background[: len(centers)][inside] == 0).all()
    assert (targets.background[: len(centers)][(centers < 90).all(axis=1)] == 1).all()


def _perfect_maps(
    targets_quad: np.ndarray[tuple[int, ...], np.dtype[np.float32]], logit: float = -8.0
) -> list[torch.Tensor]:
    maps = []
    for stride in STRIDES:
        side = SIDE // stride
        centers = torch.from_numpy(place_centers(SIDE, SIDE, stride))
        offsets = (torch.from_numpy(targets_quad)[None] - centers[:, None]) / (stride * OFFSET_UNIT)
        level = torch.full((1, 10, side, side), logit)
        level[0, 2:] = offsets.reshape(side, side, 8).permute(2, 0, 1)
        maps.append(level)
    return maps


@pytest.mark.parametrize("exact", [True, False])
def test_right_corners_cost_nothing_and_wrong_ones_do(exact: bool) -> None:
    plate = _plate(100, 100, 80, 30, exact=exact)
    if not exact:
        box = np.array([[100, 100], [180, 100], [180, 132], [100, 132]], np.float32)
        plate = CanvasPlate(box, False, 0.0, 1)
    targets = assign([plate], _trust(), SIDE, SIDE)
    loss = DetectorLoss(SIDE, SIDE)
    tensors = [
        torch.from_numpy(value)[None]
        for value in (targets.owner, targets.background, targets.quads, targets.facts)
    ]
    good = loss(_perfect_maps(plate.quad), *tensors)
    bad = loss(_perfect_maps(plate.quad + np.float32(6)), *tensors)
    assert float(good["corner"]) == pytest.approx(0, abs=1e-3)
    assert float(good["box"]) == pytest.approx(0, abs=1e-3)
    assert float(bad["corner"]) > 0.03
    assert float(bad["box"]) > 0.1


def test_only_what_an_earlier_network_found_right_is_held() -> None:
    plate = _plate(100, 100, 80, 30)
    targets = assign([plate], _trust(), SIDE, SIDE)
    tensors = [
        torch.from_numpy(value)[None]
        for value in (targets.owner, targets.background, targets.quads, targets.facts)
    ]
    loss = DetectorLoss(SIDE, SIDE, keep=2.0)
    right, wrong = (_perfect_maps(plate.quad + np.float32(off), 3.0) for off in (0, 40))
    near = _perfect_maps(plate.quad + np.float32(4), 3.0)
    same, moved = (loss(maps, *tensors, answers=right) for maps in (right, near))
    assert float(moved["kept"]) > float(same["kept"]) + 0.02
    assert float(loss(right, *tensors, answers=wrong)["kept"]) == 0
    alone = loss(right, *tensors)
    assert "kept" not in alone
    assert float(same["total"]) == pytest.approx(float(alone["total"] + 2.0 * same["kept"]))


def test_an_empty_canvas_trains_the_background_only() -> None:
    targets = assign([], _trust(), SIDE, SIDE)
    net = DetectorNet()
    losses = DetectorLoss(SIDE, SIDE)(
        net(torch.zeros(1, 3, SIDE, SIDE)),
        *(
            torch.from_numpy(value)[None]
            for value in (targets.owner, targets.background, targets.quads, targets.facts)
        ),
    )
    losses["total"].backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(losses["total"])
    assert float(losses["score"].detach()) > 0
    assert float(losses["corner"].detach()) == 0


def test_a_network_learns_one_picture() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    image = np.full((SIDE, SIDE, 3), 60, np.uint8)
    plate = _plate(96, 140, 100, 30)
    image[140:172, 96:196] = rng.integers(180, 255, (32, 100, 1))
    targets = assign([plate], _trust(), SIDE, SIDE)
    tensors = [
        torch.from_numpy(value)[None]
        for value in (targets.owner, targets.background, targets.quads, targets.facts)
    ]
    batch = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1
    net, loss = DetectorNet(), DetectorLoss(SIDE, SIDE)
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3)
    # Falling to nothing, so that the last step's luck, which differs by processor, decides nothing.
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 120)
    for _ in range(120):
        losses = loss(net(batch), *tensors)
        optimizer.zero_grad()
        losses["total"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        falling.step()
    with torch.no_grad():
        maps = [level[0].numpy() for level in net(batch)]
    found = decode_maps(maps, threshold=0.3)
    assert len(found) > 0
    best = suppress(found).quads[0]
    overlap = box_iou(Quad.from_points(best.tolist()), Quad.from_points(plate.quad.tolist()))
    assert overlap > 0.6


def test_mirroring_twice_changes_nothing_and_targets_follow_the_picture() -> None:
    plate = _plate(40, 100, 60, 20)
    targets = assign([plate], _trust(), SIDE, SIDE)
    image = torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)
    image[:, :, :40] = 255
    batch = Batch(
        image,
        *(
            torch.from_numpy(value)[None]
            for value in (targets.owner, targets.background, targets.quads, targets.facts)
        ),
    )
    once = mirrored(batch)
    assert int(once.images[0, 0, -1, 0]) == 255
    flipped = assign([CanvasPlate(once.quads[0, 0].numpy(), True, 0.0, 1)], _trust(), SIDE, SIDE)
    assert np.array_equal(once.owner[0].numpy(), flipped.owner)
    again = mirrored(once)
    assert torch.equal(again.owner, batch.owner)
    assert torch.equal(again.images, batch.images)
    torch.testing.assert_close(again.quads, batch.quads)


def test_calibration_rises_and_separates_hits_from_strays() -> None:
    rng = np.random.default_rng(1)
    score = SetScore(
        hits=list(rng.uniform(0.4, 0.95, 400)),
        strays=list(rng.uniform(0.05, 0.6, 400)),
        pictures=100,
    )
    knots = calibrate({"some": score})
    xs, ys = zip(*knots, strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)
    assert np.interp(0.2, xs, ys) < 0.05
    assert np.interp(0.8, xs, ys) > 0.95
    assert np.interp(0.5, xs, ys) == pytest.approx(0.5, abs=0.2)


def test_the_threshold_keeps_within_the_allowance() -> None:
    negatives = SetScore(strays=[0.3] * 5 + [0.6], pictures=100)
    threshold = choose_threshold({NEGATIVES: negatives}, [(0.0, 0.0), (1.0, 1.0)])
    assert 0.3 < threshold.raw < 0.4
    assert threshold.calibrated == pytest.approx(threshold.raw, abs=1e-3)
