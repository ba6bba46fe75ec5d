"""Pictures from the sample clips, for machines without the shared data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
_SHARES = (1.0, 0.85, 0.7)
"""Where in a plate's passage a picture is taken; 1 is its last legible frame."""


def plate_rows() -> tuple[dict[str, Any], ...]:
    """One row for each clip with one plate: `picture` (HxWx3 uint8 BGR) and the plate's `box`.

    The corners are known at the last legible frame only, so that is the picture.
    """
    rows = []
    for clip, plates in _labelled():
        if len(plates) != 1:
            continue
        (plate,) = plates
        xs, ys = zip(*plate["last_quad"], strict=True)
        rows.append(
            {
                "picture": frame_at(clip, plate["last_frame"]),
                "box": (min(xs), min(ys), max(xs), max(ys)),
            }
        )
    return tuple(rows)


def empty_rows() -> tuple[dict[str, Any], ...]:
    """Rows without a plate: what the clips show above their vehicles' plates."""
    rows = []
    for clip, plates in _labelled():
        top = min(y for plate in plates for _, y in plate["last_quad"])
        for share in _SHARES:
            picture = frame_at(clip, round(plates[0]["last_frame"] * share))
            # A vehicle that comes nearer stands higher up in the picture before.
            above = np.ascontiguousarray(picture[: max(1, int(top * 0.6))])
            rows.append(
                {
                    "picture": above,
                    "box": (0.0, 0.0, float(above.shape[1]), float(above.shape[0])),
                }
            )
    return tuple(rows)


def frame_at(clip: Path, number: int) -> npt.NDArray[np.uint8]:
    """That frame of a clip, HxWx3 uint8 BGR.

    Raises:
        ValueError: the clip is shorter.
    """
    with av.open(str(clip)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index == number:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise ValueError(f"{clip}: has no frame {number}")


def _labelled() -> list[tuple[Path, list[dict[str, Any]]]]:
    found = []
    for path in sorted(SAMPLES.glob("*.expected.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        clip = path.with_name(path.name.replace(".expected.jsonl", ".mp4"))
        found.append((clip, [json.loads(line) for line in lines]))
    return found
