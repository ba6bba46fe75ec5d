"""What is known of a text before any look: plate formats, injected from outside."""

from __future__ import annotations

from typing import Final, Protocol

from lpr.vote.options import VoterOptions

_MOST_REMEMBERED: Final = 256


class TextPrior(Protocol):
    """How likely a text is as a plate.

    `lpr.factory` makes one from the formats of the configured regions.
    """

    def __call__(self, text: str) -> tuple[str | None, float]:
        """Return the region of a text and its log probability ratio.

        Args:
            text: upper case, no separators.

        Returns:
            ISO 3166 alpha-2 code of the country whose format it fits, None for none or many; and
            the log of its probability relative to a text of which nothing is known (0: neutral,
            above: fits a format, below: fits none).
        """
        ...


def no_prior(text: str) -> tuple[str | None, float]:
    """The prior of someone who knows no plate format: every text is alike, no region."""
    return None, 0.0


class TextScorer:
    """The prior log odds of whole texts, bounded and remembered.

    Args:
        prior: formats.
        options: weight and bounds.
    """

    def __init__(self, prior: TextPrior, options: VoterOptions) -> None:
        self._prior = prior
        self._options = options
        self._known: dict[str, tuple[str | None, float]] = {}

    def region(self, text: str) -> str | None:
        """Region of a text, None where it cannot be told."""
        return self._look_up(text)[0]

    def log_odds(self, text: str) -> float:
        """Prior log odds of a text against an unknown one."""
        return self._look_up(text)[1]

    def _look_up(self, text: str) -> tuple[str | None, float]:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._judge(text)
        return found

    def _judge(self, text: str) -> tuple[str | None, float]:
        options = self._options
        region, log_ratio = self._prior(text)
        limit = options.prior_limit
        odds = max(-limit, min(limit, options.prior_weight * log_ratio))
        if not any(char.isdigit() for char in text):
            odds -= options.no_digit_penalty
        return region, odds
