"""What light, weather and camera do to a frame: exposure, infra-red, glare, rain, blur, noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.clip_road import texture_noise
from lpr.types import Image


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a clip.

    Attributes:
        name: day, dusk or night.
        world: gain of the still world, 1 is daylight.
        body: gain of vehicles.
        plate: gain of plates, at 8 m where a lamp is at the camera.
        lamp: whether an (infra-red) lamp at the camera lights the near things more than the far.
        infrared: no colours.
        tint: gains of blue, green and red.
        glare: brightness of the head lamps, 0 for off.
    """

    name: str
    world: float
    body: float
    plate: float
    lamp: bool
    infrared: bool
    tint: tuple[float, float, float]
    glare: float

    def gains(self, distance: float) -> tuple[float, float]:
        """Gain of a body and of its plate at a distance in metres."""
        if not self.lamp:
            return self.body, self.plate
        near = min(2.2, (8.0 / max(distance, 2.0)) ** 1.3)
        return self.body * near, min(1.25, self.plate * near**0.6)


@dataclass(frozen=True, slots=True)
class Lens:
    """The camera's flaws.

    Attributes:
        blur: standard deviation of the lens's blur, pixels.
        shutter: exposure time, seconds.
        noise: standard deviation of the noise, grey levels.
        shake: standard deviation of the picture's shaking, pixels.
        rain: share of rain, 0 to 1.
        step_frame: frame at which the light steps, -1 for never.
        step_gain: how much brighter the picture is after the step, until exposure has adapted.
        adapt_seconds: time constant of that adaptation.
    """

    blur: float
    shutter: float
    noise: float
    shake: float
    rain: float
    step_frame: int
    step_gain: float
    adapt_seconds: float


