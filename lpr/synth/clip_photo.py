"""Clips out of one photograph: a virtual camera zooms, pans and shakes over it.

Plates, light and dirt are real; the movement, the lens and H.264 are ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr.geometry import Quad
from lpr.synth.clip import LEGIBLE_CHARACTER, LEGIBLE_SIGN, LEGIBLE_SMEAR
from lpr.synth.clip_camera import Points
from lpr.synth.clip_encode import ClipWriter
from lpr.synth.clip_labels import ClipLabels, ClipPlateLabel, in_frame
from lpr.synth.clip_optics import Lens, Light, Optics
from lpr.synth.clip_spec import camera_tags
from lpr.types import Image

_PLAIN = Light("photo", 1.0, 1.0, 1.0, False, False, (1.0, 1.0, 1.0), 0.0)
_MOST_ZOOM = 2.4
"""Most that a photograph's pixel is enlarged."""


@dataclass(frozen=True, slots=True)
class PhotoPlate:
    """A labelled plate of the photograph, corners in photograph pixels."""

    quad: Quad
    text: str
    lines: int


@dataclass(frozen=True, slots=True)
class Window:
    """What the virtual camera sees: middle and width in photograph pixels, turn in degrees."""

    x: float
    y: float
    width: float
    turn: float


@dataclass(frozen=True, slots=True)
class PhotoClipSpec:
    """A movement over a photograph.

    Attributes:
        seed: of everything that is not said here.
        width: frame width, pixels.
        height: frame height, pixels.
        fps: frames per second.
        frames: number of frames.
        start: the window at the first frame.
        end: the window at the last frame.
        lens: the camera's flaws.
        bit_rate: bits per second.
    """

    seed: int
    width: int
    height: int
    fps: int
    frames: int
    start: Window
    end: Window
    lens: Lens
    bit_rate: int

    def window(self, frame: float) -> Window:
        """The window at a frame; it grows or shrinks as by driving at a constant speed."""
        share = frame / max(1, self.frames - 1)
        inverse = (1 - share) / self.start.width + share / self.end.width
        a, b = self.start, self.end
        return Window(
            a.x + (b.x - a.x) * share,
            a.y + (b.y - a.y) * share,
            1 / inverse,
            a.turn + (b.turn - a.turn) * share,
        )


