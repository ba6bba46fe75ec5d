"""The repository's sample clips: four fixed specs, and their rendering with expected verdicts.

    python -m lpr.synth.samples samples

renders them again. The texts are drawn at random; a likeness to a real registration is accidental.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from lpr.synth.clip import ClipLabels, ClipSpec, render_clip
from lpr.synth.clip_camera import Camera
from lpr.synth.clip_optics import Lens
from lpr.synth.clip_spec import DAY, NIGHT, Route, VehicleSpec
from lpr.synth.fonts import FontBook

_FPS, _FRAMES = 20, 60
_SECONDS = _FRAMES / _FPS
_LENS = Lens(
    blur=0.5,
    shutter=1 / 500,
    noise=1.2,
    shake=0.0,
    rain=0.0,
    step_frame=-1,
    step_gain=1.0,
    adapt_seconds=0.3,
)
_CAMERA = Camera(1280, 720, 38.0, 1.9, 9.0, 0.5, 0.4)


def _spec(seed: int, *vehicles: VehicleSpec, regions: tuple[str, ...]) -> ClipSpec:
    return ClipSpec(
        seed=seed,
        fps=_FPS,
        frames=_FRAMES,
        camera=_CAMERA,
        light=DAY,
        lens=_LENS,
        vehicles=vehicles,
        sign=False,
        bit_rate=720_000,
        regions=regions,
    )


SAMPLES: dict[str, ClipSpec] = {
    "day-approach": _spec(
        4,
        VehicleSpec(56, Route(17.0, 5.0, 0.5, -0.2, 0.6, _SECONDS), False, "one"),
        regions=("de",),
    ),
    "night-infrared": replace(
        _spec(
            12,
            VehicleSpec(38, Route(15.0, 5.0, 0.2, 0.1, 0.5, _SECONDS), False, "one"),
            regions=("nl",),
        ),
        light=NIGHT,
        lens=replace(_LENS, noise=2.5, shutter=1 / 250),
    ),
    "two-plates": replace(
        _spec(
            9,
            VehicleSpec(41, Route(15.0, 6.5, -1.9, -1.7, 0.4, _SECONDS), False, "one"),
            VehicleSpec(52, Route(6.5, 16.0, 1.8, 1.7, 0.3, _SECONDS), True, "one"),
            regions=("fr", "pl"),
        ),
        camera=replace(_CAMERA, fov=46.0, yaw=0.0),
    ),
    "two-line": _spec(
        17, VehicleSpec(69, Route(13.0, 5.0, 0.3, 0.0, 0.5, _SECONDS), True, "two"), regions=("in",)
    ),
}
"""The clips by name."""


def write_samples(folder: Path) -> list[Path]:
    """Render every sample clip and its expected verdicts.

    Returns:
        The files written.

    Raises:
        OutputError: the folder cannot be written.
        ConfigError: a font is missing.
    """
    fonts, files = FontBook(), []
    for name, spec in SAMPLES.items():
        clip, expected = folder / f"{name}.mp4", folder / f"{name}.expected.jsonl"
        labels = render_clip(spec, clip, fonts=fonts, preset="slow")
        expected.write_text(expected_lines(labels), encoding="utf-8")
        files += [clip, expected]
    return files


def expected_lines(labels: ClipLabels) -> str:
    """One JSON line per legible plate, in the order of their first legible frames."""
    rows = sorted(
        (plate for plate in labels.plates if plate.first_frame >= 0),
        key=lambda plate: (plate.first_frame, plate.text),
    )
    lines = []
    for plate in rows:
        quad = plate.quads[plate.last_frame]
        row = {
            "text": plate.text,
            "lines": plate.lines,
            "first_frame": plate.first_frame,
            "last_frame": plate.last_frame,
            "first_time": round(plate.first_frame / labels.fps, 3),
            "last_time": round(plate.last_frame / labels.fps, 3),
            "last_quad": quad and [[round(v, 1) for v in point] for point in quad.points],
        }
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


if __name__ == "__main__":
    write_samples(Path(sys.argv[1] if len(sys.argv) > 1 else "samples"))
