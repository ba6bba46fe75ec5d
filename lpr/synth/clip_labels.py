"""What is known of a clip: its plates, where they are and when they can be read, its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpr.geometry import Quad
from lpr.synth.clip_camera import Points


@dataclass(frozen=True, slots=True)
class ClipPlateLabel:
    """One plate of a clip.

    Attributes:
        text: what stands on it; empty where nobody can read it.
        lines: rows of text.
        first_frame: first frame in which it can be read, -1 for never.
        last_frame: last such frame, -1 for never.
        quads: its corners in every frame, frame pixels; None where it is not wholly in view.
        region: code of its country, empty where not known.
    """

    text: str
    lines: int
    first_frame: int
    last_frame: int
    quads: tuple[Quad | None, ...]
    region: str = ""

    @classmethod
    def over(
        cls,
        text: str,
        lines: int,
        quads: Sequence[Quad | None],
        legible: Sequence[bool],
        region: str = "",
    ) -> ClipPlateLabel:
        """The label of a plate by its corners, and whether it can be read, in every frame."""
        frames = [number for number, one in enumerate(legible) if one]
        first, last = (frames[0], frames[-1]) if frames else (-1, -1)
        return cls(text, lines, first, last, tuple(quads), region)


@dataclass(frozen=True, slots=True)
class ClipLabels:
    """What a clip shows.

    Attributes:
        video: file name.
        fps: frames per second.
        frames: number of frames.
        width: pixels.
        height: pixels.
        plates: one per vehicle with a plate, legible or not.
        tags: conditions.
        seed: of the clip.
    """

    video: str
    fps: int
    frames: int
    width: int
    height: int
    plates: tuple[ClipPlateLabel, ...]
    tags: tuple[str, ...]
    seed: int

    def to_json(self, *, quads: bool = False) -> dict[str, object]:
        """One line of `labels.jsonl`, as `lpr.evaluate.load_clips` reads it."""
        legible = [plate for plate in self.plates if plate.first_frame >= 0]
        # A plate that is whole but never large or sharp enough may still be read: its verdict
        # is neither right nor wrong.
        doubtful = [plate.text for plate in self.plates if plate.text and plate.first_frame < 0]
        return {
            "video": self.video,
            "fps": self.fps,
            "frames": self.frames,
            "width": self.width,
            "height": self.height,
            "plates": [_plate_json(plate, quads=quads) for plate in legible],
            "uncertain": doubtful,
            "illegible": sum(not plate.text for plate in self.plates),
            "tags": list(self.tags),
            "regions": sorted({plate.region for plate in self.plates if plate.region}),
            "seed": self.seed,
        }


def in_frame(corners: Points, matrix: Points, size: tuple[int, int]) -> Quad | None:
    """Move corners into a frame; None where they are not wholly in view.

    Args:
        corners: 4x2, pixels of what the frame is cut out of.
        matrix: 2x3, from there to the frame.
        size: the frame's width and height, pixels.
    """
    moved = np.asarray(corners) @ matrix[:, :2].T + matrix[:, 2]
    inside = (moved >= 0).all() and (moved <= size).all()
    return Quad.from_points(moved.tolist()) if inside else None


def _plate_json(plate: ClipPlateLabel, *, quads: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "text": plate.text,
        "lines": plate.lines,
        "first_frame": plate.first_frame,
        "last_frame": plate.last_frame,
    }
    if quads:
        row["quads"] = [
            [[round(v, 2) for v in point] for point in quad.points] if quad else None
            for quad in plate.quads
        ]
    return row
