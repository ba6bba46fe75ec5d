"""Windows around plates whose corners are known, cut as a detector would get them wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.detect.corners import GROW_X, GROW_Y, HEIGHT, WIDTH, nominal_corners
from lpr.geometry import Quad
from lpr.synth.degrade import CameraStrength, Grey, camera_grey
from lpr.synth.paste import blend_plate, leaned
from lpr.train.detector_data import LabelledPicture, PictureCache
from lpr.train.recognizer_cache import RenderedCache
from lpr.train.recognizer_data import PLATE_HEIGHT, PLATE_WIDTH, Corners

_CONTEXT = 0.9
"""Surroundings kept of a real plate, shares of its box on each side."""
_WIDEST = 220
_LEAST_WIDTH = 40
_UPRIGHT = 0.3
"""Radians: corners that were found, not drawn, are trusted where the plate is not steeper; more
slant is learned from these by turning them."""
_COVERED = 0.5
"""Share of the real plates that are covered by a rendered one: real surroundings, exact corners."""
_HIDDEN = 0.2
"""Share of these in the colour of what is around them."""
_CAMERA = CameraStrength(narrowest=48, poor=0.5)


@dataclass(frozen=True, slots=True, eq=False)
class CornerPicture:
    """A plate with much around it.

    Attributes:
        picture: HxW uint8 grey.
        corners: 4x2 float32, the plate's corners, clockwise from the top left.
    """

    picture: Grey
    corners: Corners


@dataclass(frozen=True, slots=True, eq=False)
class CornerSample:
    """One training example.

    Attributes:
        window: HEIGHTxWIDTH uint8 grey.
        offsets: 8 float32, see `CornersNet`.
    """

    window: Grey
    offsets: npt.NDArray[np.float32]


def corner_pictures(
    pictures: Sequence[LabelledPicture], cache: PictureCache, labelled: frozenset[str]
) -> list[CornerPicture]:
    """Cut the plates with known corners out of labelled pictures.

    Args:
        pictures: labels, corners that were found later included.
        cache: their pixels.
        labelled: sets whose corners people drew; those of other sets count where upright.
    """
    return [
        _with_context(cache.image(picture.path), quad)
        for picture in pictures
        for quad in known_corners(picture, labelled)
    ]


def known_corners(picture: LabelledPicture, labelled: frozenset[str]) -> list[Quad]:
    """The plates of a picture whose corners can be learnt from.

    Args:
        picture: labels, corners that were found later included.
        labelled: as in `corner_pictures`.
    """
    quads = [
        Quad.from_points(plate.quad.tolist())
        for plate in picture.plates
        if plate.exact and not plate.ignore
    ]
    return [
        quad
        for quad in quads
        if quad.width >= _LEAST_WIDTH
        and quad.is_convex
        and (picture.dataset in labelled or _upright(quad))
    ]


def _upright(quad: Quad) -> bool:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.points
    slants = ((by - ay) / (bx - ax + 1e-6), (cy - dy) / (cx - dx + 1e-6))
    leans = ((dx - ax) / (dy - ay + 1e-6), (cx - bx) / (cy - by + 1e-6))
    return max(map(abs, slants)) < _UPRIGHT and max(map(abs, leans)) < 3 * _UPRIGHT


def _with_context(image: npt.NDArray[np.uint8], quad: Quad) -> CornerPicture:
    rows, columns = image.shape[:2]
    left, top, right, bottom = quad.box
    dx, dy = _CONTEXT * (right - left), max(_CONTEXT * (bottom - top), 0.3 * (right - left))
    x0, y0 = max(0, int(left - dx)), max(0, int(top - dy))
    x1, y1 = min(columns, int(right + dx)), min(rows, int(bottom + dy))
    part = cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    corners = np.array(quad.points, np.float32) - (x0, y0)
    shrink = min(1.0, _WIDEST / quad.width)
    return _resized(CornerPicture(np.asarray(part, np.uint8), corners.astype(np.float32)), shrink)


def _resized(one: CornerPicture, factor: float) -> CornerPicture:
    if factor >= 1:
        return one
    rows, columns = one.picture.shape
    size = (max(8, round(columns * factor)), max(8, round(rows * factor)))
    small = np.asarray(cv2.resize(one.picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = np.array([size[0] / columns, size[1] / rows], np.float32)
    return CornerPicture(small, one.corners * scale)


class CornerSampler:
    """Draws training examples.

    Args:
        real: plates of real pictures.
        rendered: rendered plates.
        backgrounds: grey pictures to put rendered plates on.
        rendered_share: share of rendered plates, 0 to 1.
        seed: of every choice.
    """

    def __init__(
        self,
        real: Sequence[CornerPicture],
        rendered: RenderedCache,
        backgrounds: Sequence[Grey],
        *,
        rendered_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        self._real, self._rendered, self._backgrounds = real, rendered, backgrounds
        self._rendered_share = rendered_share if real else 1.0
        self._rng = np.random.default_rng(seed)

    def draw(self) -> CornerSample:
        """Draw one example."""
        rng = self._rng
        if rng.random() < self._rendered_share:
            one = self._composed()
        else:
            one = self._real[int(rng.integers(len(self._real)))]
            wide = float(np.ptp(one.corners[:, 0]))
            if rng.random() < 0.6:
                one = _resized(one, float(rng.uniform(_LEAST_WIDTH, 150)) / wide)
            if rng.random() < _COVERED:
                one = self._covered(one)
            if rng.random() < 0.3:
                one = CornerPicture(np.asarray(255 - one.picture, np.uint8), one.corners)
        return _cut(one, rng)

    def _covered(self, one: CornerPicture) -> CornerPicture:
        """A rendered plate over the real one, a little larger and turned about its upright axis."""
        rng, quad = self._rng, one.corners
        grown = quad + (quad - quad.mean(axis=0)) * rng.uniform(0.05, 0.3, 2)
        lean, drop = rng.normal(0, (0.05, 0.06)) * float(np.ptp(quad[:, 0]))
        grown = leaned(grown, lean, drop)
        grown += np.sign(quad - quad.mean(axis=0)) * np.abs([lean, drop]) / 2
        canvas = np.asarray(cv2.cvtColor(one.picture, cv2.COLOR_GRAY2BGR), np.uint8)
        plate = np.asarray(cv2.cvtColor(self._plate(), cv2.COLOR_GRAY2BGR), np.uint8)
        corners = grown.astype(np.float32)
        blend_plate(canvas, plate, corners, rng, hidden=bool(rng.random() < _HIDDEN))
        grey = cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY)
        return CornerPicture(np.asarray(grey, np.uint8), corners)

    def _plate(self) -> Grey:
        """A rendered plate, edge to edge."""
        patch = self._rendered.pick(self._rng)
        left, top = patch.corners[0].astype(int)
        return patch.patch[top : top + PLATE_HEIGHT, left : left + PLATE_WIDTH]

    def _composed(self) -> CornerPicture:
        """A rendered plate, in its holder, on a background."""
        rng = self._rng
        plate = self._plate()
        width = int(rng.uniform(45, 150))
        height = max(12, int(width / rng.uniform(1.3, 5.5)))
        plate = np.asarray(
            cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        rows, columns = int(height * 2.8) + 20, int(width * 2.4)
        canvas = self._background(rows, columns)
        x, y = (columns - width) // 2, (rows - height) // 2
        if rng.random() < 0.7:
            self._holder(canvas, x, y, width, height)
        canvas[y : y + height, x : x + width] = plate
        corners = np.array(Quad.from_box(x, y, x + width, y + height).points, np.float32)
        return CornerPicture(canvas, corners)

    def _background(self, rows: int, columns: int) -> Grey:
        rng = self._rng
        if rng.random() < 0.25 or not self._backgrounds:
            first, last = rng.uniform(0, 255, 2)
            ramp = np.linspace(first, last, rows)[:, None] + rng.normal(0, 4, (rows, columns))
            return np.asarray(np.clip(ramp, 0, 255), np.uint8)
        scene = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
        share = rng.uniform(0.3, 0.9)
        high, wide = scene.shape
        h, w = max(8, int(high * share)), max(8, int(wide * share))
        y, x = int(rng.integers(high - h + 1)), int(rng.integers(wide - w + 1))
        part = cv2.resize(scene[y : y + h, x : x + w], (columns, rows))
        gain, lift = rng.uniform(0.4, 1.2), rng.uniform(-40, 40)
        return np.asarray(np.clip(part.astype(np.float32) * gain + lift, 0, 255), np.uint8)

    def _holder(self, canvas: Grey, x: int, y: int, width: int, height: int) -> None:
        """Rims of a holder or recess, which must not be taken for the plate's own."""
        rng = self._rng
        tone = int(rng.integers(0, 60) if rng.random() < 0.7 else rng.integers(60, 256))
        for _ in range(int(rng.integers(1, 3))):
            sides = rng.uniform(0.01, 0.25, 4) * height
            sides[3] *= rng.choice((1.0, 2.5))
            low = (int(x - sides[0]), int(y - sides[1]))
            high = (int(x + width + sides[2]), int(y + height + sides[3]))
            cv2.rectangle(canvas, low, high, tone, -1)
            tone = int(np.clip(tone + rng.integers(-40, 90), 0, 255))
            if sides[3] > 0.25 * height and rng.random() < 0.6:
                word = "".join(rng.choice(list("ABCDEFGHIKLMNORSTUW."), int(rng.integers(4, 14))))
                at = (x + int(rng.integers(0, max(1, width // 3))), high[1] - 2)
                size = float(sides[3]) / 28
                cv2.putText(canvas, word, at, int(rng.integers(0, 5)), size, 255 - tone, 1)


def _cut(one: CornerPicture, rng: np.random.Generator) -> CornerSample:
    """Turn a plate, miss its corners, and cut the window that the refiner would see."""
    seen = _seen(one.corners, rng)
    guess = Quad.from_points(_missed(seen, rng).tolist())
    if not guess.is_convex or min(guess.width, guess.height) < 4:
        guess = Quad.from_points(seen.tolist())
    window = np.array(guess.expanded(GROW_X, GROW_Y).points, np.float32)
    target = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    to_window = cv2.getPerspectiveTransform(window, target)
    to_seen = cv2.getPerspectiveTransform(one.corners, seen)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = np.linalg.inv(half) @ to_window @ to_seen @ half
    picture, shrink = one.picture, float(np.ptp(one.corners[:, 0])) / (1.5 * WIDTH)
    if shrink > 1:
        picture = np.asarray(cv2.blur(picture, (int(shrink) + 1, int(shrink) + 1)), np.uint8)
    cut = cv2.warpPerspective(
        picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    corners = cv2.perspectiveTransform(seen[None], to_window)[0] / (WIDTH, HEIGHT)
    offsets = (corners - nominal_corners()).astype(np.float32).reshape(8)
    return CornerSample(camera_grey(np.asarray(cut, np.uint8), rng, _CAMERA), offsets)


def _seen(corners: Corners, rng: np.random.Generator) -> Corners:
    """The corners after a random change of the point of view."""
    centre = corners.mean(axis=0)
    moved = corners - centre
    width = float(np.ptp(moved[:, 0]))
    turn, shear, lean = rng.normal(0, (0.09, 0.13, 0.10))
    if rng.random() < 0.35:
        turn = shear = lean = 0.0
    moved = moved * np.exp(rng.normal(0, (0.1, 0.1)))
    moved = moved @ np.array([[1.0, lean], [shear, 1.0]])
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved = moved @ rotation + rng.normal(0, 0.012, (4, 2)) * width
    return np.asarray(moved + centre, np.float32)


def _missed(corners: Corners, rng: np.random.Generator) -> Corners:
    """The corners as a detector would give them."""
    kind = rng.random()
    low, high = corners.min(axis=0), corners.max(axis=0)
    if kind < 0.35:
        corners = np.array(Quad.from_box(*low.tolist(), *high.tolist()).points, np.float32)
    centre = corners.mean(axis=0)
    size = np.array(
        [
            np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3]),
            np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1]),
        ]
    )
    size = size / 2
    if kind < 0.8:
        growth = 1 + rng.uniform((-0.05, -0.10), (0.16, 0.30))
        shift = rng.normal(0, (0.03, 0.06)) * size
        noise = rng.normal(0, 1, (4, 2)) * (0.02, 0.06) * size
        return np.asarray(centre + (corners - centre) * growth + shift + noise, np.float32)
    noise = rng.normal(0, 1, (4, 2)) * (0.008, 0.02) * size
    return np.asarray(corners + noise, np.float32)
