"""Plate formats as a prior over whole texts, as a voter and a gate ask for it."""

from __future__ import annotations

from lpr.formats.infer import DECIDED, weigh_text
from lpr.formats.pattern import MAX_LENGTH
from lpr.formats.registry import load_region


class FormatPrior:
    """How likely a text is as a plate of some regions.

    Args:
        regions: Codes of the expected regions; empty means all there are. Their files are read
            here (all: a fraction of a second, once a process), so that no call waits for them.

    Raises:
        FormatError: A region is unknown.
    """

    def __init__(self, regions: tuple[str, ...] = ()) -> None:
        self._regions = tuple(load_region(code).code for code in regions) or None
        for length in range(MAX_LENGTH + 1):
            weigh_text("0" * length, self._regions)

    def __call__(self, text: str) -> tuple[str | None, float]:
        """The region of a text and its log probability ratio.

        Args:
            text: Upper case, no separators, top row first.

        Returns:
            The region's code in upper case, as events carry it, None where none or several fit;
            and the natural logarithm of the text's probability relative to one of which nothing
            is known: above 0 where it fits, log(`lpr.formats.infer.NO_FORMAT`), about -3, where no
            format matches.
        """
        found = weigh_text(text, self._regions)
        if found.region is None or found.posterior < DECIDED:
            return None, found.log_ratio
        return found.region.upper(), found.log_ratio

    def fits(self, text: str) -> bool:
        """Whether a text is of a format of the regions, personal plates left aside."""
        return weigh_text(text, self._regions).region is not None
