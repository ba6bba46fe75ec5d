"""A vehicle as textured faces in the world, with its plate."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lpr.synth import clip_body
from lpr.synth.clip_body import Body, Colour
from lpr.synth.clip_camera import NEAR, Camera, Points, Pose
from lpr.synth.clip_paint import Sheet, opaque, paint
from lpr.types import Image

_PAINTS: tuple[Colour, ...] = (
    (226, 226, 224),
    (196, 196, 194),
    (150, 150, 148),
    (88, 86, 84),
    (44, 42, 42),
    (40, 36, 150),
    (130, 70, 34),
    (92, 48, 30),
    (60, 90, 60),
    (120, 150, 170),
)
_SHAPES = {
    "car": (1.76, 0.86, 0.95, 1.46, 0.75, 4.2),
    "suv": (1.86, 1.05, 0.9, 1.72, 0.55, 4.4),
    "van": (1.95, 1.10, 0.35, 2.05, 0.45, 5.0),
    "truck": (2.2, 1.30, 0.08, 2.6, 0.12, 6.5),
}
"""Width, nose, bonnet, roof, slope of the screen, length, metres."""
_ROOF_SHARE = 0.86
"""Width of the roof by that of the body."""


@dataclass(frozen=True, slots=True, eq=False)
class MountedPlate:
    """A plate on a vehicle.

    Attributes:
        image: HxWx3 uint8 BGR, the plate from rim to rim.
        width: metres.
        height: metres.
        tilt: how far the upper edge leans back, metres.
        turn: degrees that it hangs askew.
    """

    image: Image
    width: float
    height: float
    tilt: float
    turn: float


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A textured quad in the vehicle's axes; its shade is for light from above."""

    sheet: Sheet
    corners: Points
    shade: float


def sample_body(rng: np.random.Generator, *, rear: bool, plate_height: float) -> Body:
    """Draw a body that has room for a plate of this height, metres."""
    kinds = ("car", "suv", "van", "truck")
    kind = str(rng.choice(kinds, p=(0.5, 0.25, 0.15, 0.1)))
    width, nose, bonnet, roof, slope, length = _SHAPES[kind]
    grow = float(rng.uniform(0.95, 1.06))
    low = 0.42 + plate_height / 2
    at = low + float(rng.uniform(0.0, 0.08)) if not rear else float(rng.uniform(low + 0.1, 0.74))
    return Body(
        kind=kind,
        width=width * grow,
        nose=max(nose * grow, at + plate_height / 2 + 0.18),
        bonnet=0.45 if rear and kind == "car" else 0.05 if rear else bonnet,
        roof=roof * grow,
        slope=slope,
        length=length,
        plate_height=at,
        plate_shift=0.0 if rng.random() < 0.9 else float(rng.uniform(-0.2, 0.2)),
        paint=_PAINTS[int(rng.integers(len(_PAINTS)))],
        rear=rear,
        grille=int(rng.integers(4)),
    )


