"""Plates set into pictures: where there is room, in perspective, in the picture's own light."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from lpr.types import Image

Floats = npt.NDArray[np.float32]
Rng = np.random.Generator

TRIES = 6
SURROUND_SHARE = 0.4
_GAP = 2.0


def free_quad(
    width: int,
    height: int,
    taken: Sequence[Floats],
    rng: Rng,
    *,
    widths: tuple[float, float],
    aspect: float | None = None,
    askew: float = 0.0,
) -> Floats | None:
    """Find room for a plate seen at some angle.

    Args:
        width: picture width, pixels.
        height: picture height, pixels.
        taken: 4x2 quads that must not be touched.
        rng: source of randomness.
        widths: least and greatest plate width, pixels; drawn evenly on a logarithmic scale.
        aspect: width over height of the plate; any plausible one where None.
        askew: share of plates that hang as much awry as a motorcycle's may.

    Returns:
        4x2 float32 corners, clockwise from the top left; None where no room was found.
    """
    for _ in range(TRIES):
        across = math.exp(rng.uniform(math.log(widths[0]), math.log(widths[1])))
        shape = aspect or math.exp(rng.uniform(math.log(1.3), math.log(5.2)))
        turn = 0.3 if askew > 0 and rng.random() < askew else 0.1
        quad = _perspective(across, across / shape, rng, turn)
        reach = np.ptp(quad, axis=0)
        if (reach >= [0.95 * width, 0.95 * height]).any() or reach[1] < 3:
            continue
        center = rng.uniform(reach / 2, [width, height] - reach / 2)
        placed = np.asarray(quad + center, np.float32)
        if not any(touching(placed, other) for other in taken):
            return placed
    return None


def leaned(quad: Floats, lean: float, drop: float) -> npt.NDArray[np.float64]:
    """Shear a quad, as a plate seen from the side is.

    Args:
        quad: 4x2, clockwise from the top left.
        lean: twice the way that the bottom edge moves to the right, pixels.
        drop: by how much lower the left edge comes to stand against the right one, pixels.
    """
    return quad + np.array([[0, drop], [0, -drop], [lean, -drop], [lean, drop]]) / 2


def touching(a: Floats, b: Floats) -> bool:
    """Whether the boxes around two quads come nearer than two pixels."""
    return bool(
        (a.min(axis=0) - _GAP < b.max(axis=0)).all()
        and (b.min(axis=0) - _GAP < a.max(axis=0)).all()
    )


def _perspective(across: float, down: float, rng: Rng, spread: float) -> npt.NDArray[np.float64]:
    """A flat plate turned about its three axes, around the origin; `spread` in its plane, rad."""
    quad = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [across / 2, down / 2]
    quad[:, 1] += quad[:, 0] * math.tan(float(np.clip(rng.normal(0, 0.15), -0.5, 0.5)))
    quad[:, 0] += quad[:, 1] * float(np.clip(rng.normal(0, 0.08), -0.25, 0.25))
    near = float(np.clip(rng.normal(0, 0.06), -0.15, 0.15))
    quad *= 1 + near * np.array([[-1], [1], [1], [-1]])
    turn = float(rng.normal(0, spread))
    cosine, sine = math.cos(turn), math.sin(turn)
    return np.asarray(quad @ np.array([[cosine, sine], [-sine, cosine]]))


def blend_plate(
    canvas: Image, plate: Image, quad: Floats, rng: Rng, *, hidden: bool = False
) -> None:
    """Draw a plate into `canvas` at `quad`, in the light of its surroundings, in place.

    Now and then a surround (a holder, the recess of a boot lid) is drawn behind it.

    Args:
        canvas: HxWx3 uint8; drawn into.
        plate: hxwx3 uint8, upright.
        quad: 4x2, where its corners go.
        rng: source of randomness.
        hidden: whether its ground takes the colour of what is around it: black on a black car.
    """
    if hidden:
        plate = _in_colour(plate, _colour_around(canvas, quad), rng)
    elif rng.random() < SURROUND_SHARE:
        _surround(canvas, quad, rng)
    low = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, [canvas.shape[1], canvas.shape[0]])
    if (high <= low).any():
        return
    width, height = (high - low).tolist()
    region = canvas[low[1] : high[1], low[0] : high[0]]
    warped, share = _warped(plate, (quad - low).astype(np.float32), width, height)
    level = float(region.mean()) / 110.0
    usual = 1.0 if hidden else np.clip(rng.uniform(0.55, 1.1) * level**0.6, 0.12, 1.25)
    light = usual * rng.uniform(0.95, 1.05, 3)
    ramp = 1 + rng.normal(0, 0.08) * np.linspace(-1, 1, width)[None, :, None]
    mixed = region * (1 - share) + np.clip(warped * light * ramp, 0, 255) * share
    region[:] = mixed.astype(np.uint8)


def _colour_around(canvas: Image, quad: Floats) -> Floats:
    """Median colour of a band around a quad."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    reach = 0.3 * float((high - low).min()) + 1
    top_left = np.maximum(low - reach, 0).astype(int)
    bottom_right = np.ceil(high + reach).astype(int)
    part = canvas[top_left[1] : bottom_right[1], top_left[0] : bottom_right[0]]
    beside = np.ones(part.shape[:2], np.uint8)
    corners = np.round((quad - top_left) * 16 - 8).astype(np.int32)
    cv2.fillConvexPoly(beside, corners, 0, cv2.LINE_AA, 4)
    colours = part[beside > 0] if beside.any() else part.reshape(-1, 3)
    return np.asarray(np.median(colours, axis=0) if len(colours) else np.zeros(3), np.float32)


