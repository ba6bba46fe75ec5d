"""Seeded clips of vehicles at a gate, with exact labels.

A world of flat textured faces is seen by a pinhole camera; light, weather, lens and H.264 follow.
Nothing real is in it: the same spec gives the same frames and labels anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.synth.clip_camera import Camera, Points
from lpr.synth.clip_encode import ClipWriter
from lpr.synth.clip_labels import ClipLabels, ClipPlateLabel, in_frame
from lpr.synth.clip_optics import Optics
from lpr.synth.clip_plate import mounted_plate
from lpr.synth.clip_road import render_road
from lpr.synth.clip_spec import ClipSpec, VehicleSpec, sample_clip_spec
from lpr.synth.clip_vehicle import MountedPlate, Vehicle, sample_body
from lpr.synth.fonts import FontBook
from lpr.types import Image

__all__ = ["ClipLabels", "ClipPlateLabel", "ClipSpec", "render_clip", "sample_clip_spec"]

LEGIBLE_CHARACTER = 6.0
"""Least width of a character's cell at which a plate counts as legible, pixels."""
LEGIBLE_HEIGHT = 9.0
"""Least height of a character, pixels."""
LEGIBLE_SIGN = 1.3
"""How much larger Chinese characters and hangul must be."""
LEGIBLE_SMEAR = 0.5
"""Most that a plate may move during the exposure, in widths of a character's cell."""
CHARACTER_SHARE = 0.68
"""Height of the characters by the height of their row."""
_MARGIN = 16


@dataclass(frozen=True, slots=True, eq=False)
class ClipFrame:
    """One frame and the corners of each vehicle's plate; None where it is not wholly in view."""

    image: Image
    quads: tuple[Quad | None, ...]
    legible: tuple[bool, ...]


def render_clip(
    spec: ClipSpec, out: Path, *, fonts: FontBook | None = None, preset: str = "veryfast"
) -> ClipLabels:
    """Render a clip to an MP4 file.

    Args:
        spec: what it shows.
        out: the file; its folder must exist.
        fonts: the typefaces; by default those found by `FontBook`.
        preset: of the x264 encoder.

    Raises:
        OutputError: the file cannot be written.
        ConfigError: a font is missing.
    """
    book = fonts if fonts is not None else FontBook()
    camera = spec.camera
    cast = [_Actor.of(vehicle, spec, book) for vehicle in spec.vehicles]
    frames: list[tuple[tuple[Quad | None, ...], tuple[bool, ...]]] = []
    with ClipWriter(out, camera.width, camera.height, spec.fps, spec.bit_rate, preset) as writer:
        for frame in _frames(spec, cast):
            writer.write(frame.image)
            frames.append((frame.quads, frame.legible))
    return ClipLabels(
        video=out.name,
        fps=spec.fps,
        frames=spec.frames,
        width=camera.width,
        height=camera.height,
        plates=tuple(
            actor.label([quads[n] for quads, _ in frames], [legible[n] for _, legible in frames])
            for n, actor in enumerate(cast)
            if actor.plate is not None
        ),
        tags=spec.tags,
        seed=spec.seed,
    )


def render_frames(spec: ClipSpec, fonts: FontBook) -> Iterator[ClipFrame]:
    """The frames of a clip before encoding; arguments as of `render_clip`."""
    return _frames(spec, [_Actor.of(vehicle, spec, fonts) for vehicle in spec.vehicles])


