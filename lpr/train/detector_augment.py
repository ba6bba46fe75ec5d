"""Endless training canvases: a labelled picture seen at another scale, place, angle and camera.

Scales are drawn so that plates have every width that serving meets, from about 9 to 330 canvas
pixels, whatever size they have in their picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.detect.maps import STRIDES
from lpr.imaging import PAD_GREY
from lpr.train.detector_data import NEGATIVES, LabelledPicture, PictureCache, PlateLabel
from lpr.train.detector_night import at_night
from lpr.train.detector_paste import Paster
from lpr.train.detector_photo import photograph
from lpr.train.detector_targets import CanvasPlate, Targets, assign
from lpr.types import Image

SERVING_WIDTH, SERVING_HEIGHT = 640, 384
DEFAULT_SHARES: Mapping[str, float] = {
    "mixed-openlpr": 0.39,
    "us-uk-ph-cjsantos": 0.14,
    "ro-night": 0.09,
    "cn-ccpd-mini": 0.08,
    "egypt-moto": 0.09,
    "thai-v2": 0.06,
    "india-moto-helmet": 0.05,
    NEGATIVES: 0.2,
}
HARD_REPEATS = 4
"""How often a picture with a mistaken place and without plates comes where others come once."""
_AT_MISTAKES, _AT_MISTAKES_ALONE = 0.3, 0.7
"""Share of the views that look at a mistaken place, of a picture with plates and of one without."""
_NIGHTS = 0.15
"""Share of the altered views that are made night."""
MIN_WIDTH = 7.0
VISIBLE = 0.6

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A rendered part of a picture: pixels, plates and how far its background can be trusted."""

    canvas: Image
    plates: list[CanvasPlate]
    trust: float


