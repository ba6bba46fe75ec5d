"""The plate in a picture that was cut around it: tightly, loosely or turned."""

from __future__ import annotations

from collections.abc import Sequence

from lpr.detect.detector import OnnxDetector
from lpr.detect.views import GAP
from lpr.geometry import Quad, box_iou
from lpr.imaging import Placement
from lpr.types import Detection, Image, Track

WIDTHS = (200, 120)
"""Canvas pixels that the picture is wide in the two looks taken at once: plates that fill the whole
canvas are none that the detector has learned."""
MIDDLE = 0.8
"""A cut plate covers about this share of its picture, around the middle."""


class CropDetector:
    """Finds the one plate that a picture was cut around, with one run of the network.

    Args:
        detector: looks at the canvas.
    """

    def __init__(self, detector: OnnxDetector) -> None:
        self._detector = detector

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plate of an HxWx3 uint8 BGR picture, or nothing where none is seen.

        What is tracked already makes no difference here.
        """
        rows, columns = image.shape[:2]
        found = self._detector.detect_views(image, [_placements(columns, rows, self._detector)])
        middle = Quad.from_box(0, 0, columns, rows).expanded(MIDDLE - 1, MIDDLE - 1)
        likely = [(one.score * box_iou(one.quad, middle), one) for one in found]
        best = max(likely, key=lambda pair: pair[0], default=None)
        return () if best is None or best[0] == 0 else (best[1],)


def _placements(columns: int, rows: int, detector: OnnxDetector) -> tuple[Placement, ...]:
    _width, height = detector.canvas_size
    placed, x = [], GAP
    for wide in WIDTHS:
        scale = min(wide / columns, (height - 2 * GAP) / rows)
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        placed.append(Placement((0, 0, columns, rows), x, (height - size[1]) // 2, *size))
        x += size[0] + 4 * GAP
    return tuple(placed)
