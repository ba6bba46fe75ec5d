"""Single pictures: detect and read, without tracking and voting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lpr.geometry import Quad
from lpr.protocols import Detector, Recognizer, Rectifier
from lpr.types import Detection, Image, Reading

RegionOf = Callable[[str], str | None]
"""Text -> ISO 3166 alpha-2 code of its country, None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class StillPlate:
    """A plate in a single picture.

    Attributes:
        quad: the plate's corners, picture pixels.
        score: probability that this is a plate, 0 to 1.
        lines: rows of text, 1 or 2.
        reading: what it says.
        region: ISO 3166 alpha-2 code of its country, None where it cannot be told.
    """

    quad: Quad
    score: float
    lines: int
    reading: Reading
    region: str | None


class StillReader:
    """Reads every plate of single pictures. Stateless; one may serve many threads.

    Args:
        detector: finds plates.
        crop_detector: finds the plate in a picture that was cut around one.
        rectifier: cuts them out upright.
        recognizer: reads them.
        region_of: tells the country of a text.
    """

    def __init__(
        self,
        detector: Detector,
        crop_detector: Detector,
        rectifier: Rectifier,
        recognizer: Recognizer,
        region_of: RegionOf,
    ) -> None:
        self._detector = detector
        self._crop_detector = crop_detector
        self._rectifier = rectifier
        self._recognizer = recognizer
        self._region_of = region_of

    def read(self, image: Image) -> tuple[StillPlate, ...]:
        """Find and read the plates of an HxWx3 uint8 BGR picture, the surest plate first.

        Raises:
            ModelError: a network failed.
        """
        return self._read(image, self._detector.detect(image))

    def read_crop(self, image: Image) -> StillPlate:
        """Read an HxWx3 uint8 BGR picture that was cut around one plate, tightly or loosely.

        Where no plate is seen in it, the picture is taken to be the plate.

        Raises:
            ModelError: the network failed.
        """
        rows, columns = image.shape[:2]
        whole = Detection(Quad.from_box(0, 0, columns, rows), 1.0)
        found = self._crop_detector.detect(image)[:1]
        return self._read(image, found or (whole,))[0]

    def _read(self, image: Image, detections: Sequence[Detection]) -> tuple[StillPlate, ...]:
        if not detections:
            return ()
        crops = [self._rectifier.rectify(image, found.quad) for found in detections]
        readings = self._recognizer.read([crop.image for crop in crops])
        return tuple(
            StillPlate(
                quad=crop.quad,
                score=found.score,
                lines=found.lines,
                reading=replace(reading, quality=crop.quality),
                region=self._region_of(reading.text) if reading.text else None,
            )
            for found, crop, reading in zip(detections, crops, readings, strict=True)
        )