class CanvasSampler:
    """Draws training canvases; the same seed draws the same ones.

    Args:
        pictures: labelled training pictures.
        cache: their pixels.
        width: canvas width, a multiple of 32.
        height: canvas height, a multiple of 32.
        seed: any whole number.
        paster: puts rendered plates into the views; None for none.
        shares: how often each set is drawn; sets without pictures are left out.
        calm: share of the views that stay as their camera took them, and of the mosaics left out.
    """

    def __init__(
        self,
        pictures: Sequence[LabelledPicture],
        cache: PictureCache,
        width: int,
        height: int,
        seed: int,
        paster: Paster | None = None,
        shares: Mapping[str, float] = DEFAULT_SHARES,
        calm: float = 0.0,
    ) -> None:
        self._cache, self._width, self._height = cache, width, height
        self._rng = np.random.default_rng(seed)
        self._paster, self._calm = paster, calm
        self._sets: dict[str, list[LabelledPicture]] = {}
        for picture in pictures:
            repeats = HARD_REPEATS if picture.mistaken and not picture.plates else 1
            self._sets.setdefault(picture.dataset, []).extend([picture] * repeats)
        self._names = sorted(self._sets)
        weights = np.array([shares.get(name, 0.05) for name in self._names])
        self._weights = weights / weights.sum()

    def draw(self) -> tuple[Image, Targets]:
        """Return one height x width x 3 uint8 BGR canvas and its targets."""
        if self._rng.random() < 0.25 * (1 - self._calm):
            return self._mosaic()
        view = self._view(self._width, self._height)
        step = STRIDES[0]
        trust = np.full((self._height // step, self._width // step), view.trust, np.float32)
        return view.canvas, assign(view.plates, trust, self._width, self._height)

    def _mosaic(self) -> tuple[Image, Targets]:
        """Four views on one canvas (as in YOLOv4): more plates and neighbourhoods at once."""
        rng, step = self._rng, STRIDES[0]
        split_x = int(rng.integers(self._width * 3 // 10, self._width * 7 // 10)) // 32 * 32
        split_y = int(rng.integers(self._height * 3 // 10, self._height * 7 // 10)) // 32 * 32
        canvas = np.empty((self._height, self._width, 3), np.uint8)
        trust = np.ones((self._height // step, self._width // step), np.float32)
        plates: list[CanvasPlate] = []
        for x0, x1 in ((0, split_x), (split_x, self._width)):
            for y0, y1 in ((0, split_y), (split_y, self._height)):
                view = self._view(x1 - x0, y1 - y0)
                canvas[y0:y1, x0:x1] = view.canvas
                trust[y0 // step : y1 // step, x0 // step : x1 // step] = view.trust
                shift = np.array([x0, y0], np.float32)
                plates += [_moved(plate, shift) for plate in view.plates]
        return canvas, assign(plates, trust, self._width, self._height)

    def _view(self, width: int, height: int) -> View:
        rng = self._rng
        pictures = self._sets[self._names[int(rng.choice(len(self._names), p=self._weights))]]
        picture = pictures[int(rng.integers(len(pictures)))]
        matrix = self._place(picture, width, height)
        base = self._backdrop(picture, matrix, width, height)
        canvas = _render(self._cache.image(picture.path), matrix, base)
        projected = [_project(plate, matrix, width, height) for plate in picture.plates]
        # In a mosaic what lies beside this view would count as lying in another one.
        plates = [plate for plate in projected if plate is not None]
        if rng.random() < 0.5:
            canvas = np.ascontiguousarray(canvas[:, ::-1])
            plates = [_mirrored(plate, width) for plate in plates]
        if self._paster is not None:
            canvas, plates = self._paster.paste(canvas, plates, rng)
        if rng.random() >= self._calm:
            night = rng.random() < _NIGHTS
            if night:
                canvas = at_night(canvas, [plate.quad for plate in plates], rng)
            canvas = photograph(canvas, rng, relit=not night)
        return View(canvas, plates, picture.trust)

    def _backdrop(self, picture: LabelledPicture, matrix: Floats, width: int, height: int) -> Image:
        """What shows beside a picture that does not fill the canvas.

        Grey, as when serving, or a picture without plates, so that far plates do not always stand
        near a grey rim.
        """
        base = np.full((height, width, 3), PAD_GREY, np.uint8)
        others = self._sets.get(NEGATIVES)
        scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2].astype(np.float64)))))
        filled = picture.width * scale >= 0.8 * width and picture.height * scale >= 0.8 * height
        if filled or not others or self._rng.random() < 0.3:
            return base
        other = others[int(self._rng.integers(len(others)))]
        cover = max(width / other.width, height / other.height)
        offset = np.array([[cover, 0, 0], [0, cover, 0]], np.float32)
        return _render(self._cache.image(other.path), offset, base)

    def _place(self, picture: LabelledPicture, width: int, height: int) -> Floats:
        """Choose scale, angle and offset: a 2x3 matrix from picture to canvas."""
        rng = self._rng
        usual = min(SERVING_WIDTH / picture.width, SERVING_HEIGHT / picture.height)
        plates = [plate for plate in picture.plates if not plate.ignore]
        mistaken = picture.mistaken and rng.random() < (
            _AT_MISTAKES if plates else _AT_MISTAKES_ALONE
        )
        if mistaken or not plates:
            scale = usual * math.exp(rng.uniform(math.log(0.5), math.log(2.0)))
            focus = np.array([picture.width, picture.height]) * rng.uniform(0.2, 0.8, 2)
            if mistaken:
                quad = picture.mistaken[int(rng.integers(len(picture.mistaken)))]
                focus = quad.mean(axis=0).astype(np.float64)
                scale = min(
                    scale, 0.9 * min(width, height) / max(float(np.ptp(quad, axis=0).max()), 1)
                )
            aim = self._aim(picture, focus, scale, width, height)
            return _matrix(scale, 1.0, rng.normal(0, 4), focus, aim)
        plate = plates[int(rng.integers(len(plates)))]
        size = np.ptp(plate.quad, axis=0)
        if rng.random() < 0.5:
            scale = usual * math.exp(rng.uniform(math.log(0.5), math.log(2.0)))
        else:
            scale = math.exp(rng.uniform(math.log(9), math.log(330))) / max(size[0], 1.0)
        most = min(0.9 * width / size[0], 0.9 * height / size[1], 2.5)
        scale = min(max(scale, 9.0 / max(size[0], 1.0)), most)
        focus = plate.quad.mean(axis=0)
        exact = all(other.exact for other in plates)
        spread = 25.0 if exact and rng.random() < 0.2 else (7.0 if exact else 2.5)
        squeeze = math.exp(rng.normal(0, 0.12))
        aim = self._aim(picture, focus, scale, width, height)
        return _matrix(scale, squeeze, float(np.clip(rng.normal(0, spread), -35, 35)), focus, aim)

    def _aim(
        self, picture: LabelledPicture, focus: Doubles, scale: float, width: int, height: int
    ) -> Doubles:
        """Where on the canvas the focus goes: anywhere, but with little empty rim."""
        aim = []
        for at, total, side in (
            (focus[0], picture.width, width),
            (focus[1], picture.height, height),
        ):
            low, high = sorted((side - (total - at) * scale, at * scale))
            low, high = max(low, 0.06 * side), min(high, 0.94 * side)
            if low >= high:
                low, high = 0.2 * side, 0.8 * side
            aim.append(self._rng.uniform(low, high))
        return np.array(aim)


def _matrix(scale: float, squeeze: float, degrees: float, focus: Doubles, aim: Doubles) -> Floats:
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = turn @ np.diag([scale * math.sqrt(squeeze), scale / math.sqrt(squeeze)])
    return np.hstack([linear, (aim - linear @ focus)[:, None]]).astype(np.float32)


def _render(image: Image, matrix: Floats, base: Image) -> Image:
    """Warp a picture over `base`, in place; strong reduction averages first, against aliasing."""
    height, width = base.shape[:2]
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2].astype(np.float64)))))
    inverse = np.linalg.inv(matrix[:, :2].astype(np.float64))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    reached = (corners - matrix[:, 2]) @ inverse.T
    low = np.clip(np.floor(reached.min(axis=0)) - 2, 0, [image.shape[1] - 1, image.shape[0] - 1])
    high = np.clip(np.ceil(reached.max(axis=0)) + 2, low + 1, [image.shape[1], image.shape[0]])
    (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
    step = max(1, min(round(1 / scale), x1 - x0, y1 - y0))
    # Whole factors average fast; the warp does the rest.
    x1, y1 = x0 + (x1 - x0) // step * step, y0 + (y1 - y0) // step * step
    patch = image[y0:y1, x0:x1]
    if step > 1:
        target = ((x1 - x0) // step, (y1 - y0) // step)
        patch = np.asarray(cv2.resize(patch, target, interpolation=cv2.INTER_AREA), np.uint8)
    linear = matrix[:, :2] * step
    offset = matrix[:, :2] @ np.array([x0, y0], np.float32) + matrix[:, 2]
    # OpenCV puts pixel centres at whole numbers, we at halves.
    offset = offset + linear @ np.array([0.5, 0.5]) - 0.5
    warp = np.hstack([linear, offset[:, None]])
    cv2.warpAffine(
        patch,
        warp,
        (width, height),
        dst=base,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    return base


def _project(label: PlateLabel, matrix: Floats, width: int, height: int) -> CanvasPlate | None:
    """A plate on a view; None where the view shows nothing of its box."""
    quad = (label.quad @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    low, high = quad.min(axis=0), quad.max(axis=0)
    seen = np.clip(np.minimum(high, [width, height]) - np.maximum(low, 0), 0, None).prod()
    if seen <= 0:
        return None
    visible = float(seen / max(float((high - low).prod()), 1e-3))
    ignore = label.ignore or visible < VISIBLE or float(high[0] - low[0]) < MIN_WIDTH
    return CanvasPlate(quad, label.exact, label.slack, label.lines, ignore)


def _mirrored(plate: CanvasPlate, width: int) -> CanvasPlate:
    quad = plate.quad[[1, 0, 3, 2]].copy()
    quad[:, 0] = width - quad[:, 0]
    return CanvasPlate(quad, plate.exact, plate.slack, plate.lines, plate.ignore)


def _moved(plate: CanvasPlate, shift: Floats) -> CanvasPlate:
    return CanvasPlate(plate.quad + shift, plate.exact, plate.slack, plate.lines, plate.ignore)
