"""The JSON form of what was read from one picture, version 1 (see docs/events.md)."""

from __future__ import annotations

from dataclasses import dataclass

from lpr.geometry import Quad
from lpr.sinks.wire import SCHEMA, JsonObject, probability, quad_to_json
from lpr.types import TextCandidate


@dataclass(frozen=True, slots=True)
class PicturePlate:
    """One plate of a picture.

    Attributes:
        quad: its corners in the picture, pixels.
        score: probability that it is a plate, 0 to 1; 1 for a picture that is a plate already.
        lines: rows of text, 1 or 2.
        text: the registration; empty where it cannot be read.
        confidence: calibrated probability that the whole text is right, 0 to 1.
        char_scores: probability of each character of `text`, 0 to 1.
        region: ISO 3166 alpha-2 code of the plate's country, None where it cannot be told.
        raw_text: the network's own text, before plate formats settled doubtful characters.
        alternatives: other whole texts with their probabilities, likeliest first.
    """

    quad: Quad
    score: float
    lines: int
    text: str
    confidence: float
    char_scores: tuple[float, ...]
    region: str | None
    raw_text: str
    alternatives: tuple[TextCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What one picture brought.

    Attributes:
        source: the picture's path as given.
        plates: its plates, best first.
        ms: milliseconds from decoded picture to texts.
        error: why the picture could not be used; None where it could.
    """

    source: str
    plates: tuple[PicturePlate, ...] = ()
    ms: float = 0.0
    error: str | None = None


def picture_to_json(result: PictureResult) -> JsonObject:
    """Return a picture's result as a JSON object, keys in the contract's order."""
    return {
        "schema": SCHEMA,
        "source": result.source,
        "plates": [
            {
                "quad": quad_to_json(plate.quad),
                "score": probability(plate.score),
                "lines": plate.lines,
                "text": plate.text,
                "confidence": probability(plate.confidence),
                "char_scores": [probability(score) for score in plate.char_scores],
                "region": plate.region,
                "raw_text": plate.raw_text,
                "alternatives": [
                    {"text": one.text, "probability": probability(one.probability)}
                    for one in plate.alternatives
                ],
            }
            for plate in result.plates
        ],
        "ms": round(result.ms, 1),
        "error": result.error,
    }
