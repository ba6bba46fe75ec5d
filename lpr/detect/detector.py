"""The plate detector on onnxruntime."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lpr.detect.maps import Candidates, decode_maps
from lpr.detect.nms import plausible, seen_closely, suppress
from lpr.detect.views import joined, to_picture, whole_view
from lpr.errors import ModelIntegrityError
from lpr.geometry import Quad
from lpr.imaging import Placement, compose, detector_input
from lpr.registry import ModelFiles
from lpr.session import OnnxSession
from lpr.types import Detection, Image, Track

MAX_DETECTIONS = 50
_NEVER_MISSED = 96.0
"""Canvas pixels; a wider plate is found where the whole picture is seen. On 680 pictures one was
not, and nine grilles and lamps were taken for plates close up."""


class _Buffers(threading.local):
    """Canvas and input of one thread's runs: fresh memory for each costs more than filling it."""

    def __init__(self, width: int, height: int, batch: tuple[int, ...]) -> None:
        self.canvas: Image = np.empty((height, width, 3), np.uint8)
        self.batch: npt.NDArray[np.float32] = np.empty(batch, np.float32)


class OnnxDetector:
    """Finds plates and their corners with one run of the network per canvas.

    Stateless and safe to share between cameras and threads.

    Attributes:
        threshold: least calibrated score of what is reported.

    Args:
        model: the detector's files.
        threads: threads of one run, at least 1.
        score_threshold: least calibrated score, 0 to 1; the manifest's where None.

    Raises:
        ModelIntegrityError: the file is not what its manifest says, or it is no detector.
        ModelError: onnxruntime cannot load it.
    """

    def __init__(
        self, model: ModelFiles, *, threads: int = 1, score_threshold: float | None = None
    ) -> None:
        manifest = model.manifest
        if manifest.task != "detector":
            raise ModelIntegrityError(
                f"model {manifest.name!r} is a {manifest.task}; a detector is needed"
            )
        self._session = OnnxSession(model.path, manifest, threads=threads)
        self._mean, self._scale = manifest.input.mean, manifest.input.scale
        self._layout = manifest.input.layout
        self._width, self._height = manifest.input.size
        self._buffers = _Buffers(self._width, self._height, (1, *manifest.input.shape[1:]))
        knots = manifest.calibration or ((0.0, 0.0), (1.0, 1.0))
        self._raw = np.array([raw for raw, _ in knots])
        self._calibrated = np.array([calibrated for _, calibrated in knots])
        self._set(manifest.score_threshold if score_threshold is None else score_threshold)

    def _set(self, threshold: float) -> None:
        self.threshold = threshold
        # Calibration rises, so what is below its inverse can be dropped before decoding.
        reaching = np.linspace(0.0, 1.0, 1001)
        enough = np.interp(reaching, self._raw, self._calibrated) >= threshold
        self._floor = float(reaching[int(enough.argmax())]) if enough.any() else 1.0

    def with_threshold(self, threshold: float) -> OnnxDetector:
        """The same network, reporting what scores at least `threshold` (0 to 1)."""
        other = copy.copy(self)
        other._set(threshold)
        return other

    @property
    def canvas_size(self) -> tuple[int, int]:
        """Width and height of the network's canvas, pixels."""
        return self._width, self._height

    def detect(self, image: Image, tracks: Sequence[Track] = ()) -> tuple[Detection, ...]:
        """Return the plates in an HxWx3 uint8 BGR picture of any size, best first.

        What is tracked already makes no difference here.
        """
        rows, columns = image.shape[:2]
        return self.detect_views(image, [whole_view(columns, rows, self._width, self._height)])

    def detect_views(
        self,
        image: Image,
        canvases: Sequence[Sequence[Placement]],
        *,
        close: Sequence[Sequence[Placement]] = (),
        known: Sequence[Quad] = (),
    ) -> tuple[Detection, ...]:
        """Return the plates seen on the given canvases of one picture, each once, best first.

        Args:
            image: HxWx3 uint8 BGR.
            canvases: one run of the network each; how the picture lies on it.
            close: the same for looks at parts of the picture.
            known: plates that were seen on the whole picture before, in its pixels.
        """
        parts = [self._run(image, placements) for placements in canvases]
        if close:
            rows, columns = image.shape[:2]
            scale = whole_view(columns, rows, self._width, self._height)[0].scale_x
            whole = joined([*map(self._calibrate, parts), _as_candidates(known)])
            for placements in close:
                found = self._run(image, placements)
                keep = seen_closely(self._calibrate(found), whole, _NEVER_MISSED / scale)
                parts.append(found.take(np.flatnonzero(keep)))
        if not parts:
            return ()
        found = suppress(joined(parts), limit=MAX_DETECTIONS)
        scores = self._probabilities(found)
        return tuple(
            Detection(Quad.from_points(quad.tolist()), float(score), 2 if two > 0.5 else 1)
            for quad, score, two in zip(found.quads, scores, found.two_line, strict=True)
        )

    def _probabilities(self, found: Candidates) -> npt.NDArray[np.float64]:
        return np.asarray(np.interp(found.scores, self._raw, self._calibrated), np.float64)

    def _calibrate(self, found: Candidates) -> Candidates:
        return replace(found, scores=np.asarray(self._probabilities(found), np.float32))

    def _run(self, image: Image, placements: Sequence[Placement]) -> Candidates:
        outputs = self._session.run(self._input(image, placements))
        maps = [output[0] for output in outputs]
        found = decode_maps(maps, threshold=max(self._floor, 0.01))
        found = plausible(found, self._width, self._height)
        rows, columns = image.shape[:2]
        return to_picture(found, placements, columns, rows)

    def _input(self, image: Image, placements: Sequence[Placement]) -> npt.NDArray[np.float32]:
        """The network's input; holds until the next."""
        canvas, batch = self._buffers.canvas, self._buffers.batch
        compose(image, placements, self._width, self._height, canvas=canvas)
        return detector_input([canvas], self._mean, self._scale, layout=self._layout, batch=batch)


def _as_candidates(quads: Sequence[Quad]) -> Candidates:
    points = np.array([quad.points for quad in quads], np.float32).reshape(-1, 4, 2)
    return Candidates(points, np.ones(len(quads), np.float32), np.zeros(len(quads), np.float32))
