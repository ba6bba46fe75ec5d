"""The only module that changes pixels: colour order, scaling, rectification, normalisation.

Serving and training both call these functions, so that they cannot drift apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.geometry import Quad
from lpr.types import CropQuality, Image, Layout, PlateCrop

MARGIN_X = 0.04
MARGIN_Y = 0.08
"""Share of the plate's size that a rectified crop shows around it, half on each side: detected
corners are a few per cent off, and a character cut at the rim is lost."""
PAD_GREY = 114


def letterbox(image: Image, width: int, height: int) -> Image:
    """Fit a picture into a canvas to be looked at, keeping its proportions, centred on grey.

    Detectors are shown what `compose` makes.

    Args:
        image: HxWx3 uint8 BGR.
        width: canvas width, pixels.
        height: canvas height, pixels.

    Returns:
        The height x width x 3 uint8 BGR canvas.
    """
    rows, columns = image.shape[:2]
    scale = min(width / columns, height / rows)
    new_width, new_height = max(1, round(columns * scale)), max(1, round(rows * scale))
    left, top = (width - new_width) // 2, (height - new_height) // 2
    if (new_width, new_height) == (columns, rows):
        resized: npt.NDArray[np.uint8] = image
    else:
        how = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
        resized = np.asarray(
            cv2.resize(image, (new_width, new_height), interpolation=how), np.uint8
        )
    if (new_width, new_height) == (width, height):
        return resized
    canvas = np.full((height, width, 3), PAD_GREY, np.uint8)
    canvas[top : top + new_height, left : left + new_width] = resized
    return canvas


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a part of a picture lies on a canvas.

    Attributes:
        source: left, top, right, bottom of the part, picture pixels.
        x: left side on the canvas, pixels.
        y: top side on the canvas, pixels.
        width: width on the canvas, pixels.
        height: height on the canvas, pixels.
    """

    source: tuple[int, int, int, int]
    x: int
    y: int
    width: int
    height: int

    @property
    def scale_x(self) -> float:
        """Canvas pixels per picture pixel, across."""
        return self.width / (self.source[2] - self.source[0])

    @property
    def scale_y(self) -> float:
        """Canvas pixels per picture pixel, down."""
        return self.height / (self.source[3] - self.source[1])

    def moved(self, dx: int, dy: int) -> Placement:
        """The same part (dx, dy) canvas pixels further."""
        return Placement(self.source, self.x + dx, self.y + dy, self.width, self.height)


def compose(
    image: Image,
    placements: Sequence[Placement],
    width: int,
    height: int,
    *,
    canvas: Image | None = None,
) -> Image:
    """Put parts of a picture on a grey canvas.

    Args:
        image: HxWx3 uint8 BGR.
        placements: the parts, inside the picture and inside the canvas.
        width: canvas width, pixels.
        height: canvas height, pixels.
        canvas: height x width x 3 uint8, to be overwritten; a new one where None.

    Returns:
        The height x width x 3 uint8 BGR canvas.
    """
    if canvas is None:
        canvas = np.empty((height, width, 3), np.uint8)
    if [(one.width, one.height) for one in placements] != [(width, height)]:
        canvas.fill(PAD_GREY)
    for placed in placements:
        left, top, right, bottom = placed.source
        target = canvas[placed.y : placed.y + placed.height, placed.x : placed.x + placed.width]
        _resize_into(image[top:bottom, left:right], target)
    return canvas


