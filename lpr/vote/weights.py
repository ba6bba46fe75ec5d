"""How much one look counts: how good it was, and how much of it is new."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lpr.geometry import Quad
from lpr.types import CropQuality, Reading
from lpr.vote.options import VoterOptions

_LEAST_WEIGHT: Final = 0.04
_TWO_LINE_WIDTH: Final = 1.7
_WHOLE_EDGE: Final = 0.3
_GROWTH_SHARE: Final = 4.0
_JITTER: Final = 0.02
"""Change of place or size that a detector makes by itself."""
_OTHER_TEXT: Final = 0.3
_SCORE_SHARE: Final = 4.0
_SAME_LOOK: Final = 0.7
_MOST_LOOKS: Final = 48
_SAME_SCALE: Final = 0.35
"""Looks whose widths differ by this share (log) show a plate at another resolution."""
_FAR: Final = 20.0
"""Looks this many copy distances apart have nothing in common (e to the minus 20)."""


def effective_width(width: float, lines: int) -> float:
    """Width in pixels of a one-line plate with characters of the same size."""
    return width * _TWO_LINE_WIDTH if lines == 2 else width


def size_weight(quality: CropQuality | None, lines: int, options: VoterOptions) -> float:
    """The share of a look's weight that comes of its size, above 0 and at most 1."""
    share = math.pow(_size_share(quality, lines, options), options.quality_power)
    return max(_LEAST_WEIGHT, share)


def quality_weight(
    quality: CropQuality | None, *, score: float, lines: int, options: VoterOptions
) -> float:
    """Weight of a look by size, sharpness, angle, contrast, edge and detector score, 0 to 1."""
    weight = math.sqrt(max(0.0, min(1.0, score))) * _size_share(quality, lines, options)
    if quality is not None:
        weight *= 0.5 + 0.5 * max(0.0, min(1.0, quality.sharpness))
        weight *= max(0.2, math.cos(min(math.pi / 2, max(0.0, quality.angle))))
        weight *= min(1.0, 0.4 + 1.2 * max(0.0, quality.contrast))
        weight *= 0.3 + 0.7 * min(1.0, max(0.0, min(quality.edge, quality.edge_rows)) / _WHOLE_EDGE)
    return max(_LEAST_WEIGHT, math.pow(weight, options.quality_power))


def belief_weight(confidence: float, options: VoterOptions) -> float:
    """Factor on a look's weight by how far its reading believes itself, above 0.

    Looks that are misread in the same way, as a far plate's often are, add up to a wrong text; they
    seldom believe themselves.
    """
    believed = math.pow(max(0.0, min(1.0, confidence)), options.confidence_power)
    return options.unsure_weight + (options.sure_weight - options.unsure_weight) * believed


def look_weight(reading: Reading, quality: float, size: float, options: VoterOptions) -> float:
    """What a look counts, above 0 and at most 1.

    No more than makes 1 of it where it is held to its own size (`size_relief`): a lone reading
    is not to be believed more than it believes itself.

    Args:
        reading: what it says.
        quality: its `quality_weight`, times how much of it is new.
        size: its `size_weight`.
        options: how far it is believed.
    """
    most = math.pow(size, options.size_relief)
    return min(most, quality * belief_weight(reading.confidence, options))


def _size_share(quality: CropQuality | None, lines: int, options: VoterOptions) -> float:
    """0 to 1; a look of unknown quality is not held to its size."""
    if quality is None:
        return 1.0
    size = effective_width(quality.width, lines) / options.reference_width
    return min(1.0, math.pow(max(0.0, size), options.size_power))


@dataclass(slots=True)
class _Look:
    x: float
    y: float
    width: float
    log_width: float
    quality: float
    text: str
    score: float
    count: int = 1


class LookMemory:
    """The looks that were taken of one plate, to tell a new look from a copy.

    Looks from nearly the same place, of nearly the same size and with nearly the same distributions
    share their errors. The n-th copy weighs 1 / n squared, so that all copies of a parked car
    together count less than two looks (the sum is pi squared / 6).

    Attributes:
        news: how many looks there were, each counted by its share that was new.
    """

    def __init__(self, options: VoterOptions) -> None:
        self._options = options
        self._looks: list[_Look] = []
        self.news = 0.0

    def weigh(self, reading: Reading, quad: Quad, quality: float, size: float) -> float:
        """Return the `look_weight` of what is new in a look, which is remembered.

        Args:
            reading: what it says.
            quad: where the plate was, frame pixels.
            quality: its `quality_weight`.
            size: its `size_weight`.
        """
        novelty = self.novelty(reading, quad, quality)
        return look_weight(reading, quality * novelty, size, self._options)

    def novelty(self, reading: Reading, quad: Quad, quality: float) -> float:
        """Share of a look that is new, above 0 and at most 1; the look is remembered.

        Args:
            reading: what it says.
            quad: where the plate was, frame pixels.
            quality: its `quality_weight`.
        """
        x, y = quad.center
        scores = reading.char_scores
        width = max(1.0, quad.width)
        look = _Look(
            x,
            y,
            width,
            math.log(width),
            quality,
            reading.text,
            sum(scores) / len(scores) if scores else 0.0,
        )
        copies, closest, twin = 0.0, _SAME_LOOK, None
        copy_distance, scale_copies = self._options.copy_distance, self._options.scale_copies
        reach = (_JITTER + _FAR * copy_distance) * width
        log_width, text = look.log_width, look.text
        for known in self._looks:
            likeness = 0.0
            if -reach <= known.x - x <= reach and -reach <= known.y - y <= reach:
                likeness = _likeness(look, known, copy_distance)
            shared = likeness
            if text == known.text:
                same_scale = 1.0 - abs(log_width - known.log_width) / _SAME_SCALE
                by_scale = scale_copies * same_scale
                if by_scale > shared:
                    shared = by_scale
            copies += shared * known.count
            if likeness > closest:
                closest, twin = likeness, known
        if twin is not None:
            twin.count += 1
        else:
            self._looks.append(look)
            del self._looks[:-_MOST_LOOKS]
        new = 1.0 / (1.0 + copies) ** 2
        self.news += new
        return new

    def absorb(self, other: LookMemory) -> None:
        """Remember the looks of another track of the same plate as well."""
        self._looks = (other._looks + self._looks)[-_MOST_LOOKS:]
        self.news += other.news


def _likeness(look: _Look, known: _Look, copy_distance: float) -> float:
    """How much of a look was known from another one, 0 to 1."""
    change = math.hypot(look.x - known.x, look.y - known.y) / look.width - _JITTER
    if change < 0.0:
        change = 0.0
    grown = abs(look.log_width - known.log_width) - _JITTER
    if grown > 0.0:
        change += _GROWTH_SHARE * grown
    likeness = math.exp(-change / copy_distance)
    if look.text != known.text:
        return likeness * _OTHER_TEXT
    alike = 1 - _SCORE_SHARE * abs(look.score - known.score)
    likeness *= alike if alike > _OTHER_TEXT else _OTHER_TEXT
    # A clearly better look from the same place is news.
    return likeness * (known.quality / look.quality) if known.quality < look.quality else likeness
