"""Single pictures: detect and read, without tracking and voting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lpr.geometry import Quad
from lpr.protocols import Detector, Recognizer, Rectifier
from lpr.recognize.by_format import TextPrior, prefer_formats
from lpr.types import Detection, Image, PlateCrop, Reading


@dataclass(frozen=True, slots=True)
class StillPlate:
    """A plate in a single picture.

    Attributes:
        quad: the plate's corners, picture pixels.
        score: probability that this is a plate, 0 to 1.
        lines: rows of text, 1 or 2.
        reading: what it says, doubtful characters settled by the plate formats.
        raw_text: the network's own best text.
        region: ISO 3166 alpha-2 code of its country, None where it cannot be told.
    """

    quad: Quad
    score: float
    lines: int
    reading: Reading
    raw_text: str
    region: str | None


class StillReader:
    """Reads every plate of single pictures. Stateless; one may serve many threads.

    Args:
        detector: finds plates.
        crop_detector: finds the plate in a picture that was cut around one.
        rectifier: cuts them out upright.
        recognizer: reads them.
        prior: tells the country of a text and how likely it is as a plate.
    """

    def __init__(
        self,
        detector: Detector,
        crop_detector: Detector,
        rectifier: Rectifier,
        recognizer: Recognizer,
        prior: TextPrior,
    ) -> None:
        self._detector = detector
        self._crop_detector = crop_detector
        self._rectifier = rectifier
        self._recognizer = recognizer
        self._prior = prior

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
            self._plate(found, crop, reading)
            for found, crop, reading in zip(detections, crops, readings, strict=True)
        )

    def _plate(self, found: Detection, crop: PlateCrop, reading: Reading) -> StillPlate:
        settled = prefer_formats(reading, self._prior)
        return StillPlate(
            quad=crop.quad,
            score=found.score,
            lines=found.lines,
            # "Nothing legible" is no text that could be right.
            reading=replace(
                settled,
                quality=crop.quality,
                confidence=settled.confidence if settled.text else 0.0,
            ),
            raw_text=reading.text,
            region=self._prior(settled.text)[0] if settled.text else None,
        )