def _resize_into(part: Image, target: Image) -> None:
    """Resize into a part of a canvas, without a copy in between.

    2x2 pixels are averaged as long as the part stays at least as large as it is wanted: three
    times as fast as averaging by an uneven factor, and as free of aliasing.
    """
    height, width = target.shape[:2]
    while part.shape[1] >= 2 * width and part.shape[0] >= 2 * height:
        half = (part.shape[1] // 2, part.shape[0] // 2)
        even = part[: 2 * half[1], : 2 * half[0]]
        if half == (width, height):
            cv2.resize(even, half, dst=target, interpolation=cv2.INTER_AREA)
            return
        part = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    cv2.resize(part, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)


def detector_input(
    canvases: Sequence[Image],
    mean: float,
    scale: float,
    *,
    layout: Layout = "nchw",
    batch: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Turn N equal HxWx3 uint8 BGR canvases into a detector's float32 BGR input.

    Args:
        canvases: C-contiguous.
        mean: of the values.
        scale: what they are multiplied with, less the mean.
        layout: Nx3xHxW, or NxHxWx3, as the canvases lie in memory.
        batch: is overwritten and returned; a new one where None.
    """
    count, (height, width) = len(canvases), canvases[0].shape[:2]
    if batch is None:
        planes = (count, 3, height, width)
        batch = np.empty(planes if layout == "nchw" else (count, height, width, 3), np.float32)
    for canvas, values in zip(canvases, batch, strict=True):
        if layout == "nchw":
            pairs = [*zip(cv2.split(canvas), values, strict=True)]
        else:
            pairs = [(canvas.reshape(height, -1), values.reshape(height, -1))]
        for source, target in pairs:
            # source * scale + source * 0 - mean * scale: one pass; `blobFromImages` takes three.
            cv2.addWeighted(source, scale, source, 0.0, -mean * scale, dst=target, dtype=cv2.CV_32F)
    return batch


def recognizer_input(crops: Sequence[Image], mean: float, scale: float) -> npt.NDArray[np.float32]:
    """Turn N equal HxWx3 uint8 BGR crops into the recognizer's Nx1xHxW float32 grey input."""
    batch = np.empty((len(crops), 1, *crops[0].shape[:2]), np.float32)
    for crop, (plane,) in zip(crops, batch, strict=True):
        plane[:] = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    batch -= mean
    batch *= scale
    return batch


def rectify(
    image: Image,
    quad: Quad,
    width: int,
    height: int,
    *,
    margin_x: float = MARGIN_X,
    margin_y: float = MARGIN_Y,
) -> Image:
    """Undo a plate's perspective.

    Args:
        image: HxWx3 uint8 BGR picture.
        quad: the plate's corners in picture pixels; parts outside the picture repeat its rim.
        width: crop width, pixels.
        height: crop height, pixels.
        margin_x: share of the plate's width shown around it, half on each side.
        margin_y: share of the plate's height shown around it, half on each side.

    Returns:
        height x width x 3 uint8 BGR crop that shows the plate and a small margin.
    """
    return cut_quad(image, quad.expanded(margin_x, margin_y), width, height)[0]


def cut_quad(
    image: Image, quad: Quad, width: int, height: int
) -> tuple[Image, npt.NDArray[np.float64]]:
    """Cut a quad out of a picture and stretch it to a rectangle.

    Args:
        image: HxWx3 uint8 BGR picture.
        quad: corners in picture pixels; parts outside the picture repeat its rim.
        width: width of the cut, pixels.
        height: height of the cut, pixels.

    Returns:
        The height x width x 3 uint8 BGR cut, and the 3x3 matrix from its coordinates to the
        picture's, both with pixel edges at whole numbers.
    """
    patch, offset, shrink = _patch(image, quad, width, height)
    corners = np.array(quad.points, np.float32)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform((corners - offset) * shrink - 0.5, target - 0.5)
    cut = cv2.warpPerspective(
        patch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    back = np.asarray(cv2.getPerspectiveTransform(target, corners), np.float64)
    return np.asarray(cut, np.uint8), back


def _patch(
    image: Image, quad: Quad, width: int, height: int
) -> tuple[Image, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Cut the quad's surroundings, shrunk by area averaging where the warp alone would alias.

    How far it may shrink is how many pixels of the cut lie on one across and on one down the
    picture, along which the text may run at any angle.
    """
    rows, columns = image.shape[:2]
    left, top, right, bottom = quad.box
    x0, y0 = (
        min(max(0, math.floor(left) - 2), columns - 1),
        min(max(0, math.floor(top) - 2), rows - 1),
    )
    x1, y1 = (
        max(x0 + 1, min(columns, math.ceil(right) + 2)),
        max(y0 + 1, min(rows, math.ceil(bottom) + 2)),
    )
    patch = image[y0:y1, x0:x1]
    cos, sin = math.cos(quad.angle), math.sin(quad.angle)
    dense_x, dense_y = width / max(quad.width, 1e-6), height / max(quad.height, 1e-6)
    shrink_x = min(1.0, 1.5 * math.hypot(cos * dense_x, sin * dense_y))
    shrink_y = min(1.0, 1.5 * math.hypot(sin * dense_x, cos * dense_y))
    if min(shrink_x, shrink_y) < 1:
        size = (max(1, round((x1 - x0) * shrink_x)), max(1, round((y1 - y0) * shrink_y)))
        shrink_x, shrink_y = size[0] / (x1 - x0), size[1] / (y1 - y0)
        patch = np.asarray(cv2.resize(patch, size, interpolation=cv2.INTER_AREA), np.uint8)
    return patch, np.array([x0, y0], np.float32), np.array([shrink_x, shrink_y], np.float32)


def measure_quality(crop: Image, quad: Quad, frame_width: int, frame_height: int) -> CropQuality:
    """Judge a look at a plate from its rectified crop and its place in the frame.

    Sharpness is the energy of differences between neighbours against that of differences over
    four pixels: 1/4 at a clean step, 1/16 where blur has made a ramp of it. Contrast and lighting
    change both alike. Rows are averaged in threes first, because noise looks like sharpness.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    smooth = np.asarray(cv2.blur(grey.astype(np.float32), (1, 3)), np.float32)
    fine = _mean_square(smooth[:, 1:] - smooth[:, :-1])
    coarse = _mean_square(smooth[:, 4:] - smooth[:, :-4])
    low, high = _percentiles(grey, (0.05, 0.95))
    left, top, right, bottom = quad.box
    beside = min(left, frame_width - right)
    above = min(top, frame_height - bottom)
    if abs(math.cos(quad.angle)) < abs(math.sin(quad.angle)):  # the text runs up or down
        beside, above = above, beside
    shape = quad.height / max(quad.width, 1e-6)
    skew = abs(quad.angle)
    return CropQuality(
        width=quad.width,
        sharpness=min(1.0, max(0.0, (16 * fine / (coarse + 8.0) - 1) / 3)),
        # Nearly square plates exist; only what is taller than wide must be seen from the side.
        angle=min(math.pi / 2, skew + max(0.0, 2 * math.atan(shape) - math.pi / 2)),
        contrast=(high - low) / 255.0,
        edge=min(1.0, max(0.0, beside / max(quad.height, 1.0))),
        exposure=(low + high) / 510.0,
        edge_rows=min(1.0, max(0.0, above / max(quad.height, 1.0))),
    )


def _mean_square(values: npt.NDArray[np.float32]) -> float:
    flat = values.ravel()
    return float(flat @ flat) / flat.size


def _percentiles(grey: Image, shares: Sequence[float]) -> list[float]:
    """What `numpy.percentile` gives, by counting: the values are few, the pixels many."""
    counts = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    places = [share * (grey.size - 1) for share in shares]
    below = np.searchsorted(counts, [math.floor(place) for place in places], side="right").tolist()
    above = np.searchsorted(counts, [math.ceil(place) for place in places], side="right").tolist()
    return [
        float(low + (high - low) * (place % 1.0))
        for low, high, place in zip(below, above, places, strict=True)
    ]


class PerspectiveRectifier:
    """Rectifies to the recognizer's input size and judges the look.

    Args:
        width: crop width, pixels.
        height: crop height, pixels.
        margin_x: as of `rectify`.
        margin_y: as of `rectify`.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        margin_x: float = MARGIN_X,
        margin_y: float = MARGIN_Y,
    ) -> None:
        self._width, self._height = width, height
        self._margin_x, self._margin_y = margin_x, margin_y

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Return the plate inside `quad` of an HxWx3 uint8 BGR picture, upright."""
        crop = rectify(
            image,
            quad,
            self._width,
            self._height,
            margin_x=self._margin_x,
            margin_y=self._margin_y,
        )
        rows, columns = image.shape[:2]
        return PlateCrop(crop, measure_quality(crop, quad, columns, rows), quad)
