"""How much a further reading of a plate would help now."""

from __future__ import annotations

from typing import Final

from lpr.types import Detection
from lpr.vote.options import VoterOptions
from lpr.vote.passage import Passage
from lpr.vote.weights import effective_width

_RELOOK: Final = 0.2
_CONFIRMED: Final = 0.4
_WEARY: Final = 0.1
_FREE_REPEATS: Final = 4
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
_LATE_PAUSE: Final = 0.25


def demand(
    passage: Passage | None, detection: Detection, *, time: float, options: VoterOptions
) -> float:
    """How much a reading of this detection would help: 0 is not at all, at most 1.

    A settled plate is read again only when it has come much nearer, or when it was hidden or
    jumped and may be another one. A plate that stands still is read ever more rarely.

    Args:
        passage: what is known of its track, None if nothing.
        detection: the plate in this frame.
        time: now, media seconds.
        options: widths, thresholds.
    """
    width = effective_width(detection.quad.width, detection.lines)
    if width < options.min_read_width:
        return 0.0
    size = min(1.0, width / options.reference_width) * max(0.1, detection.score)
    if passage is None:
        return size
    looks = passage.looks
    better = width >= options.relook_growth * looks.best_read_width or passage.doubted > 0
    if is_settled(passage, options):
        return _RELOOK * size if better else 0.0
    if not better and looks.last_read is not None:
        pause = _pause(passage, detection, options)
        # A microsecond forgives the rounding of media times.
        if time - looks.last_read + 1e-6 < pause:
            return 0.0
    need = 1.0 if passage.verdict is None else _CONFIRMED
    return need * size / (1.0 + _WEARY * looks.attempts)


def is_settled(passage: Passage, options: VoterOptions) -> bool:
    """Whether further readings would hardly change what is said of a plate."""
    if passage.silent is not None:
        return passage.standing.text == passage.silent.text and not passage.contested
    verdict, standing = passage.verdict, passage.standing
    return (
        verdict is not None
        and verdict.sure
        and not passage.contested
        and verdict.text == standing.text
        and standing.probability >= options.settle_probability
    )


def _pause(passage: Passage, detection: Detection, options: VoterOptions) -> float:
    """Seconds to wait between two readings."""
    looks = passage.looks
    # What the border cuts is no verdict, however sure it is; one whole look may do.
    if looks.at_same_place(detection.quad) and not looks.comes_in(detection.quad):
        repeats = looks.repeats - _FREE_REPEATS
        if repeats >= 0:
            return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(repeats, 16))
    return _LATE_PAUSE if looks.attempts >= options.max_readings else 0.0
