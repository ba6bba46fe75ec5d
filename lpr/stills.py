"""Single pictures: detect and read, without tracking and voting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lpr.geometry import Quad
from lpr.protocols import Detector, Recognizer, Rectifier
from lpr.recognize.by_format import TextPrior, prefer_formats
from lpr.types import Detection, Image, PlateCrop, Reading, TextCandidate, check_image

VOUCHED_SCORE = 0.08
"""Least detector score of a plate for which its reading vouches."""
_VOUCHING_CONFIDENCE = 0.7
_VOUCHING_CHARACTERS = 4
"""A reading this sure and this long vouches (808 validation pictures: 6 more plates, 4 of them read
rightly; 516 pictures of road signs: nothing more)."""


_CROP_SHAPES = (1.8, 8.0)
"""Width by height of pictures that may be a plate cut out (500 of road signs: nothing more)."""
_SMALL_CROP, _SMALL_CROP_SHAPE = 400, 1.3
"""Pixels of width of pictures that are no photographs, and what they may be as high as."""
_FILLS = 0.5
"""Share of a picture's width and height that a plate takes in a picture cut around it."""
_UNEVEN = 0.4
"""Plate heights by which the room around it may differ from one side to the other."""
_ALTERNATIVES = 5
_LEAST_LIKELY = 0.0001
"""Probability from which on an alternative is told: less is written as 0."""
_CUT_CONFIDENCE = 0.25
"""Most that a plate at the picture's border is believed (165 validation plates cut by 20 to 50%: 18
read rightly, 71 of the others with 0.9 or more)."""


@dataclass(frozen=True, slots=True)
class StillPlate:
    """A plate in a single picture.

    Attributes:
        quad: the plate's corners, picture pixels.
        score: probability that this is a plate, 0 to 1.
        lines: rows of text, 1 or 2.
        reading: what it says, doubtful characters settled by the plate formats; of several cuts
            the surest one's.
        raw_text: the network's own best text.
        region: ISO 3166 alpha-2 code of its country, None where it cannot be told.
        alternatives: other whole texts that it may say, likeliest first, at most five; none is
            likelier than the reading.
    """

    quad: Quad
    score: float
    lines: int
    reading: Reading
    raw_text: str
    region: str | None
    alternatives: tuple[TextCandidate, ...] = ()


class StillReader:
    """Reads every plate of single pictures. Stateless; one may serve many threads.

    Args:
        detector: finds plates.
        crop_detector: finds the plate in a picture that was cut around one.
        rectifier: cuts them out upright.
        recognizer: reads them.
        prior: tells the country of a text and how likely it is as a plate.
        others: further ways to cut a plate out. A video shows a plate many times, slightly
            differently; of a single picture several cuts are read.
        sure_score: a plate that the detector scores lower counts only where it is read surely.
        crops: whether a picture of a plate's shape in which none is found may be one.
    """

    def __init__(
        self,
        detector: Detector,
        crop_detector: Detector,
        rectifier: Rectifier,
        recognizer: Recognizer,
        prior: TextPrior,
        others: Sequence[Rectifier] = (),
        *,
        sure_score: float = 0.0,
        crops: bool = True,
    ) -> None:
        self._detector = detector
        self._crop_detector = crop_detector
        self._rectifier = rectifier
        self._recognizer = recognizer
        self._prior = prior
        self._others = tuple(others)
        self._sure_score = sure_score
        self._crops = crops

    def read(self, image: Image) -> tuple[StillPlate, ...]:
        """Find and read the plates of an HxWx3 uint8 BGR picture, the surest plate first.

        A picture that a plate fills is read as a crop, and so is one of a plate's shape in which
        none is found.

        Raises:
            ValueError: not a non-empty HxWx3 uint8 array.
            ModelError: a network failed.
        """
        check_image(image)
        found = self._read(image, self._detector.detect(image))
        # A plate that was cut out is best looked for again, with room around it.
        crop = self.read_crop(image) if len(found) == 1 and _fills(found[0].quad, image) else None
        if crop is not None and _lies_even(crop.quad, image):
            found = (replace(crop, score=found[0].score),)
        else:
            found = tuple(map(_doubted_where_cut, found))
        plates = tuple(
            plate for plate in found if plate.score >= self._sure_score or _vouches(plate.reading)
        )
        if plates or not self._crops or not _may_be_a_crop(image):
            return plates
        crop = crop or self.read_crop(image)
        if not _vouches(crop.reading) or not _lies_even(crop.quad, image):
            return ()
        return (replace(crop, score=min(crop.score, crop.reading.confidence)),)

    def read_crop(self, image: Image) -> StillPlate:
        """Read an HxWx3 uint8 BGR picture that was cut around one plate, tightly or loosely.

        Where no plate is seen in it, the picture is taken to be the plate.

        Raises:
            ValueError: not a non-empty HxWx3 uint8 array.
            ModelError: the network failed.
        """
        check_image(image)
        rows, columns = image.shape[:2]
        whole = Detection(Quad.from_box(0, 0, columns, rows), 1.0)
        found = self._crop_detector.detect(image)[:1]
        return self._read(image, found or (whole,))[0]

    def _read(self, image: Image, detections: Sequence[Detection]) -> tuple[StillPlate, ...]:
        if not detections:
            return ()
        cuts = [
            [way.rectify(image, found.quad) for way in (self._rectifier, *self._others)]
            for found in detections
        ]
        readings = iter(self._recognizer.read([cut.image for plate in cuts for cut in plate]))
        return tuple(
            self._plate(found, plate, [next(readings) for _ in plate])
            for found, plate in zip(detections, cuts, strict=True)
        )

    def _plate(
        self, found: Detection, cuts: Sequence[PlateCrop], readings: Sequence[Reading]
    ) -> StillPlate:
        looks = [prefer_formats(reading, self._prior) for reading in readings]
        settled = [reading for reading, _ in looks]
        surest = max(range(len(settled)), key=lambda index: settled[index].confidence)
        best = settled[surest]
        confidence = _confidence(best, settled)
        return StillPlate(
            quad=cuts[0].quad,
            score=found.score,
            lines=found.lines,
            # Of the cut whose corners are told: a surer one may lie farther from the border.
            reading=replace(best, quality=cuts[0].quality, confidence=confidence),
            raw_text=readings[surest].text,
            region=self._prior(best.text)[0] if best.text else None,
            alternatives=_alternatives(best.text, confidence, surest, [one for _, one in looks]),
        )


