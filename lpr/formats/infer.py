"""Which country's formats explain a text best, and how well any of them does.

Bayes' rule over the regions. Before the text is seen, a region counts by the square root of its
vehicles: cameras are spread more evenly than cars. A format spreads its weight evenly over its
lengths, and over the texts of each length, so that a narrow format that matches says more than a
wide one. A text that fits several countries about equally well stays undecided, and so does one
that fits personal plates only. A twentieth of belief goes to texts of no known format.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lpr.formats.automaton import Automaton
from lpr.formats.folding import fold
from lpr.formats.pattern import MAX_LENGTH
from lpr.formats.region import Region
from lpr.formats.registry import available_regions, load_region

DECIDED: Final = 0.9
"""Smallest posterior probability at which a region is named."""

NO_FORMAT: Final = 0.05
"""Belief, before the text is seen, that a plate is of no known format."""

_WRONG_LINES: Final = 0.1
_NO_FORMAT_LENGTHS: Final = 8
_NO_FORMAT_CHARS: Final = 36


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the formats of some regions say of one text.

    Attributes:
        region: Code of the region that explains it best by a format other than personal plates,
            None where there is none.
        posterior: That region's probability, 0 where there is none.
        log_ratio: Natural logarithm of the text's probability over that of the same text were
            nothing known of formats: log(`NO_FORMAT`) where no format matches.
    """

    region: str | None
    posterior: float
    log_ratio: float


def infer_region(
    text: str, candidates: tuple[str, ...] | None = None, lines: int | None = None
) -> tuple[str | None, float]:
    """The region of a text.

    Args:
        text: Upper case, no separators, top row first.
        candidates: Codes of the regions that come into question; None means all there are.
        lines: Rows of text the plate was seen to have, 1 or 2, None where not known. A format
            that knows no such layout counts a tenth.

    Returns:
        The code and its posterior probability; None and the largest posterior probability where
        no region reaches `DECIDED`, and (None, 0.0) where no format matches but personal plates.

    Raises:
        FormatError: A candidate is unknown.
    """
    found = weigh_text(text, candidates, lines)
    return (found.region if found.posterior >= DECIDED else None), found.posterior


def weigh_text(
    text: str, candidates: tuple[str, ...] | None = None, lines: int | None = None
) -> Evidence:
    """What the formats of the candidates say of a text; arguments as for `infer_region`.

    Raises:
        FormatError: A candidate is unknown.
    """
    folded = fold(text)
    codes = available_regions() if candidates is None else candidates
    likely = _candidates(codes, min(len(folded), MAX_LENGTH + 1), lines)
    if not likely:  # as for texts so long that their probability is none in a float
        return Evidence(None, 0.0, math.log(NO_FORMAT))
    no_format = float(_NO_FORMAT_CHARS) ** -len(folded) / _NO_FORMAT_LENGTHS
    total = NO_FORMAT * no_format
    best, best_score = None, 0.0
    for one in likely:
        score, named = one.score(folded)
        total += score
        if named and score > best_score:
            best, best_score = one.code, score
    return Evidence(best, best_score / total, math.log(total / no_format))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One region, ready for texts of one length: the densities of its formats there."""

    code: str
    automaton: Automaton
    densities: tuple[float, ...]
    catch_all: tuple[bool, ...]

    def score(self, text: str) -> tuple[float, bool]:
        """The text's density, and whether a format other than a catch-all has it."""
        total, named = 0.0, False
        for index in self.automaton.matching(text):
            total += self.densities[index]
            named = named or not self.catch_all[index]
        return total, named


@lru_cache(maxsize=256)
def _candidates(codes: tuple[str, ...], length: int, lines: int | None) -> tuple[_Candidate, ...]:
    # A region that is named twice counts once: it would be its own rival, and never decided.
    regions = list(dict.fromkeys(load_region(code) for code in codes))
    everything = sum(math.sqrt(region.vehicles) for region in regions)
    return tuple(
        _candidate(region, (1 - NO_FORMAT) / everything, length, lines)
        for region in regions
        if any(length in one.pattern.sizes for one in region.formats)
    )


def _candidate(region: Region, share: float, length: int, lines: int | None) -> _Candidate:
    weights = sum(one.weight for one in region.formats)
    densities = []
    for one in region.formats:
        sizes = one.pattern.sizes
        density = 1.0 / (len(sizes) * sizes[length]) if length in sizes else 0.0
        fits = lines is None or lines in one.lines
        chance = share * math.sqrt(region.vehicles) * one.weight / weights
        densities.append(chance * density * (1.0 if fits else _WRONG_LINES))
    catch_all = tuple(one.catch_all for one in region.formats)
    return _Candidate(region.code, region.automaton, tuple(densities), catch_all)
