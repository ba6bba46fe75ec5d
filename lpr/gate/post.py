"""A camera, the gate that it watches, and how it tells the direction."""

from __future__ import annotations

from dataclasses import dataclass

from lpr.gate.camera_settings import CameraSettings
from lpr.gate.config import GateConfig, GateSettings
from lpr.gate.direction import Direction, DirectionEstimator, border_from_points


@dataclass(frozen=True, slots=True)
class Post:
    """One camera's place.

    Attributes:
        gate: the gate that it watches.
        camera: its settings.
        directions: follows its tracks across its line or zone; None where it has none.
    """

    gate: GateSettings
    camera: CameraSettings
    directions: DirectionEstimator | None

    def direction(self, track_id: int) -> Direction | None:
        """Which way a track goes; None where that is not known (yet)."""
        if self.directions is not None:
            return self.directions.direction(track_id)
        return self.camera.direction


def posts(config: GateConfig) -> dict[str, Post]:
    """Camera name -> its post, for every camera of a site."""
    return {
        camera.name: Post(gate, camera, _estimator(camera))
        for gate in config.gates
        for camera in gate.cameras
    }


def _estimator(camera: CameraSettings) -> DirectionEstimator | None:
    border = border_from_points(camera.line, camera.zone)
    return DirectionEstimator(border, hysteresis=camera.hysteresis) if border is not None else None