class Vehicle:
    """Textures of one vehicle, ready to be painted at any pose.

    Args:
        body: its shape.
        plate: its plate, None for a vehicle without one.
        rng: source of randomness for small differences.
    """

    def __init__(self, body: Body, plate: MountedPlate | None, rng: np.random.Generator) -> None:
        self._body = body
        end = clip_body.rear(body, rng) if body.rear else clip_body.front(body, rng)
        self._end = _Face(Sheet.of(end), _upright(body.width, body.nose + 0.02, 0.0), 1.0)
        self._faces = self._shell(rng)
        self._mount: tuple[_Face, _Face] | None = None
        if plate is not None:
            corners = _plate_corners(body, plate)
            holder = np.full((24, 96, 3), 26, np.uint8)
            rim = corners + np.array([0.0, 0.0, 0.005])
            middle = rim.mean(axis=0)
            grow = np.array([1 + 0.03 / plate.width, 1 + 0.03 / plate.height, 1.0])
            frame = _Face(Sheet.of(opaque(holder)), middle + (rim - middle) * grow, 0.9)
            self._mount = frame, _Face(Sheet.of(opaque(plate.image)), corners, 1.0)

    @property
    def lamps(self) -> Points:
        """Where the two lamps are, vehicle axes, metres."""
        half, y = self._body.width / 2, self._body.nose - 0.18
        return np.array([[-half * 0.76, y, -0.05], [half * 0.76, y, -0.05]])

    @property
    def rear(self) -> bool:
        """Whether the rear faces the camera."""
        return self._body.rear

    def outline(self, camera: Camera, pose: Pose) -> Points | None:
        """4x2 canvas corners of the end face, None where it is too near."""
        return _projected(camera, pose, self._end.corners)

    def plate_quad(self, camera: Camera, pose: Pose) -> Points | None:
        """4x2 canvas corners of the plate, None where it has none or is too near."""
        if self._mount is None:
            return None
        return _projected(camera, pose, self._mount[1].corners)

    def paint(
        self, canvas: Image, camera: Camera, pose: Pose, gain: float, plate_gain: float
    ) -> None:
        """Paint the vehicle into the canvas, far faces first.

        Args:
            canvas: HxWx3 uint8 BGR, changed.
            camera: sees the canvas with its margin.
            pose: where the vehicle stands.
            gain: light on the body, 1 is plain daylight.
            plate_gain: light on the plate, which reflects back to a lamp at the camera.
        """
        self._shadow(canvas, camera, pose)
        for face in self._faces:
            _paint_face(canvas, camera, pose, face, gain)
        _paint_face(canvas, camera, pose, self._end, gain)
        if self._mount is not None:
            _paint_face(canvas, camera, pose, self._mount[0], gain)
            _paint_face(canvas, camera, pose, self._mount[1], plate_gain)

    def _shell(self, rng: np.random.Generator) -> tuple[_Face, ...]:
        body = self._body
        half = body.width / 2 * 0.97
        foot, head = body.nose + 0.08, body.roof
        rise = head - foot
        near = body.bonnet
        flank = Sheet.of(clip_body.side(body, rng))
        mirrored = Sheet.of(np.ascontiguousarray(clip_body.side(body, rng)[:, ::-1]))
        long, roof_end = body.length, body.length - 0.5
        window = clip_body.screen(body, float(np.hypot(rise, body.slope)), rng)
        top = Sheet.of(clip_body.lid(body, max(0.3, roof_end - near - body.slope), rng))
        back = near + body.slope
        return (
            _Face(mirrored, _flank(-half, head, long), 0.8),
            _Face(flank, _flank(half, head, long), 0.8),
            _Face(top, _lying(half * _ROOF_SHARE, head, back, head, roof_end), 1.1),
            _Face(Sheet.of(window), _lying(half, foot, near, head, back), 1.0),
            _Face(
                Sheet.of(clip_body.lid(body, max(0.2, near), rng)),
                _lying(half, body.nose, 0.0, foot, max(0.05, near)),
                1.05,
            ),
        )

    def _shadow(self, canvas: Image, camera: Camera, pose: Pose) -> None:
        half, long = self._body.width / 2 + 0.15, self._body.length
        ground = np.array([[-half, 0, long], [half, 0, long], [half, 0, -0.25], [-half, 0, -0.25]])
        corners = _projected(camera, pose, ground)
        if corners is not None:
            paint(canvas, _SHADOW, corners)


def _paint_face(canvas: Image, camera: Camera, pose: Pose, face: _Face, gain: float) -> None:
    corners = _projected(camera, pose, face.corners)
    if corners is not None and _faces_camera(corners):
        paint(canvas, face.sheet, corners, gain * face.shade)


def _projected(camera: Camera, pose: Pose, local: Points) -> Points | None:
    world = pose.place(local)
    return camera.project(world) if camera.depth(world).min() >= NEAR else None


def _faces_camera(corners: Points) -> bool:
    (ax, ay), (bx, by) = corners[1] - corners[0], corners[3] - corners[0]
    return bool(ax * by - ay * bx > 0)


def _upright(width: float, height: float, foot: float) -> Points:
    half, top = width / 2, foot + height
    corners = [[-half, top, 0.0], [half, top, 0.0], [half, foot, 0.0], [-half, foot, 0.0]]
    return np.array(corners, np.float64)


def _flank(half: float, high: float, long: float) -> Points:
    """The side at x = `half` (left if negative), leaning in towards the roof."""
    inner = half * _ROOF_SHARE
    near, far = (0.0, long) if half > 0 else (long, 0.0)
    return np.array(
        [[inner, high, near], [inner, high, far], [half, 0, far], [half, 0, near]], np.float64
    )


def _lying(half: float, low: float, near: float, high: float, far: float) -> Points:
    """A face that rises from (low, near) to (high, far); its texture's top is the far edge."""
    return np.array(
        [[-half, high, far], [half, high, far], [half, low, near], [-half, low, near]], np.float64
    )


def _plate_corners(body: Body, plate: MountedPlate) -> Points:
    flat = _upright(plate.width, plate.height, -plate.height / 2)
    turn = np.radians(plate.turn)
    x = flat[:, 0] * np.cos(turn) - flat[:, 1] * np.sin(turn)
    y = flat[:, 0] * np.sin(turn) + flat[:, 1] * np.cos(turn)
    z = np.array([plate.tilt, plate.tilt, 0.0, 0.0]) - 0.03
    return np.stack([x + body.plate_shift, y + body.plate_height, z], axis=1)


def _soft_shadow() -> Sheet:
    alpha = np.zeros((96, 64), np.uint8)
    cv2.rectangle(alpha, (8, 8), (55, 87), 205, -1)
    blurred = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 5), np.uint8)
    return Sheet.of(np.dstack([np.full((96, 64, 3), 8, np.uint8), blurred]))


_SHADOW = _soft_shadow()
