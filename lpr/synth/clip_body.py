"""The faces of a vehicle drawn flat: front, rear, bonnet, windscreen, roof and sides."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.clip_paint import Texture

SCALE = 260
"""Texture pixels per metre."""
Colour = tuple[int, int, int]
"""Blue, green, red, each 0 to 255."""
_BLACK: Colour = (22, 22, 22)
_GLASS: Colour = (52, 46, 40)


@dataclass(frozen=True, slots=True)
class Body:
    """A vehicle's shape and paint, metres.

    Attributes:
        kind: car, suv, van or truck.
        width: over the sides.
        nose: height of the end face's upper edge.
        bonnet: length of the bonnet (front) or boot lid (rear), 0 for none.
        roof: height of the roof.
        slope: how far the screen leans back.
        length: over all.
        plate_height: middle of the plate above the ground.
        plate_shift: of the plate from the middle.
        paint: body colour.
        rear: whether the rear end faces the camera.
        grille: style of the grille, 0 to 3.
    """

    kind: str
    width: float
    nose: float
    bonnet: float
    roof: float
    slope: float
    length: float
    plate_height: float
    plate_shift: float
    paint: Colour
    rear: bool
    grille: int


class Drawing:
    """A flat face to draw on in metres: x from its middle to the right, y above its lower edge.

    Args:
        width: metres.
        height: metres.
    """

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        shape = (max(4, round(height * SCALE)), max(4, round(width * SCALE)))
        self._colour = np.zeros((*shape, 3), np.uint8)
        self._alpha = np.zeros(shape, np.uint8)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        pixels = self._pixels(points)
        cv2.fillPoly(self._colour, [pixels], colour, cv2.LINE_AA)
        cv2.fillPoly(self._alpha, [pixels], 255, cv2.LINE_AA)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a box around its middle."""
        half, tall = width / 2, height / 2
        corners = [(x - half, y - tall), (x + half, y - tall), (x + half, y + tall)]
        self.shape([*corners, (x - half, y + tall)], colour)

    def line(self, points: list[tuple[float, float]], colour: Colour, thick: float) -> None:
        """Draw a line, `thick` metres wide."""
        pixels = self._pixels(points)
        cv2.polylines(
            self._colour, [pixels], False, colour, max(1, round(thick * SCALE)), cv2.LINE_AA
        )

    def disc(self, x: float, y: float, radius: float, colour: Colour, flat: float = 1.0) -> None:
        """Fill an ellipse; `flat` is its height by its width."""
        centre = self._pixels([(x, y)])[0]
        axes = (max(1, round(radius * SCALE)), max(1, round(radius * flat * SCALE)))
        place = (int(centre[0]), int(centre[1]))
        cv2.ellipse(self._colour, place, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(self._alpha, place, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)

    def write(self, text: str, x: float, y: float, height: float, colour: Colour) -> None:
        """Write small print, its middle at (x, y)."""
        font, thick = cv2.FONT_HERSHEY_DUPLEX, max(1, round(height * SCALE / 14))
        size = height * SCALE / 22
        (wide, tall), _ = cv2.getTextSize(text, font, size, thick)
        centre = self._pixels([(x, y)])[0]
        place = (int(centre[0]) - wide // 2, int(centre[1]) + tall // 2)
        cv2.putText(self._colour, text, place, font, size, colour, thick, cv2.LINE_AA)

    def texture(self, rng: np.random.Generator, top: float = 1.12, low: float = 0.72) -> Texture:
        """The face shaded from above, with a little dirt towards its lower edge."""
        rows, columns = self._alpha.shape
        shade = np.linspace(top, low, rows)[:, None]
        grain = rng.normal(0, 1, (max(2, rows // 12), max(2, columns // 12)))
        dirt = np.asarray(cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_CUBIC))
        shade = shade * (1 + 0.025 * dirt)
        shaded = np.clip(self._colour * shade[:, :, None], 0, 255).astype(np.uint8)
        return np.dstack([shaded, self._alpha])

    def _pixels(self, points: list[tuple[float, float]]) -> npt.NDArray[np.int32]:
        x = [(px + self._width / 2) * SCALE for px, _ in points]
        y = [(self._height - py) * SCALE for _, py in points]
        return np.round(np.stack([x, y], axis=1)).astype(np.int32)


def tint(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    blue, green, red = (int(min(255.0, part * factor)) for part in colour)
    return blue, green, red


def _shell(face: Drawing, body: Body, rng: np.random.Generator) -> None:
    """Tyres, underbody and the painted outline common to front and rear."""
    half = body.width / 2
    face.box(0, 0.17, body.width * 0.9, 0.18, (12, 12, 12))
    for side in (-1, 1):
        face.box(side * (half - 0.15), 0.17, 0.23, 0.34, (26, 26, 26))
    top = body.nose
    outline = [
        (-half + 0.04, 0.22),
        (-half, 0.42),
        (-half + 0.01, top - 0.16),
        (-half + 0.10, top - 0.03),
        (-half + 0.22, top),
    ]
    mirrored = [(-x, y) for x, y in reversed(outline)]
    face.shape([*outline, *mirrored], body.paint)
    lip = float(rng.uniform(0.06, 0.13))
    face.shape(
        [(-half + 0.03, 0.2), (half - 0.03, 0.2), (half, 0.24 + lip), (-half, 0.24 + lip)], _BLACK
    )
    crease = tint(body.paint, 0.7)
    y = 0.36 + 0.35 * (top - 0.36)
    face.line([(-half + 0.02, y + 0.05), (-half * 0.4, y), (half * 0.4, y)], crease, 0.008)
    face.line([(half * 0.4, y), (half - 0.02, y + 0.05)], crease, 0.008)


def front(body: Body, rng: np.random.Generator) -> Texture:
    """The front end: grille, lamps, bumper, badge."""
    face = Drawing(body.width, body.nose + 0.02)
    _shell(face, body, rng)
    half, top = body.width / 2, body.nose
    lamp_y = top - float(rng.uniform(0.16, 0.22))
    _grille(face, body, lamp_y, rng)
    low = body.plate_height - 0.16
    face.shape(
        [
            (-half * 0.5, low - 0.06),
            (half * 0.5, low - 0.06),
            (half * 0.58, low + 0.05),
            (-half * 0.58, low + 0.05),
        ],
        (18, 18, 18),
    )
    for y in np.arange(low - 0.05, low + 0.04, 0.025):
        face.line([(-half * 0.5, float(y)), (half * 0.5, float(y))], (44, 44, 44), 0.005)
    tall = float(rng.uniform(0.09, 0.16))
    for side in (-1, 1):
        lamp = [
            (side * (half - 0.03), lamp_y - tall * 0.3),
            (side * (half - 0.05), lamp_y + tall * 0.8),
            (side * half * 0.56, lamp_y + tall * 0.35),
            (side * half * 0.56, lamp_y - tall * 0.4),
        ]
        face.shape(lamp, (96, 92, 88))
        face.line([*lamp, lamp[0]], (28, 28, 28), 0.012)
        face.disc(side * half * 0.78, lamp_y + 0.01, 0.05, (222, 220, 214))
        face.disc(side * half * 0.66, lamp_y, 0.03, (170, 168, 160))
        face.disc(side * half * 0.8, low + 0.02, 0.04, (150, 150, 146))
    return face.texture(rng)


def _grille(face: Drawing, body: Body, lamp_y: float, rng: np.random.Generator) -> None:
    half = body.width / 2
    bottom = min(lamp_y - 0.08, body.plate_height + 0.10)
    bottom = max(bottom, body.plate_height + 0.075)
    top = max(lamp_y + 0.07, bottom + 0.05)
    shape = [
        (-half * 0.36, bottom),
        (half * 0.36, bottom),
        (half * 0.5, top),
        (-half * 0.5, top),
    ]
    face.shape(shape, (20, 20, 20))
    chrome = (176, 176, 176)
    face.line([*shape, shape[0]], chrome if body.grille % 2 else (60, 60, 60), 0.014)
    if body.grille < 2:
        for y in np.arange(bottom + 0.02, top, 0.035):
            face.line([(-half * 0.42, float(y)), (half * 0.42, float(y))], (92, 92, 92), 0.009)
    else:
        for x in np.arange(-half * 0.42, half * 0.42, 0.04):
            face.line([(float(x), bottom + 0.01), (float(x), top - 0.01)], (78, 78, 78), 0.008)
    badge = float(rng.uniform(0.04, 0.06))
    face.disc(0, (bottom + top) / 2, badge, chrome)
    face.disc(0, (bottom + top) / 2, badge * 0.7, tint(body.paint, 0.6))


def rear(body: Body, rng: np.random.Generator) -> Texture:
    """The rear end: lamps, plate recess, bumper, badge and small print."""
    face = Drawing(body.width, body.nose + 0.02)
    _shell(face, body, rng)
    half, top = body.width / 2, body.nose
    lamp_y = top - float(rng.uniform(0.14, 0.24))
    tall, wide = float(rng.uniform(0.14, 0.3)), float(rng.uniform(0.14, 0.34))
    for side in (-1, 1):
        x = side * (half - wide / 2 - 0.03)
        face.box(x, lamp_y, wide, tall, (34, 26, 150))
        face.box(x, lamp_y - tall * 0.28, wide * 0.9, tall * 0.24, (60, 60, 200))
        face.box(
            x + side * wide * 0.2, lamp_y + tall * 0.25, wide * 0.4, tall * 0.3, (40, 110, 220)
        )
    face.line([(-half, 0.46), (half, 0.46)], tint(body.paint, 0.6), 0.012)
    recess = (body.plate_shift, body.plate_height)
    face.box(*recess, 0.66, 0.2, tint(body.paint, 0.72))
    face.box(recess[0], recess[1] + 0.125, 0.5, 0.035, (150, 150, 150))
    badge_y = body.plate_height + 0.2
    if badge_y < top - 0.05:
        face.disc(0, badge_y, 0.045, (182, 182, 182))
        face.disc(0, badge_y, 0.03, (70, 70, 70))
        word = str(rng.choice(("TURBO", "2.0 D", "HYBRID", "SPORT", "4x4", "LX")))
        face.write(word, half * 0.55, min(top - 0.1, badge_y), 0.04, (180, 180, 180))
    for side in (-1, 1):
        face.box(side * half * 0.8, 0.34, 0.16, 0.03, (30, 30, 140))
    return face.texture(rng)


def screen(body: Body, height: float, rng: np.random.Generator) -> Texture:
    """Windscreen or rear window with its pillars, a mirror and a reflected sky."""
    width = body.width * 0.94
    face = Drawing(width, height)
    half, inset = width / 2, min(0.2, height * 0.25)
    face.shape(
        [(-half, 0), (half, 0), (half - inset, height), (-half + inset, height)],
        tint(body.paint, 0.9),
    )
    glass = [
        (-half + 0.08, 0.03),
        (half - 0.08, 0.03),
        (half - inset - 0.07, height - 0.04),
        (-half + inset + 0.07, height - 0.04),
    ]
    face.shape(glass, _GLASS)
    left = float(rng.uniform(-0.5, 0.2))
    face.shape(
        [
            (left, 0.05),
            (left + 0.3, 0.05),
            (left + 0.45, height - 0.05),
            (left + 0.2, height - 0.05),
        ],
        (84, 76, 66),
    )
    if not body.rear:
        face.disc(half * 0.4, height * 0.3, 0.13, (40, 38, 44), 1.3)
        face.box(0, height - 0.12, 0.22, 0.06, (24, 24, 24))
        face.line([(-half * 0.7, 0.05), (half * 0.1, 0.12)], (16, 16, 16), 0.015)
    else:
        for y in np.arange(0.1, height - 0.08, 0.07):
            face.line([(-half * 0.7, float(y)), (half * 0.7, float(y))], (66, 60, 54), 0.004)
    return face.texture(rng, 1.2, 0.85)


def lid(body: Body, length: float, rng: np.random.Generator) -> Texture:
    """Bonnet, boot lid or roof: paint with the sky in it and two creases."""
    face = Drawing(body.width * 0.97, length)
    half = body.width * 0.97 / 2
    lit = tint(body.paint, 1.15)
    face.shape([(-half + 0.06, 0), (half - 0.06, 0), (half, length), (-half, length)], lit)
    for side in (-1, 1):
        x = side * half
        face.line([(x * 0.55, 0.02), (x * 0.75, length)], tint(body.paint, 0.82), 0.015)
    return face.texture(rng, 0.95, 1.2)


def side(body: Body, rng: np.random.Generator) -> Texture:
    """The outline of the side, its near end at the left: wheels, doors, windows."""
    face = Drawing(body.length, body.roof)
    left, roof = -body.length / 2, body.roof
    far = body.length / 2
    screen_foot = left + body.bonnet
    screen_head = screen_foot + body.slope
    tail = 0.05 if body.kind in ("van", "truck", "suv") else 0.55
    points = [
        (left, 0.28),
        (left, body.nose - 0.05),
        (screen_foot, body.nose + 0.1),
        (screen_head, roof),
        (far - tail, roof),
        (far, body.nose + 0.1),
        (far, 0.28),
    ]
    face.shape(points, tint(body.paint, 0.85))
    waist = body.nose + 0.12
    face.shape(
        [
            (screen_foot + 0.15, waist),
            (screen_head + 0.05, roof - 0.08),
            (far - tail - 0.1, roof - 0.08),
            (far - 0.25, waist),
        ],
        _GLASS,
    )
    for x in np.linspace(screen_head + 0.1, far - 0.9, 3):
        face.line([(float(x), 0.3), (float(x), waist)], tint(body.paint, 0.6), 0.01)
    for x in (left + 0.75, far - 0.8):
        face.disc(x, 0.32, 0.33, (20, 20, 20))
        face.disc(x, 0.32, 0.2, (120, 120, 120))
        face.disc(x, 0.32, 0.05, (60, 60, 60))
    return face.texture(rng, 1.1, 0.6)