def _vouches(reading: Reading) -> bool:
    """Whether a text is so sure and so long that it must be a plate's."""
    return reading.confidence >= _VOUCHING_CONFIDENCE and len(reading.text) >= _VOUCHING_CHARACTERS


def _may_be_a_crop(image: Image) -> bool:
    rows, columns = image.shape[:2]
    least, most = _CROP_SHAPES
    least = _SMALL_CROP_SHAPE if columns <= _SMALL_CROP else least
    return bool(least * rows <= columns <= most * rows)


def _fills(quad: Quad, image: Image) -> bool:
    rows, columns = image.shape[:2]
    return bool(quad.width >= _FILLS * columns and quad.height >= _FILLS * rows)


def _lies_even(quad: Quad, image: Image) -> bool:
    """Whether there is about as much room on one side of a plate as on the other.

    Room on one side and none on the other is what a cut through the plate leaves.
    """
    rows, columns = image.shape[:2]
    left, top, right, bottom = quad.box
    uneven = _UNEVEN * quad.height
    return bool(abs(left - (columns - right)) <= uneven and abs(top - (rows - bottom)) <= uneven)


def _doubted_where_cut(plate: StillPlate) -> StillPlate:
    """What lies at the picture's border may lack a part of its text, however sure the rest is."""
    reading = plate.reading
    if not reading.may_be_cut or reading.confidence <= _CUT_CONFIDENCE:
        return plate
    doubt = _CUT_CONFIDENCE / reading.confidence
    return replace(
        plate,
        reading=replace(reading, confidence=_CUT_CONFIDENCE),
        alternatives=tuple(
            TextCandidate(one.text, doubt * one.probability) for one in plate.alternatives
        ),
    )


def _confidence(best: Reading, readings: Sequence[Reading]) -> float:
    """The surest reading's confidence, halfway to what all readings together give its text.

    The surest of several is too sure (635 validation plates found, recognizer 1.1: mean log loss
    0.207 with its own confidence, 0.195 with this one). "Nothing legible" is no text that could be
    right, and may yet be the surest answer.
    """
    if not best.text:
        return 0.0
    agreed = sum(one.confidence for one in readings if one.text == best.text) / len(readings)
    return (best.confidence + agreed) / 2


def _alternatives(
    text: str, confidence: float, surest: int, chances: Sequence[Mapping[str, float]]
) -> tuple[TextCandidate, ...]:
    """Other texts, each halfway between the surest reading and the mean of all; never likelier.

    Args:
        text: the text of the surest reading.
        confidence: the plate's; nothing legible, which has none, has no alternatives either.
        surest: place of the surest reading.
        chances: of each reading the probabilities of its texts.
    """
    likely: dict[str, float] = {}
    for other in {other for one in chances for other in one} - {text}:
        mean = sum(one.get(other, 0.0) for one in chances) / len(chances)
        likely[other] = min(confidence, (chances[surest].get(other, 0.0) + mean) / 2)
    ranked = sorted(likely, key=lambda other: (-likely[other], other))[:_ALTERNATIVES]
    return tuple(
        TextCandidate(other, likely[other]) for other in ranked if likely[other] >= _LEAST_LIKELY
    )
