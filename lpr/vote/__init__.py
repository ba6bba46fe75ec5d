"""Turning many readings of one plate into one verdict."""

from lpr.vote.explain import (
    ExplainedReading,
    Explanation,
    ExplanationTable,
    summarize,
    tabulate,
)
from lpr.vote.options import VoterOptions
from lpr.vote.prior import TextPrior
from lpr.vote.voter import PlateVoter

__all__ = [
    "ExplainedReading",
    "Explanation",
    "ExplanationTable",
    "PlateVoter",
    "TextPrior",
    "VoterOptions",
    "summarize",
    "tabulate",
]
