"""The still world of a clip: sky, houses, trees, road, kerbs, a wall, a gate."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.clip_camera import Camera, Points
from lpr.synth.clip_paint import Sheet, Texture, opaque, paint
from lpr.types import Image

_GROUND_SCALE = 24
_NEAR, _FAR, _HALF = 1.5, 55.0, 22.0
_STRIP, _NARROW = 9.0, 8.0
_SIGNS = ("PARKING", "STOP", "CAR WASH", "OFFICE", "24H", "HOTEL", "P 200 m", "EXIT", "5 km/h")


def render_road(camera: Camera, rng: np.random.Generator, *, wet: bool, sign: bool) -> Image:
    """Draw what the camera sees without vehicles.

    Args:
        camera: its margin is drawn too.
        rng: source of randomness.
        wet: a darker road with a shine.
        sign: put a board with large print beside the road.

    Returns:
        HxWx3 uint8 BGR in plain daylight.
    """
    width, height = camera.canvas
    canvas = _sky(width, height, rng)
    _houses(canvas, camera, rng)
    _ground(canvas, camera, rng, wet=wet)
    if rng.random() < 0.6:
        _wall(canvas, camera, rng)
    if sign:
        _sign(canvas, camera, rng)
    _gate(canvas, camera, rng)
    return canvas


def texture_noise(
    rng: np.random.Generator, rows: int, columns: int, coarse: int
) -> npt.NDArray[np.float32]:
    """Smooth noise with a grain of `coarse` pixels, standard deviation about 1."""
    small = rng.normal(0, 1, (max(2, rows // coarse), max(2, columns // coarse)))
    return np.asarray(
        cv2.resize(small.astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC),
        np.float32,
    )


def _sky(width: int, height: int, rng: np.random.Generator) -> Image:
    top, low = rng.uniform(140, 225, 3), rng.uniform(190, 240)
    ramp = np.linspace(0, 1, height)[:, None, None]
    sky = np.sort(top)[::-1] * (1 - ramp) + low * ramp
    clouds = texture_noise(rng, height, width, max(8, width // 12))[:, :, None]
    return np.clip(np.broadcast_to(sky, (height, width, 3)) + 8 * clouds, 0, 255).astype(np.uint8)


def _ground(canvas: Image, camera: Camera, rng: np.random.Generator, *, wet: bool) -> None:
    rows, columns = int((_FAR - _NEAR) * _GROUND_SCALE), int(2 * _HALF * _GROUND_SCALE)
    grey = float(rng.uniform(70, 125)) * (0.75 if wet else 1.0)
    grain = 7 * rng.standard_normal((rows, columns), np.float32)
    grain += 5 * texture_noise(rng, rows, columns, 9) + 6 * texture_noise(rng, rows, columns, 60)
    ground = np.repeat(np.clip(grey + grain, 0, 255)[:, :, None], 3, axis=2)
    road = float(rng.uniform(3.0, 5.5))
    verge = (np.array([52, 86, 72]) if rng.random() < 0.5 else np.array([118, 128, 134])).astype(
        np.float32
    )
    x = (np.arange(columns) / _GROUND_SCALE - _HALF).astype(np.float32)
    outside = np.abs(x) > road + 0.2
    ground[:, outside] = np.clip(verge + 1.3 * grain[:, outside, None], 0, 255)
    ground[:, (np.abs(x) > road) & (np.abs(x) < road + 0.2)] = 150 + 6 * float(rng.normal())
    picture = ground.astype(np.uint8)
    _marks(picture, road, rng)
    _cracks(picture, rng)
    # Two strips, overlapping: the near one is narrower, so that no corner of it lies behind a
    # turned camera.
    for near, far, half in ((_STRIP, _FAR, _HALF), (_NEAR, _STRIP + 0.5, _NARROW)):
        top, bottom = (round((_FAR - z) * _GROUND_SCALE) for z in (far, near))
        left, right = (round((_HALF + x) * _GROUND_SCALE) for x in (-half, half))
        corners = np.array([[-half, 0, far], [half, 0, far], [half, 0, near], [-half, 0, near]])
        sheet = Sheet.of(opaque(np.ascontiguousarray(picture[top:bottom, left:right])))
        _paint_world(canvas, camera, sheet, corners)


def _marks(ground: Image, road: float, rng: np.random.Generator) -> None:
    """Lane lines, and dashes in the middle."""
    rows = ground.shape[0]
    paint_value = int(rng.uniform(150, 215))
    for x in (-road + 0.25, road - 0.25):
        left = round((x + _HALF) * _GROUND_SCALE)
        cv2.rectangle(ground, (left, 0), (left + 2, rows), (paint_value,) * 3, -1)
    if rng.random() < 0.6:
        middle = round(_HALF * _GROUND_SCALE)
        for top in range(0, rows, 6 * _GROUND_SCALE):
            end = top + 3 * _GROUND_SCALE
            cv2.rectangle(ground, (middle - 1, top), (middle + 1, end), (paint_value,) * 3, -1)


def _cracks(ground: Image, rng: np.random.Generator) -> None:
    rows, columns = ground.shape[:2]
    for _ in range(int(rng.integers(3, 12))):
        start = rng.uniform((0, 0), (columns, rows))
        steps = rng.normal(0, 17, (14, 2)) + rng.normal(0, 13, 2)
        points = np.round(start + np.cumsum(steps, axis=0)).astype(np.int32)
        cv2.polylines(ground, [points], False, (54, 54, 54), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 5))):
        centre = rng.integers((0, 0), (columns, rows))
        place = (int(centre[0]), int(centre[1]))
        axes = (int(rng.integers(7, 26)), int(rng.integers(7, 40)))
        cv2.ellipse(ground, place, axes, 0, 0, 360, (62, 62, 62), -1, cv2.LINE_AA)


def _houses(canvas: Image, camera: Camera, rng: np.random.Generator) -> None:
    """Houses and trees along the horizon, the farther ones first."""
    places = sorted(
        ((float(rng.uniform(26, 52)), float(rng.uniform(-24, 24))) for _ in range(14)),
        reverse=True,
    )
    for z, x in places:
        if rng.random() < 0.55:
            tall = float(rng.uniform(3, 9))
            _upright(canvas, camera, Sheet.of(_tree(rng)), x, z, tall * 0.9, tall)
        else:
            bays, floors = int(rng.integers(3, 8)), int(rng.integers(1, 5))
            house = Sheet.of(_house(bays, floors, rng))
            _upright(canvas, camera, house, x, z, 2.2 * bays, 3.0 * floors + 1.5)


def _house(bays: int, floors: int, rng: np.random.Generator) -> Texture:
    """A front with framed windows, a roof edge and a door; 20 pixels a metre."""
    rows, columns = 60 * floors + 30, 44 * bays
    wall = np.clip(rng.uniform(110, 200) + rng.normal(0, 9, 3), 30, 240)
    grain = 4 * texture_noise(rng, rows, columns, 7)[:, :, None]
    picture = np.clip(wall + grain, 0, 255).astype(np.uint8)
    roof = tuple(int(v) for v in wall * rng.uniform(0.4, 0.8))
    cv2.rectangle(picture, (0, 0), (columns, int(rng.integers(8, 24))), roof, -1)
    frame = tuple(int(v) for v in np.clip(wall * rng.uniform(0.7, 1.25), 0, 255))
    wide, tall = int(rng.integers(9, 14)), int(rng.integers(12, 17))
    door = int(rng.integers(bays))
    for floor in range(floors):
        middle = rows - 60 * floor - 32
        for bay in range(bays):
            x = 44 * bay + 22
            if floor == 0 and bay == door:
                cv2.rectangle(picture, (x - 10, rows - 44), (x + 10, rows), (52, 58, 66), -1)
                continue
            glass = int(rng.uniform(70, 150))
            left, right = (x - wide, middle - tall), (x + wide, middle + tall)
            cv2.rectangle(picture, left, right, (glass, glass - 6, glass - 14), -1)
            cv2.rectangle(picture, left, right, frame, 3)
            cv2.line(picture, (x, middle - tall), (x, middle + tall), frame, 2)
    return opaque(np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8))


def _tree(rng: np.random.Generator) -> Texture:
    picture = np.zeros((160, 160, 4), np.uint8)
    green = np.array([40, 74, 60]) * rng.uniform(0.6, 1.3)
    for _ in range(60):
        centre = rng.normal((80, 66), (30, 24))
        tone = tuple(int(v) for v in np.clip(green * rng.uniform(0.6, 1.35), 0, 255))
        place = (int(np.clip(centre[0], 22, 138)), int(np.clip(centre[1], 22, 120)))
        cv2.circle(picture, place, int(rng.integers(8, 20)), (*tone, 255), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (75, 100), (85, 159), (40, 52, 62, 255), -1)
    return picture


def _wall(canvas: Image, camera: Camera, rng: np.random.Generator) -> None:
    """A brick or plaster wall along one side of the road."""
    rows, columns = 120, 900
    base = np.clip(rng.uniform(95, 190) + rng.normal(0, 14, 3), 30, 240)
    picture = np.clip(base + 7 * texture_noise(rng, rows, columns, 6)[:, :, None], 0, 255).astype(
        np.uint8
    )
    if rng.random() < 0.6:
        mortar = tuple(int(v) for v in np.clip(base * 0.8, 0, 255))
        for row, y in enumerate(range(0, rows, 10)):
            cv2.line(picture, (0, y), (columns, y), mortar, 1)
            for x in range(row % 2 * 12, columns, 24):
                cv2.line(picture, (x, y), (x, y + 10), mortar, 1)
    away = float(rng.uniform(6.0, 9.0)) * float(rng.choice((-1, 1)))
    tall = float(rng.uniform(1.2, 3.0))
    # Its left end in the picture is the near one on the left of the road, the far one on the right.
    first, second = (2.0, 40.0) if away < 0 else (40.0, 2.0)
    corners = np.array(
        [[away, tall, first], [away, tall, second], [away, 0, second], [away, 0, first]]
    )
    _paint_world(canvas, camera, Sheet.of(opaque(picture)), corners)


def _sign(canvas: Image, camera: Camera, rng: np.random.Generator) -> None:
    picture = np.full((110, 320, 3), 235, np.uint8)
    ground = tuple(int(v) for v in rng.choice(((160, 80, 20), (40, 40, 190), (240, 240, 240))))
    picture[:] = ground
    ink = (250, 250, 250) if sum(ground) < 600 else (30, 30, 30)
    word = str(rng.choice(_SIGNS))
    size = 300 / (20 * len(word))
    cv2.putText(picture, word, (14, 78), cv2.FONT_HERSHEY_DUPLEX, size, ink, 5, cv2.LINE_AA)
    cv2.rectangle(picture, (3, 3), (316, 106), ink, 3)
    x = float(rng.uniform(4.8, 7.0)) * float(rng.choice((-1, 1)))
    _upright(
        canvas, camera, Sheet.of(opaque(picture)), x, float(rng.uniform(12, 20)), 2.0, 0.7, 1.6
    )


def _gate(canvas: Image, camera: Camera, rng: np.random.Generator) -> None:
    """Two posts, and on some of them a raised red and white arm."""
    z, half = float(rng.uniform(9, 16)), float(rng.uniform(3.3, 4.5))
    post = np.full((120, 20, 3), 0, np.uint8)
    post[:] = rng.uniform(60, 200, 3).astype(np.uint8)
    post[:, 14:] = post[:, 14:] // 2
    for x in (-half, half):
        _upright(canvas, camera, Sheet.of(opaque(post)), x, z, 0.3, float(rng.uniform(1.0, 1.4)))
    if rng.random() < 0.5:
        arm = np.full((8, 160, 3), 225, np.uint8)
        for left in range(0, 160, 32):
            arm[:, left : left + 16] = (40, 40, 200)
        tip = np.array([-half + 0.6, 4.2, z])
        foot = np.array([-half, 1.1, z])
        side = np.array([0.1, 0.0, 0.0])
        corners = np.stack([foot - side, tip - side, tip, foot])
        _paint_world(canvas, camera, Sheet.of(opaque(arm)), corners)


def _upright(
    canvas: Image,
    camera: Camera,
    sheet: Sheet,
    x: float,
    z: float,
    width: float,
    height: float,
    foot: float = 0.0,
) -> None:
    half, top = width / 2, foot + height
    corners = np.array(
        [[x - half, top, z], [x + half, top, z], [x + half, foot, z], [x - half, foot, z]]
    )
    _paint_world(canvas, camera, sheet, corners)


def _paint_world(canvas: Image, camera: Camera, sheet: Sheet, corners: Points) -> None:
    if camera.depth(corners).min() > 0.5:
        paint(canvas, sheet, camera.project(corners))