class Optics:
    """Applies light and lens to the frames of one clip, in order.

    Args:
        light: the light.
        lens: the camera's flaws.
        width: canvas width, pixels.
        height: canvas height, pixels.
        rng: source of randomness.
    """

    def __init__(
        self, light: Light, lens: Lens, width: int, height: int, rng: np.random.Generator
    ) -> None:
        self._light, self._lens = light, lens
        self._rng = rng
        self._width, self._height = width, height
        self._noise = [self._noise_tile() for _ in range(2)]
        self._streaks = [self._rain_layer() for _ in range(3)] if lens.rain > 0 else []
        self._sway = rng.uniform(0, 2 * math.pi, 4)

    def light_world(self, world: Image) -> Image:
        """The still world in this light; a lamp at the camera lights its lower middle most."""
        light = self._light
        gain = np.full((self._height, self._width, 1), light.world, np.float32)
        if light.lamp:
            y, x = np.mgrid[0 : self._height, 0 : self._width].astype(np.float32)
            away = np.hypot((x / self._width - 0.5) * 1.3, (y / self._height - 0.7) * 1.4)
            gain *= (0.25 + 1.5 * np.exp(-4.0 * away * away))[:, :, None]
        lit = world * gain * np.array(light.tint, np.float32)
        return np.asarray(np.clip(lit, 0, 255), np.uint8)

    def glare(self, canvas: Image, x: float, y: float, size: float) -> None:
        """Add one lamp's light at a canvas point, in place; `size` is the lamp's, pixels."""
        strength = self._light.glare
        reach = int(max(6.0, size * (4 + 9 * strength)))
        left, top = int(x) - reach, int(y) - reach
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(self._width, left + 2 * reach), min(self._height, top + 2 * reach)
        if x1 <= x0 or y1 <= y0:
            return
        grid_y, grid_x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        dx, dy = grid_x - x, grid_y - y
        distance = np.hypot(dx, dy)
        core = np.clip((size * 1.1 - distance) / max(1.0, size * 0.5), 0, 1) * 255
        halo = 150 * strength * np.exp(-distance / (size * 1.6))
        rays = (
            70 * strength * np.exp(-np.abs(dx) / (size * 0.25)) * np.exp(-np.abs(dy) / (3 * size))
        )
        fade = np.clip(1.4 - distance / reach * 1.4, 0, 1)
        light = ((core + halo + rays) * fade).astype(np.float32)[:, :, None]
        light = light * np.array((0.92, 0.97, 1.0), np.float32)
        part = canvas[y0:y1, x0:x1]
        canvas[y0:y1, x0:x1] = np.clip(part + light, 0, 255).astype(np.uint8)

    def smear(self, canvas: Image, box: tuple[int, int, int, int], dx: float, dy: float) -> None:
        """Blur a part of the canvas along a movement in pixels, in place."""
        kernel = _line_kernel(dx, dy)
        x0, y0, x1, y1 = box
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(self._width, x1), min(self._height, y1)
        if kernel is None or x1 <= x0 or y1 <= y0:
            return
        canvas[y0:y1, x0:x1] = cv2.filter2D(canvas[y0:y1, x0:x1], -1, kernel)

    def sway(self, time: float) -> tuple[float, float, float]:
        """How far the camera is shaken at a time: pixels right, pixels down, radians."""
        a, b, c, d = (float(one) for one in self._sway)
        right = math.sin(2 * math.pi * 2.1 * time + a) + 0.5 * math.sin(
            2 * math.pi * 7.3 * time + b
        )
        down = math.sin(2 * math.pi * 2.9 * time + c) + 0.5 * math.sin(2 * math.pi * 6.1 * time + d)
        shake = self._lens.shake
        return right * shake, down * shake, 0.0004 * shake * math.sin(2 * math.pi * 1.7 * time + b)

    def exposure(self, frame: int, fps: float) -> float:
        """The exposure error's gain at a frame: 1 but for a time after the step."""
        since = frame - self._lens.step_frame
        if self._lens.step_frame < 0 or since < 0:
            return 1.0
        left = math.exp(-since / fps / self._lens.adapt_seconds)
        return math.exp(math.log(self._lens.step_gain) * left)

    def finish(self, image: Image, frame: int, fps: float) -> Image:
        """Rain, lens, exposure, colour and noise, in the order in which they occur."""
        height, width = image.shape[:2]
        if self._streaks:
            image = self._rained(image, frame)
        if self._lens.blur > 0.3:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), self._lens.blur), np.uint8)
        gain = self.exposure(frame, fps)
        if abs(gain - 1) > 0.01:
            image = np.asarray(cv2.convertScaleAbs(image, alpha=gain), np.uint8)
        if self._light.infrared:
            grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            image = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
        tile = self._noise[int(self._rng.integers(len(self._noise)))]
        y, x = int(self._rng.integers(64)), int(self._rng.integers(64))
        noise = tile[y : y + height, x : x + width]
        return np.asarray(cv2.addWeighted(image, 1.0, noise, 1.0, -128.0), np.uint8)

    def _rained(self, image: Image, frame: int) -> Image:
        layer = self._streaks[frame % len(self._streaks)]
        height, width = image.shape[:2]
        y, x = int(self._rng.integers(64)), int(self._rng.integers(64))
        haze = cv2.convertScaleAbs(
            image, alpha=1 - 0.22 * self._lens.rain, beta=26 * self._lens.rain
        )
        return np.asarray(cv2.add(haze, layer[y : y + height, x : x + width]), np.uint8)

    def _noise_tile(self) -> Image:
        shape = (self._height + 64, self._width + 64, 1 if self._light.infrared else 3)
        noise = self._rng.standard_normal(shape, np.float32) * self._lens.noise
        noise += 0.5 * self._lens.noise * texture_noise(self._rng, *shape[:2], 3)[:, :, None]
        tile = np.clip(np.round(noise + 128), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.broadcast_to(tile, (*shape[:2], 3)))

    def _rain_layer(self) -> Image:
        rows, columns = self._height + 64, self._width + 64
        layer = np.zeros((rows, columns, 3), np.uint8)
        slant = float(self._rng.uniform(-0.15, 0.15))
        for _ in range(int(900 * self._lens.rain)):
            x, y = float(self._rng.uniform(0, columns)), float(self._rng.uniform(0, rows))
            long = float(self._rng.uniform(8, 40))
            tone = int(self._rng.uniform(14, 52))
            end = (round(x + slant * long), round(y + long))
            cv2.line(layer, (round(x), round(y)), end, (tone, tone, tone), 1, cv2.LINE_AA)
        return layer


def _line_kernel(dx: float, dy: float) -> npt.NDArray[np.float32] | None:
    """An averaging kernel along a movement; None where it is below a pixel."""
    length = math.hypot(dx, dy)
    if length < 0.8:
        return None
    half = math.ceil(length / 2)
    size = 2 * half + 1
    kernel = np.zeros((size, size), np.float32)
    for share in np.linspace(-0.5, 0.5, max(9, 4 * size)):
        x, y = half + share * dx, half + share * dy
        x0, y0 = math.floor(x), math.floor(y)
        for px, py, weight in (
            (x0, y0, (x0 + 1 - x) * (y0 + 1 - y)),
            (x0 + 1, y0, (x - x0) * (y0 + 1 - y)),
            (x0, y0 + 1, (x0 + 1 - x) * (y - y0)),
            (x0 + 1, y0 + 1, (x - x0) * (y - y0)),
        ):
            if 0 <= px < size and 0 <= py < size:
                kernel[py, px] += weight
    return np.asarray(kernel / kernel.sum(), np.float32)
