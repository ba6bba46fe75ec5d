"""How large a plate appears: a pinhole camera that looks along the road."""

from __future__ import annotations

import math
from dataclasses import dataclass

PLATE_WIDTH_M = 0.52
CHARACTER_HEIGHT_M = 0.075
"""Of a European one-row plate."""
READ_WIDTH = 90.0
"""Plate width in pixels from which single looks are mostly right. Shares by width are in
models/RUNS-recognizer.md, round 19: 0.73 from 60 to 80 pixels, 0.84 to 100, 0.88 to 130."""
MAX_ANGLE = math.radians(30)


@dataclass(frozen=True, slots=True)
class Mounting:
    """Where a camera hangs and how it sees.

    Attributes:
        height: metres above the plate's height.
        distance: metres along the ground to the plate.
        fov: horizontal angle of view, degrees, above 0 and below 180.
        width: picture width, pixels.
        speed: fastest vehicle, km/h.
        exposure: shutter time, seconds.
    """

    height: float
    distance: float
    fov: float
    width: int
    speed: float = 20.0
    exposure: float = 1 / 250

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a value is out of its range or not finite.
        """
        values = (self.height, self.distance, self.fov, self.width, self.speed, self.exposure)
        if not all(map(math.isfinite, values)):
            raise ValueError("every value must be a finite number")
        if not (0 < self.fov < 180 and self.distance > 0 and self.width > 0 and self.height >= 0):
            raise ValueError("0 < fov < 180, distance > 0, width > 0 and height >= 0 must hold")
        if self.speed < 0 or self.exposure <= 0:
            raise ValueError("speed must not be negative, exposure must be above 0")


@dataclass(frozen=True, slots=True)
class View:
    """How the plate appears.

    Attributes:
        plate_width: pixels.
        character_height: pixels, foreshortened by the camera's height.
        angle: between the view and the road, radians.
        blur: pixels that the plate grows or moves during the exposure, at most.
        lens: widest horizontal angle of view that would give `READ_WIDTH`, degrees.
    """

    plate_width: float
    character_height: float
    angle: float
    blur: float
    lens: float

    @property
    def advice(self) -> tuple[str, ...]:
        """What to change, most important first; empty where it will read."""
        found = []
        if self.plate_width < READ_WIDTH:
            found.append(
                f"the plate is {self.plate_width:.0f} pixels wide, {READ_WIDTH:.0f} are wanted: "
                f"use a lens of at most {self.lens:.0f} degrees, come nearer, or use more pixels"
            )
        if self.angle > MAX_ANGLE:
            found.append(
                f"the camera looks down at {math.degrees(self.angle):.0f} degrees: hang it lower "
                f"or farther away, at most {math.degrees(MAX_ANGLE):.0f}"
            )
        if self.blur > self.character_height / 8:
            found.append(
                f"motion blurs the plate by {self.blur:.1f} pixels: shorten the exposure, "
                "with more light"
            )
        return tuple(found)


def see(mounting: Mounting) -> View:
    """Project a plate straight ahead of the camera.

    Blur is what the plate's outline moves by when the vehicle drives on during the exposure.

    Raises:
        ValueError: values so large or small that nothing can be computed from them.
    """
    reach = math.hypot(mounting.distance, mounting.height)
    focal = mounting.width / 2 / math.tan(math.radians(mounting.fov) / 2)
    angle = math.atan2(mounting.height, mounting.distance)
    plate = PLATE_WIDTH_M * focal / reach
    travelled = mounting.speed / 3.6 * mounting.exposure
    nearer = max(reach - travelled, 0.1)
    down = focal * math.sin(angle) * travelled / nearer
    growth = PLATE_WIDTH_M * focal * (1 / nearer - 1 / reach) / 2
    lens = 2 * math.degrees(math.atan(mounting.width * PLATE_WIDTH_M / (2 * READ_WIDTH * reach)))
    blur = max(down, growth)
    if not all(map(math.isfinite, (plate, down, growth))):
        raise ValueError("a value is far too large or too small")
    return View(
        plate_width=plate,
        character_height=CHARACTER_HEIGHT_M * focal / reach * math.cos(angle),
        angle=angle,
        blur=blur,
        lens=lens,
    )
