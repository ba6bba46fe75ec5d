"""A second, closer look at a plate's corners.

The detector sees a whole frame, often shrunk, and its corners are some per cent off: enough to cut
a character in half or to leave a plate slanted. The refiner looks at the plate alone, at a size at
which its rim can be seen, and says by how much each corner is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lpr.detect.nms import IOU_LIMIT
from lpr.errors import ModelIntegrityError
from lpr.geometry import Quad, quad_iou
from lpr.imaging import cut_quad, recognizer_input
from lpr.protocols import Detector, Rectifier
from lpr.registry import ModelFiles
from lpr.session import OnnxSession
from lpr.types import Detection, Image, PlateCrop, Track

HEIGHT, WIDTH = 64, 128
GROW_X, GROW_Y = 0.3, 0.7
"""How much larger than the plate the window is, both sides together, in shares of its size."""
SETTLED = 0.012
"""Corners that moved by less than this are not looked at again."""
MARGIN_X, MARGIN_Y = 0.02, 0.05
"""Margins of a crop cut by corrected corners: these lie on the plate's rim, and less room for error
is needed around them than the reader's usual margins give (656 validation plates end to end: 575
right; 570 with half of these margins, 569 with the usual ones)."""
AROUND_X, AROUND_Y = 0.5, 1.0
"""How much larger than the plate the cut for a closer look is, both sides together."""
OTHER_STARTS = ((0.25, 0.1), (-0.08, -0.12))
"""How much larger or smaller corners (width, height) the refiner starts from for two more readings
of a plate in a single picture (647 labelled validation plates, recognizer 1.1: 534 right with one
reading, 550 with three)."""
LEAST_OVERLAP = 0.35
"""Of old and new quad; below it the new one is some other thing."""
_HORIZON = 1e-3
"""Corners at or beyond the horizon of a steep window have no place in the picture."""


def nominal_corners() -> npt.NDArray[np.float32]:
    """Where a plate's corners are in its window (4x2), in shares of the window's size."""
    left, top = 0.5 * GROW_X / (1 + GROW_X), 0.5 * GROW_Y / (1 + GROW_Y)
    return np.array(Quad.from_box(left, top, 1 - left, 1 - top).points, np.float32)


class CornerRefiner:
    """Corrects the corners of detected plates. Stateless: one may serve many cameras.

    Args:
        model: the refiner's files.
        threads: threads of one run, at least 1.
        looks: how often corners are corrected at most, at least 1; the second look sees the plate
            nearly upright.

    Raises:
        ModelIntegrityError: the file is not what its manifest says, or it is no refiner.
        ModelError: onnxruntime cannot load it.
    """

    def __init__(self, model: ModelFiles, *, threads: int = 1, looks: int = 2) -> None:
        manifest = model.manifest
        if manifest.task != "corners":
            raise ModelIntegrityError(
                f"model {manifest.name!r} is a {manifest.task}; a corner refiner is needed"
            )
        self._session = OnnxSession(model.path, manifest, threads=threads)
        self._mean, self._scale = manifest.input.mean, manifest.input.scale
        self._looks = looks
        self._nominal = nominal_corners()

    def refine(self, image: Image, quad: Quad) -> Quad:
        """Return better corners for the plate near `quad` of an HxWx3 uint8 BGR picture.

        Where the network's answer cannot be a plate's quad, the old corners are returned.
        """
        refined = quad
        for _ in range(self._looks):
            refined, moved = self._look(image, refined)
            if moved < SETTLED:
                break
        if not refined.is_convex or quad_iou(quad, refined) < LEAST_OVERLAP:
            return quad
        return refined

    def _look(self, image: Image, quad: Quad) -> tuple[Quad, float]:
        """Better corners, and by how much they moved (mean, in shares of the window)."""
        if not quad.is_convex or min(quad.width, quad.height) < 2:
            return quad, 0.0
        window, to_image = cut_quad(image, quad.expanded(GROW_X, GROW_Y), WIDTH, HEIGHT)
        [offsets] = self._session.run(recognizer_input([window], self._mean, self._scale))
        shares = self._nominal + offsets[0].reshape(4, 2)
        points = np.column_stack([shares * (WIDTH, HEIGHT), np.ones(4)]) @ to_image.T
        if float(points[:, 2].min()) < _HORIZON:
            return quad, 0.0
        better = Quad.from_points((points[:, :2] / points[:, 2:]).tolist())
        return better, float(np.abs(offsets[0]).mean())


class RefinedDetector:
    """A detector whose corners are corrected, for single pictures.

    Args:
        detector: finds plates.
        refiner: corrects their corners.
        closer: looks for the plate again in a cut around each one found, before its corners are
            corrected; None for no such look.
    """

    def __init__(
        self, detector: Detector, refiner: CornerRefiner, closer: Detector | None = None
    ) -> None:
        self._detector, self._refiner, self._closer = detector, refiner, closer

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in an HxWx3 uint8 BGR picture, best first.

        Rough corners of one plate that were taken for two plates meet once they are corrected; the
        better one stays.
        """
        kept: list[Detection] = []
        for rough in self._detector.detect(image, tracks):
            quad = self._refiner.refine(image, self._closely(image, rough.quad))
            if all(quad_iou(quad, other.quad) < IOU_LIMIT for other in kept):
                kept.append(replace(rough, quad=quad))
        return tuple(kept)

    def _closely(self, image: Image, quad: Quad) -> Quad:
        if self._closer is None:
            return quad
        rows, columns = image.shape[:2]
        left, top, right, bottom = quad.expanded(AROUND_X, AROUND_Y).box
        x, y = min(max(0, int(left)), columns - 1), min(max(0, int(top)), rows - 1)
        cut = image[y : max(y + 1, int(bottom) + 1), x : max(x + 1, int(right) + 1)]
        found = self._closer.detect(np.ascontiguousarray(cut))
        closer = found[0].quad.shifted(x, y) if found else quad
        return closer if quad_iou(closer, quad) >= LEAST_OVERLAP else quad


class RefiningRectifier:
    """Rectifies by corrected corners.

    Args:
        refiner: corrects the corners.
        rectifier: cuts the plate out by them.
        start: how much larger (or, below 0, smaller) in width and height than the given corners
            those are that are corrected; another start ends at slightly other corners.
    """

    def __init__(
        self,
        refiner: CornerRefiner,
        rectifier: Rectifier,
        start: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self._refiner, self._rectifier, self._start = refiner, rectifier, start

    def rectify(self, image: Image, quad: Quad) -> PlateCrop:
        """Return the plate near `quad` of an HxWx3 uint8 BGR picture, upright."""
        start = quad.expanded(*self._start)
        refined = self._refiner.refine(image, start)
        # Where nothing was corrected, the start is no better than what it was made of.
        return self._rectifier.rectify(image, quad if refined == start else refined)
