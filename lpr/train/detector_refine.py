"""Corners for plates that are labelled by a box only: several zoomed looks of a trained detector.

A plate is taken where the looks agree with each other and with the box; the others keep their box.
Self-labelling as in noisy student training (Xie et al., 2020), held to what people labelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lpr.detect.maps import decode_maps
from lpr.detect.nms import plausible, suppress
from lpr.imaging import PAD_GREY, detector_input
from lpr.train.detector_data import LabelledPicture, PictureCache, PlateLabel
from lpr.train.detector_net import MEAN, SCALE
from lpr.train.detector_score import extent_iou
from lpr.types import Image

Floats = npt.NDArray[np.float32]
Quads = dict[str, list[list[list[float]] | None]]

SIDE = 256
ZOOMS = (60.0, 90.0, 130.0)
LEAST_LOOKS = 4
TIGHT_IOU, LOOSE_IOU = 0.72, 0.35
"""How well a refined quad must fit the box that it replaces, and one of its looks."""
MOST_SPREAD = 0.035
"""Mean corner distance between the looks, in shares of the plate's width."""


def refine_corners(
    net: nn.Module, pictures: Sequence[LabelledPicture], cache: PictureCache
) -> Quads:
    """Find the corners of every plate that is known by its box only.

    Args:
        net: a trained detector.
        pictures: labelled pictures.
        cache: their pixels.

    Returns:
        `set/file name` -> for each plate its corners, or None where the looks do not agree; the
        form that `with_quads` takes.
    """
    net = net.eval()
    found: Quads = {}
    for picture in pictures:
        if any(not plate.exact and not plate.ignore for plate in picture.plates):
            image = cache.image(picture.path)
            quads = [
                None if plate.exact or plate.ignore else _refine(net, image, plate)
                for plate in picture.plates
            ]
            found[f"{picture.dataset}/{picture.path.name}"] = [
                None if quad is None else [[round(float(v), 2) for v in p] for p in quad]
                for quad in quads
            ]
    return found


def _refine(net: nn.Module, image: Image, plate: PlateLabel) -> Floats | None:
    low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
    center = (low + high) / 2
    canvases, backs = [], []
    for canvas, scale, mirrored in _looks(image, center, float(high[0] - low[0])):
        canvases.append(canvas)
        backs.append((scale, mirrored))
    with torch.no_grad():
        outputs = [o.numpy() for o in net(torch.from_numpy(detector_input(canvases, MEAN, SCALE)))]
    quads = []
    for i, (scale, mirrored) in enumerate(backs):
        candidates = suppress(
            plausible(decode_maps([o[i] for o in outputs], threshold=0.3), SIDE, SIDE)
        )
        back = [_to_picture(quad, center, scale, mirrored) for quad in candidates.quads]
        near = [quad for quad in back if extent_iou(quad, plate.quad) >= LOOSE_IOU]
        if near:
            quads.append(near[0])
    return _agreed(quads, plate)


def _looks(image: Image, center: Floats, width: float) -> Iterator[tuple[Image, float, bool]]:
    for zoom in ZOOMS:
        scale = min(zoom / max(width, 4.0), 2.5)
        patch = max(2, round(SIDE / scale))
        corner = np.round(center - patch / 2).astype(int)
        padded = _window(image, corner, patch)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.asarray(cv2.resize(padded, (SIDE, SIDE), interpolation=how), np.uint8)
        yield canvas, scale, False
        yield np.ascontiguousarray(canvas[:, ::-1]), scale, True


def _window(image: Image, corner: npt.NDArray[np.int_], side: int) -> Image:
    """A square cut from the picture, grey where it lies outside."""
    rows, columns = image.shape[:2]
    window = np.full((side, side, 3), PAD_GREY, np.uint8)
    x0, y0 = np.maximum(corner, 0)
    x1, y1 = np.minimum(corner + side, [columns, rows])
    if x1 > x0 and y1 > y0:
        window[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]] = image[
            y0:y1, x0:x1
        ]
    return window


def _to_picture(quad: Floats, center: Floats, scale: float, mirrored: bool) -> Floats:
    patch = max(2, round(SIDE / scale))
    corner = np.round(center - patch / 2)
    if mirrored:
        quad = quad[[1, 0, 3, 2]].copy()
        quad[:, 0] = SIDE - quad[:, 0]
    return np.asarray(quad * (patch / SIDE) + corner, np.float32)


def _agreed(quads: Sequence[Floats], plate: PlateLabel) -> Floats | None:
    if len(quads) < LEAST_LOOKS:
        return None
    stack = np.stack(quads)
    quad = np.median(stack, axis=0)
    width = float(np.ptp(quad[:, 0]))
    spread = float(np.median(np.linalg.norm(stack - quad, axis=2))) / max(width, 1.0)
    if spread > MOST_SPREAD:
        return None
    low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
    if plate.slack > 0:
        room = 0.06 * (high - low) + 1
        inside = (quad.min(axis=0) >= low - room).all() and (quad.max(axis=0) <= high + room).all()
        return quad.astype(np.float32) if inside else None
    if extent_iou(quad, plate.quad) < TIGHT_IOU:
        return None
    # The box is the better witness of the extent, the looks are of the slant.
    size = np.maximum(np.ptp(quad, axis=0), 1e-3)
    return np.asarray((quad - quad.min(axis=0)) / size * (high - low) + low, np.float32)
