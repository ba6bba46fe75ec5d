"""How a plate moves: constant velocity and constant rate of growth, in real time.

One Kalman filter of two states (value and rate) for each of centre x, centre y and log size, driven
by white acceleration (Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to Tracking and
Navigation", 2001, section 6.2.2). The noise of the centre scales with the plate, because a near
plate moves more pixels than a far one at the same speed. The shape, that is the corners relative
to the centre and the size, is smoothed exponentially.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lpr.geometry import Box, Point, Quad
from lpr.track.options import TrackerOptions

_MIN_EXTENT: Final = 4.0
_PIXEL_NOISE: Final = 0.7
_SHAPE_MEMORY: Final = 0.5
_MAX_LOG_GROWTH: Final = 1.0
_START_GROWTH: Final = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """A detected plate as the motion model sees it.

    Attributes:
        quad: the corners, frame pixels.
        center: mean of the corners.
        size: twice the root of width times height, pixels: about the width of a one-line plate,
            but it depends little on how far the plate is turned, or on its number of rows.
        log_size: its logarithm.
        box: the upright box around the corners.
    """

    quad: Quad
    center: Point
    size: float
    log_size: float
    box: Box


def measure(quad: Quad) -> Measured:
    """Measure a detected plate."""
    size = max(_MIN_EXTENT, 2.0 * math.sqrt(quad.width * quad.height))
    return Measured(quad, quad.center, size, math.log(size), quad.box)


class AxisFilter:
    """A value and its rate of change.

    Args:
        value: first measurement.
        variance: of the measurement.
        rate_variance: of the unknown rate.
    """

    __slots__ = ("covariance", "rate", "rate_variance", "value", "variance")

    def __init__(self, value: float, variance: float, rate_variance: float) -> None:
        self.value = value
        self.rate = 0.0
        self.variance = variance
        self.covariance = 0.0
        self.rate_variance = rate_variance

    def predict(self, dt: float, acceleration: float) -> None:
        """Move `dt` seconds on; `acceleration` is the spread of the acceleration."""
        noise = acceleration * acceleration * dt
        self.value += self.rate * dt
        self.variance += dt * (2 * self.covariance + dt * self.rate_variance) + noise * dt * dt / 3
        self.covariance += dt * self.rate_variance + noise * dt / 2
        self.rate_variance += noise

    def correct(self, measured: float, variance: float) -> None:
        """Take a measurement with its variance."""
        total = self.variance + variance
        gain, rate_gain = self.variance / total, self.covariance / total
        innovation = measured - self.value
        self.value += gain * innovation
        self.rate += rate_gain * innovation
        self.rate_variance -= rate_gain * self.covariance
        self.covariance *= 1 - gain
        self.variance *= 1 - gain

    def stop_at(self, value: float) -> None:
        """Start again from `value` at rest, as uncertain of the rate as before."""
        self.value = value
        self.rate = 0.0
        self.covariance = 0.0


class MotionModel:
    """Where one plate is and will be.

    Args:
        seen: first measurement.
        options: noise.

    Attributes:
        size: expected extent, pixels.
        seen_at: centre of the latest measurement, frame pixels.
        seen_log_size: logarithm of the extent then, as the filter had it.
        surprise: squared distance of the latest measurement from its expected place, square pixels.
    """

    __slots__ = (
        "_options",
        "_shape",
        "_unrest",
        "center_x",
        "center_y",
        "log_size",
        "seen_at",
        "seen_log_size",
        "size",
        "surprise",
    )

    def __init__(self, seen: Measured, options: TrackerOptions) -> None:
        self._options = options
        self._unrest = 0.0
        self.surprise = 0.0
        size = seen.size
        self.size = size
        x, y = seen.center
        speed = (options.start_speed * size) ** 2
        self.center_x = AxisFilter(x, self.position_variance(size), speed)
        self.center_y = AxisFilter(y, self.position_variance(size), speed)
        self.log_size = AxisFilter(seen.log_size, options.size_noise**2, _START_GROWTH**2)
        self.seen_at: Point = (x, y)
        self.seen_log_size = self.log_size.value
        self._shape = [((px - x) / size, (py - y) / size) for px, py in seen.quad.points]

    @property
    def quad(self) -> Quad:
        """Expected corners, frame pixels."""
        x, y, size = self.center_x.value, self.center_y.value, self.size
        return Quad(*((x + dx * size, y + dy * size) for dx, dy in self._shape))

    @property
    def box(self) -> Box:
        """The upright box around the expected corners, frame pixels."""
        x, y, size = self.center_x.value, self.center_y.value, self.size
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = self._shape
        return (
            x + min(ax, bx, cx, dx) * size,
            y + min(ay, by, cy, dy) * size,
            x + max(ax, bx, cx, dx) * size,
            y + max(ay, by, cy, dy) * size,
        )

    def position_variance(self, size: float) -> float:
        """Variance of a measured centre coordinate of a plate of that extent, square pixels."""
        return (self._options.position_noise * size) ** 2 + _PIXEL_NOISE**2 + self._unrest

    def predict(self, dt: float, *, unrest: float = 0.0) -> None:
        """Move `dt` seconds on; the camera shakes with variance `unrest`, square pixels."""
        self._unrest = unrest
        acceleration = self._options.acceleration * self.size
        self.center_x.predict(dt, acceleration)
        self.center_y.predict(dt, acceleration)
        self.log_size.predict(dt, self._options.growth)
        grown = self.log_size.value - self.seen_log_size
        if abs(grown) > _MAX_LOG_GROWTH:
            self.log_size.stop_at(self.seen_log_size + math.copysign(_MAX_LOG_GROWTH, grown))
        self.size = math.exp(self.log_size.value)

    def shift(self, dx: float, dy: float) -> None:
        """Follow a movement of the whole picture, which is none of the plate."""
        self.center_x.value += dx
        self.center_y.value += dy
        self.seen_at = (self.seen_at[0] + dx, self.seen_at[1] + dy)

    def correct(self, seen: Measured, *, stopped: bool = False) -> None:
        """Take a measurement; `stopped` tells that the plate did not go on as expected."""
        size = seen.size
        x, y = seen.center
        if stopped:
            self.center_x.stop_at(self.seen_at[0])
            self.center_y.stop_at(self.seen_at[1])
            self.log_size.stop_at(self.seen_log_size)
        dx, dy = x - self.center_x.value, y - self.center_y.value
        self.surprise = dx * dx + dy * dy
        variance = self.position_variance(size)
        self.center_x.correct(x, variance)
        self.center_y.correct(y, variance)
        self.log_size.correct(seen.log_size, self._options.size_noise**2)
        self.size = math.exp(self.log_size.value)
        self.seen_at = (x, y)
        self.seen_log_size = self.log_size.value
        self._shape = [
            (
                old_x + _SHAPE_MEMORY * ((px - x) / size - old_x),
                old_y + _SHAPE_MEMORY * ((py - y) / size - old_y),
            )
            for (old_x, old_y), (px, py) in zip(self._shape, seen.quad.points, strict=True)
        ]