@dataclass(frozen=True, slots=True, eq=False)
class _Actor:
    """A vehicle ready to play."""

    spec: VehicleSpec
    vehicle: Vehicle
    plate: MountedPlate | None
    text: str
    lines: int
    region: str

    @classmethod
    def of(cls, spec: VehicleSpec, clip: ClipSpec, fonts: FontBook) -> _Actor:
        rng = np.random.default_rng((spec.seed, 1))
        text, lines, region, plate = "", 1, "", None
        if spec.plate != "none":
            sample, text, plate = mounted_plate(spec.plate, clip.regions, rng, fonts)
            lines, region = sample.layout.lines, sample.region
        body = sample_body(rng, rear=spec.rear, plate_height=plate.height if plate else 0.11)
        return cls(spec, Vehicle(body, plate, rng), plate, text, lines, region)

    def legible(self, quad: Quad, smear: float) -> bool:
        """Whether a person could read the plate in this place."""
        if not self.text:
            return False
        cells = -(-len(self.text) // self.lines)
        cell = quad.width / (cells + 1)
        tall = quad.height / self.lines * CHARACTER_SHARE
        size = min(cell / LEGIBLE_CHARACTER, tall / LEGIBLE_HEIGHT)
        least = 1.0 if self.text.isascii() else LEGIBLE_SIGN
        return size >= least and smear <= LEGIBLE_SMEAR * cell

    def label(self, quads: list[Quad | None], legible: list[bool]) -> ClipPlateLabel:
        """The plate's label over the whole clip."""
        return ClipPlateLabel.over(self.text, self.lines, quads, legible, self.region)


def _frames(spec: ClipSpec, cast: list[_Actor]) -> Iterator[ClipFrame]:
    rng = np.random.default_rng((spec.seed, 2))
    margin = _MARGIN + round(3 * spec.lens.shake)
    camera = replace(spec.camera, margin=margin)
    width, height = camera.canvas
    optics = Optics(spec.light, spec.lens, width, height, rng)
    road = render_road(camera, rng, wet=spec.lens.rain > 0, sign=spec.sign)
    world = optics.light_world(road)
    for number in range(spec.frames):
        time = number / spec.fps
        canvas = world.copy()
        places: list[tuple[Points | None, float]] = [(None, 0.0)] * len(cast)
        outlines: list[Points | None] = [None] * len(cast)
        order = sorted(range(len(cast)), key=lambda n: -cast[n].spec.route.pose(time).z)
        for n in order:
            places[n] = _play(cast[n], canvas, camera, optics, spec, time)
            outlines[n] = cast[n].vehicle.outline(camera, cast[n].spec.route.pose(time))
            for behind in order[: order.index(n)]:
                if _hides(outlines[n], places[behind][0]):
                    places[behind] = (None, 0.0)
        shaken, matrix = _shaken(canvas, optics, time, spec.camera, margin)
        size = (spec.camera.width, spec.camera.height)
        quads = [None if place is None else in_frame(place, matrix, size) for place, _ in places]
        yield ClipFrame(
            optics.finish(shaken, number, spec.fps),
            tuple(quads),
            tuple(
                quad is not None and actor.legible(quad, smear)
                for quad, actor, (_, smear) in zip(quads, cast, places, strict=True)
            ),
        )


def _play(
    actor: _Actor, canvas: Image, camera: Camera, optics: Optics, spec: ClipSpec, time: float
) -> tuple[Points | None, float]:
    """Paint one vehicle; its plate's canvas corners and its smear in pixels."""
    pose = actor.spec.route.pose(time)
    gain, plate_gain = spec.light.gains(pose.z)
    vehicle = actor.vehicle
    vehicle.paint(canvas, camera, pose, gain, plate_gain)
    outline = vehicle.outline(camera, pose)
    later = vehicle.outline(camera, actor.spec.route.pose(time + spec.lens.shutter))
    smear = 0.0
    if outline is not None and later is not None:
        # The lower edge's middle moves as the plate does.
        dx, dy = (later - outline).mean(axis=0)
        smear = float(np.hypot(dx, dy))
        left, top = outline.min(axis=0)
        right, bottom = outline.max(axis=0)
        tall = bottom - top
        box = (int(left) - 8, int(top - tall) - 8, int(right) + 8, int(bottom) + 8)
        optics.smear(canvas, box, float(dx), float(dy))
    if spec.light.glare > 0 and not vehicle.rear:
        lamps = pose.place(vehicle.lamps)
        if camera.depth(lamps).min() > 1:
            size = 0.07 * camera.focal / pose.z
            for x, y in camera.project(lamps):
                optics.glare(canvas, float(x), float(y), size)
    return vehicle.plate_quad(camera, pose), smear


def _hides(outline: Points | None, plate: Points | None) -> bool:
    """Whether a nearer vehicle's end stands before a plate."""
    if outline is None or plate is None:
        return False
    left, top = outline.min(axis=0)
    right, bottom = outline.max(axis=0)
    x0, y0 = plate.min(axis=0)
    x1, y1 = plate.max(axis=0)
    return bool(x0 < right and x1 > left and y0 < bottom and y1 > top)


def _shaken(
    canvas: Image, optics: Optics, time: float, camera: Camera, margin: int
) -> tuple[Image, Points]:
    """Cut the frame out of the canvas, shaken; and the 2x3 matrix from canvas to frame."""
    right, down, turn = optics.sway(time)
    height, width = canvas.shape[:2]
    if not (right or down):
        still = canvas[margin : height - margin, margin : width - margin]
        return np.ascontiguousarray(still), np.array([[1.0, 0, -margin], [0, 1.0, -margin]])
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.degrees(turn)), 1.0)
    matrix = np.asarray(turned, np.float64)
    matrix[:, 2] += np.array([right - margin, down - margin])
    frame = cv2.warpAffine(
        canvas, matrix, (camera.width, camera.height), borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(frame, np.uint8), matrix
