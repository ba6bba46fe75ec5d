"""A pinhole camera above a road, and where things of the world fall in its picture.

World: metres, x to the right, y up, z ahead along the ground; the camera stands above the origin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Nx3 world points in metres, or Nx2 picture points in pixels."""
NEAR = 0.3
"""Least depth at which a point can be projected, metres."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera without distortion.

    Attributes:
        width: picture width, pixels.
        height: picture height, pixels.
        fov: horizontal field of view, degrees.
        elevation: height above the ground, metres.
        pitch: degrees looked down.
        yaw: degrees turned to the right.
        roll: degrees turned clockwise about the axis.
        margin: pixels that the picture is grown by on each side, at the same scale.
    """

    width: int
    height: int
    fov: float
    elevation: float
    pitch: float
    yaw: float = 0.0
    roll: float = 0.0
    margin: int = 0

    @property
    def focal(self) -> float:
        """Focal length, pixels."""
        return self.width / 2 / math.tan(math.radians(self.fov) / 2)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the picture with its margin, pixels."""
        return self.width + 2 * self.margin, self.height + 2 * self.margin

    def depth(self, world: Points) -> npt.NDArray[np.float64]:
        """How far ahead of the camera Nx3 world points lie, metres."""
        return self._turned(world)[:, 2]

    def project(self, world: Points) -> Points:
        """Nx2 canvas pixels (margin included) of Nx3 world points.

        Raises:
            ValueError: a point is not ahead of the camera.
        """
        turned = self._turned(world)
        if turned[:, 2].min() < NEAR:
            raise ValueError("a point behind the camera has no place in the picture")
        flat = turned[:, :2] / turned[:, 2:] * self.focal
        width, height = self.canvas
        return np.asarray(flat + np.array([width / 2, height / 2]), np.float64)

    def _turned(self, world: Points) -> Points:
        """World points in camera axes: x right, y down, z ahead."""
        pitch, yaw, roll = (math.radians(one) for one in (self.pitch, self.yaw, self.roll))
        x, y, z = (world - np.array([0.0, self.elevation, 0.0])).T
        x, z = x * math.cos(yaw) - z * math.sin(yaw), x * math.sin(yaw) + z * math.cos(yaw)
        y = -y
        y, z = y * math.cos(pitch) - z * math.sin(pitch), y * math.sin(pitch) + z * math.cos(pitch)
        x, y = x * math.cos(roll) - y * math.sin(roll), x * math.sin(roll) + y * math.cos(roll)
        return np.stack([x, y, z], axis=1)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a vehicle's near end stands: metres on the ground, and its turn in degrees."""

    x: float
    z: float
    heading: float = 0.0

    def place(self, local: Points) -> Points:
        """World points of Nx3 points in the vehicle's axes: x right, y up, z away from its end."""
        turn = math.radians(self.heading)
        x, y, z = local.T
        return np.stack(
            [
                x * math.cos(turn) + z * math.sin(turn) + self.x,
                y,
                z * math.cos(turn) - x * math.sin(turn) + self.z,
            ],
            axis=1,
        )