def _in_colour(plate: Image, ground: Floats, rng: Rng) -> Image:
    """The same strokes, light or dark, on another ground."""
    own = np.median(plate.reshape(-1, 3), axis=0)
    apart = np.abs(plate - own).sum(axis=2, keepdims=True)
    strokes = np.clip(apart / max(1.0, float(np.percentile(apart, 90))), 0, 1)
    bright = float(ground.mean())
    light_ink = bright < 90 or (bright < 150 and rng.random() < 0.5)
    reach = rng.uniform(0.45, 1.0)
    ink = bright + reach * ((250.0 if light_ink else 10.0) - bright)
    return np.asarray(np.clip(ground * (1 - strokes) + ink * strokes, 0, 255), np.uint8)


def _warped(plate: Image, quad: Floats, width: int, height: int) -> tuple[Image, Floats]:
    """The plate in perspective, and each pixel's covered share (H x W x 1)."""
    # Twice the size and averaged down: thin strokes and the rim come out as a lens makes them.
    over = 2 if width < 220 else 1
    rows, columns = plate.shape[:2]
    reduce = columns / (width * over * 1.5)
    if reduce > 1.2:
        smaller = (max(4, round(columns / reduce)), max(3, round(rows / reduce)))
        plate = np.asarray(cv2.resize(plate, smaller, interpolation=cv2.INTER_AREA), np.uint8)
        rows, columns = plate.shape[:2]
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    target = (quad * over).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source - 0.5, target - 0.5)
    size = (width * over, height * over)
    warped = cv2.warpPerspective(plate, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    corners = np.round(target * 16 - 8).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA, 4)
    if over > 1:
        warped = cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
        share = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    else:
        share = mask
    weights = np.asarray(share, np.float32)[..., None] / np.float32(255)
    return np.asarray(warped, np.uint8), np.asarray(weights, np.float32)


def _surround(canvas: Image, quad: Floats, rng: Rng) -> None:
    center = quad.mean(axis=0)
    size = np.ptp(quad, axis=0).min()
    grown = quad + np.sign(quad - center) * size * rng.uniform(0.04, 0.35, 2)
    if rng.random() < 0.6:
        level = float(rng.uniform(5, 70))
        colour = (level, level, level)
    else:
        blue, green, red = rng.uniform(10, 240, 3)
        colour = (float(blue), float(green), float(red))
    corners = np.round(grown * 16 - 8).astype(np.int32)
    cv2.fillConvexPoly(canvas, corners, colour, cv2.LINE_AA, 4)
