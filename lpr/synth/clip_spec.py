"""What a clip shows, drawn from a seed: camera, light, vehicles, their ways, plates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lpr.synth.clip_camera import Camera, Pose
from lpr.synth.clip_optics import Lens, Light

FAR, NEAR = 20.0, 4.0
"""Between these distances vehicles move, metres."""
NO_PLATE, TWO_LINES, ILLEGIBLE = 0.05, 0.10, 0.05
"""Shares of clips without any plate, with two-line plates, and with an illegible plate."""
MUD, FADED, DISTANT = "mud", "faded", "distant"


@dataclass(frozen=True, slots=True)
class Route:
    """How a vehicle moves: from `start` to `end` metres ahead, between two times.

    Attributes:
        start: distance of its near end at the clip's beginning.
        end: the same at the clip's end.
        x_start: metres to the right at `start`.
        x_end: metres to the right at `end`.
        ease: 0 is a constant speed; 1 brakes to a stand (or starts from one when it leaves).
        seconds: the clip's length.
    """

    start: float
    end: float
    x_start: float
    x_end: float
    ease: float
    seconds: float

    def pose(self, time: float) -> Pose:
        """Where the vehicle stands at a time; its heading follows its way."""
        share = min(1.0, max(0.0, time / self.seconds))
        if self.end < self.start:
            done = share * (1 - self.ease) + self.ease * (1 - (1 - share) ** 2)
        else:
            done = share * (1 - self.ease) + self.ease * share**2
        z = self.start + (self.end - self.start) * done
        x = self.x_start + (self.x_end - self.x_start) * done
        turn = math.degrees(math.atan2(self.x_end - self.x_start, self.end - self.start))
        heading = turn - 180 if turn > 90 else turn + 180 if turn < -90 else turn
        return Pose(x, z, heading)


@dataclass(frozen=True, slots=True)
class VehicleSpec:
    """One vehicle.

    Attributes:
        seed: of its body and plate.
        route: its way.
        rear: whether its rear faces the camera.
        plate: `one`, `two` (rows), `none`, or why nobody can read it: mud, faded, distant.
    """

    seed: int
    route: Route
    rear: bool
    plate: str


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """Everything that a clip is rendered from.

    Attributes:
        seed: of everything that is not said here.
        fps: frames per second.
        frames: number of frames.
        camera: the camera, without margin.
        light: day, dusk or night.
        lens: the camera's flaws.
        vehicles: one or two.
        sign: whether a board with large print stands beside the road.
        bit_rate: of the H.264 stream, bits per second.
        regions: region codes of the plates; empty is any.
    """

    seed: int
    fps: int
    frames: int
    camera: Camera
    light: Light
    lens: Lens
    vehicles: tuple[VehicleSpec, ...]
    sign: bool
    bit_rate: int
    regions: tuple[str, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """Conditions by name."""
        lens = self.lens
        names = {
            self.light.name: True,
            "rain": lens.rain > 0,
            "glare": self.light.glare > 0.5 and not all(one.rear for one in self.vehicles),
            "shake": lens.shake >= 2,
            **camera_tags(lens, self.fps, self.bit_rate),
            "leaving": any(one.route.end > one.route.start for one in self.vehicles),
            "two vehicles": len(self.vehicles) > 1,
            "two lines": any(one.plate == "two" for one in self.vehicles),
            "no plate": all(one.plate == "none" for one in self.vehicles),
            "illegible": any(one.plate in (MUD, FADED, DISTANT) for one in self.vehicles),
        }
        return tuple(name for name, present in names.items() if present)


def camera_tags(lens: Lens, fps: int, bit_rate: int) -> dict[str, bool]:
    """Conditions of the camera alone, by name: whether each is there."""
    return {
        "exposure step": lens.step_frame >= 0,
        "slow shutter": lens.shutter >= 1 / 80,
        "low bit rate": bit_rate < 900_000,
        "low frame rate": fps <= 15,
    }


DAY = Light("day", 1.0, 1.0, 0.95, False, False, (1.0, 1.0, 1.0), 0.0)
DUSK = Light("dusk", 0.50, 0.55, 0.68, False, False, (1.12, 0.98, 0.92), 0.45)
NIGHT = Light("night", 0.26, 0.46, 0.86, True, True, (1.0, 1.0, 1.0), 0.35)


def sample_clip_spec(seed: int, *, regions: Sequence[str] = ()) -> ClipSpec:
    """Draw a clip: the same seed gives the same clip."""
    rng = np.random.default_rng((seed, 600))
    kind = float(rng.random())
    fps = int(rng.choice((12, 15, 20, 25, 30)))
    frames = round(float(rng.uniform(2.2, 4.0)) * fps)
    light = _sample_light(rng)
    routes, rears = _sample_routes(rng, frames / fps)
    fov = float(rng.uniform(30, 46) if len(routes) == 1 else rng.uniform(40, 54))
    plates = _sample_plates(kind, len(routes), rng)
    if DISTANT in plates:
        routes = [replace(route, start=44.0, end=34.0) for route in routes]
        fov = 58.0
    return ClipSpec(
        seed=seed,
        fps=fps,
        frames=frames,
        camera=_sample_camera(rng, fov, routes),
        light=light,
        lens=_sample_lens(rng, light, frames),
        vehicles=tuple(
            VehicleSpec(int(rng.integers(2**31)), route, rear, plate)
            for route, rear, plate in zip(routes, rears, plates, strict=True)
        ),
        sign=bool(rng.random() < 0.25),
        bit_rate=int(rng.choice((700_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000))),
        regions=tuple(regions),
    )


def _sample_light(rng: np.random.Generator) -> Light:
    light = (DAY, DUSK, NIGHT)[int(rng.choice(3, p=(0.5, 0.22, 0.28)))]
    strong = rng.random() < 0.3
    scale = float(rng.uniform(0.85, 1.12))
    return replace(
        light,
        world=light.world * scale,
        body=light.body * scale,
        glare=min(1.0, light.glare * 2.2) if strong else light.glare,
    )


def _sample_lens(rng: np.random.Generator, light: Light, frames: int) -> Lens:
    dark = light.name != "day"
    shutters = (1 / 60, 1 / 120, 1 / 250) if dark else (1 / 120, 1 / 250, 1 / 500, 1 / 1000)
    step = rng.random() < 0.15
    return Lens(
        blur=float(rng.uniform(0.4, 0.95)),
        shutter=float(rng.choice(shutters)),
        noise=float(rng.uniform(3.0, 7.0) if dark else rng.uniform(1.0, 3.5)),
        shake=_sample_shake(rng),
        rain=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.15 else 0.0,
        step_frame=int(rng.integers(frames // 5, frames * 3 // 4)) if step else -1,
        step_gain=float(rng.choice((0.45, 1.8))) if step else 1.0,
        adapt_seconds=float(rng.uniform(0.15, 0.5)),
    )


def _sample_shake(rng: np.random.Generator) -> float:
    """Most cameras hang still, some tremble, some sway in the wind."""
    kind = float(rng.random())
    if kind < 0.5:
        return 0.0
    return float(rng.uniform(0.2, 0.8) if kind < 0.8 else rng.uniform(2.0, 4.0))


def _sample_routes(rng: np.random.Generator, seconds: float) -> tuple[list[Route], list[bool]]:
    """One vehicle in the middle, or two in lanes of their own."""
    if rng.random() < 0.72:
        x = float(rng.uniform(-0.9, 0.9))
        leaving = bool(rng.random() < 0.3)
        return [_route(rng, x, seconds, leaving=leaving)], [_rear(rng, leaving=leaving)]
    routes, rears = [], []
    for lane in (-1.75, 1.75):
        leaving = bool(rng.random() < 0.3)
        x = lane + float(rng.uniform(-0.25, 0.25))
        routes.append(_route(rng, x, seconds, leaving=leaving, near=float(rng.uniform(5.0, 7.0))))
        rears.append(_rear(rng, leaving=leaving))
    return routes, rears


def _route(
    rng: np.random.Generator, x: float, seconds: float, *, leaving: bool, near: float | None = None
) -> Route:
    close = near if near is not None else float(rng.uniform(NEAR, 6.0))
    far = min(FAR, close + float(rng.uniform(4.0, 7.5)) * seconds)
    drift = float(rng.uniform(-0.5, 0.5))
    ease = float(rng.uniform(0, 0.9))
    if leaving:
        return Route(close, far, x, x + drift, ease, seconds)
    return Route(far, close, x + drift, x, ease, seconds)


def _rear(rng: np.random.Generator, *, leaving: bool) -> bool:
    """A leaving vehicle shows its rear; a few approach backwards, as at loading bays."""
    return leaving or bool(rng.random() < 0.06)


def _sample_camera(rng: np.random.Generator, fov: float, routes: Sequence[Route]) -> Camera:
    """A camera that holds the near end of the routes in its lower half."""
    elevation = float(rng.uniform(1.1, 3.2))
    width, height = (1280, 720) if rng.random() < 0.85 else (960, 540)
    near = min(min(route.start, route.end) for route in routes)
    down = math.degrees(math.atan2(elevation - 0.55, near))
    half = math.degrees(math.atan(math.tan(math.radians(fov / 2)) * height / width))
    middle = sum(route.x_start + route.x_end for route in routes) / 2 / len(routes)
    return Camera(
        width=width,
        height=height,
        fov=fov,
        elevation=elevation,
        # The nearest plate stands at two thirds of the way to the lower border.
        pitch=down - half * float(rng.uniform(0.35, 0.68)),
        yaw=math.degrees(math.atan2(middle, 9.0)) * float(rng.uniform(0.3, 0.9)),
        roll=float(rng.normal(0, 1.2)),
    )


def _sample_plates(kind: float, count: int, rng: np.random.Generator) -> list[str]:
    if kind < NO_PLATE:
        return ["none"] * count
    if kind < NO_PLATE + ILLEGIBLE:
        how = str(rng.choice((MUD, FADED, DISTANT)))
        return [how] * count if how == DISTANT else [how, *["one"] * (count - 1)]
    if kind < NO_PLATE + ILLEGIBLE + TWO_LINES:
        return ["two", *["one"] * (count - 1)]
    return ["one"] * count