def sample_photo_spec(
    seed: int, width: int, height: int, plates: Sequence[PhotoPlate]
) -> PhotoClipSpec:
    """Draw a movement that ends (or begins) near the photograph's first plate.

    Args:
        seed: the same seed gives the same movement.
        width: the photograph's width, pixels.
        height: the photograph's height, pixels.
        plates: its plates, at least one.
    """
    rng = np.random.default_rng((seed, 601))
    fps = int(rng.choice((12, 15, 20, 25, 30)))
    frames = round(float(rng.uniform(2.0, 3.2)) * fps)
    out_width, out_height = 960, 540
    aspect = out_height / out_width
    widest = min(float(width), height / aspect)
    plate = plates[0].quad
    # Near: the plate fills an eighth to a quarter of the frame, if the pixels allow it.
    near = max(plate.width * float(rng.uniform(4.0, 8.0)), out_width / _MOST_ZOOM)
    near = min(near, widest)
    far = min(widest, near * float(rng.uniform(1.5, 3.0)))
    tilt = float(rng.normal(0, 1.5))
    close = _window(plate, near, 0.12, tilt, width, height, aspect, rng)
    wide = _window(plate, far, 0.2, tilt + float(rng.normal(0, 1)), width, height, aspect, rng)
    start, end = (close, wide) if rng.random() < 0.25 else (wide, close)
    step = rng.random() < 0.15
    shake = float(rng.uniform(1.5, 3.5)) if rng.random() < 0.25 else 0.0
    return PhotoClipSpec(
        seed=seed,
        width=out_width,
        height=out_height,
        fps=fps,
        frames=frames,
        start=start,
        end=end,
        lens=Lens(
            blur=float(rng.uniform(0.0, 0.8)),
            shutter=float(rng.choice((1 / 60, 1 / 125, 1 / 250, 1 / 500))),
            noise=float(rng.uniform(0.5, 4.0)),
            shake=shake,
            rain=0.0,
            step_frame=int(rng.integers(frames // 5, frames * 3 // 4)) if step else -1,
            step_gain=float(rng.choice((0.5, 1.6))) if step else 1.0,
            adapt_seconds=float(rng.uniform(0.15, 0.5)),
        ),
        bit_rate=int(rng.choice((500_000, 900_000, 1_500_000, 3_000_000))),
    )


def render_photo_clip(
    photo: Image, plates: Sequence[PhotoPlate], spec: PhotoClipSpec, out: Path
) -> ClipLabels:
    """Render a movement over a photograph to an MP4 file.

    Args:
        photo: HxWx3 uint8 BGR.
        plates: its plates with text.
        spec: the movement.
        out: the file; its folder must exist.

    Raises:
        OutputError: the file cannot be written.
    """
    quads: list[list[Quad | None]] = [[] for _ in plates]
    legible: list[list[bool]] = [[] for _ in plates]
    with ClipWriter(out, spec.width, spec.height, spec.fps, spec.bit_rate) as writer:
        for image, matrix, later in _frames(photo, spec):
            writer.write(image)
            for n, plate in enumerate(plates):
                quad = in_frame(np.array(plate.quad.points), matrix, (spec.width, spec.height))
                quads[n].append(quad)
                legible[n].append(quad is not None and _legible(plate, quad, matrix, later))
    labels = tuple(
        ClipPlateLabel.over(plate.text, plate.lines, seen, readable)
        for plate, seen, readable in zip(plates, quads, legible, strict=True)
    )
    tags = {
        "photo": True,
        "shake": spec.lens.shake > 0,
        **camera_tags(spec.lens, spec.fps, spec.bit_rate),
        "two lines": any(plate.lines > 1 for plate in plates),
    }
    return ClipLabels(
        video=out.name,
        fps=spec.fps,
        frames=spec.frames,
        width=spec.width,
        height=spec.height,
        plates=labels,
        tags=tuple(name for name, present in tags.items() if present),
        seed=spec.seed,
    )


def _frames(photo: Image, spec: PhotoClipSpec) -> Iterator[tuple[Image, Points, Points]]:
    """Frame, the photograph-to-frame matrix, and that of the exposure's end."""
    rng = np.random.default_rng((spec.seed, 3))
    optics = Optics(_PLAIN, spec.lens, spec.width, spec.height, rng)
    size = (spec.width, spec.height)
    for number in range(spec.frames):
        time = number / spec.fps
        matrix = _matrix(spec, number, optics.sway(time))
        end = number + spec.lens.shutter * spec.fps
        later = _matrix(spec, end, optics.sway(time + spec.lens.shutter))
        source, shrink = photo, 1.0
        zoom = math.hypot(matrix[0, 0], matrix[0, 1])
        if zoom < 0.7:
            shrink = zoom / 0.9
            source = np.asarray(
                cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA),
                np.uint8,
            )
        scaled = matrix.copy()
        scaled[:, :2] /= shrink
        how = cv2.INTER_LINEAR if zoom < 1 else cv2.INTER_CUBIC
        # The rim is repeated, not mirrored: a mirrored plate would be a second one.
        image = cv2.warpAffine(source, scaled, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        frame = np.asarray(image, np.uint8)
        middle = np.array([spec.width / 2, spec.height / 2])
        dx, dy = _follow(later, matrix, middle) - middle
        optics.smear(frame, (0, 0, *size), float(dx), float(dy))
        yield optics.finish(frame, number, spec.fps), matrix, later


def _window(
    plate: Quad,
    width: float,
    spread: float,
    turn: float,
    columns: int,
    rows: int,
    aspect: float,
    rng: np.random.Generator,
) -> Window:
    """A window of this width around a plate, off its middle by a share, inside the photograph."""
    x, y = plate.center
    x += float(rng.uniform(-spread, spread)) * width
    y += float(rng.uniform(-spread, spread)) * width * aspect
    half, tall = width / 2, width * aspect / 2
    return Window(min(max(x, half), columns - half), min(max(y, tall), rows - tall), width, turn)


def _matrix(spec: PhotoClipSpec, frame: float, sway: tuple[float, float, float]) -> Points:
    window = spec.window(frame)
    right, down, turn = sway
    zoom = spec.width / window.width
    angle = math.radians(window.turn) + turn
    cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
    x = spec.width / 2 + right - cos * window.x + sin * window.y
    y = spec.height / 2 + down - sin * window.x - cos * window.y
    return np.array([[cos, -sin, x], [sin, cos, y]], np.float64)


def _follow(later: Points, matrix: Points, point: Points) -> Points:
    """Where a frame point has gone by the exposure's end."""
    photo = np.linalg.solve(matrix[:, :2], point - matrix[:, 2])
    return np.asarray(later[:, :2] @ photo + later[:, 2], np.float64)


def _legible(plate: PhotoPlate, quad: Quad, matrix: Points, later: Points) -> bool:
    """Whether its characters are large enough, in the photograph too, and not smeared."""
    cells = -(-len(plate.text) // plate.lines) + 1
    cell = min(quad.width, plate.quad.width) / cells
    least = LEGIBLE_CHARACTER * (1.0 if plate.text.isascii() else LEGIBLE_SIGN)
    middle = np.array(quad.center)
    smear = float(np.hypot(*(_follow(later, matrix, middle) - middle)))
    return cell >= least and smear <= LEGIBLE_SMEAR * quad.width / cells
