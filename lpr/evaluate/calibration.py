"""Does a stated confidence come true, and how many readings may be accepted at a given risk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lpr.evaluate.intervals import Proportion
from lpr.evaluate.report import table


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram: the mean stated confidence, and what came true."""

    low: float
    high: float
    confidence: float
    accuracy: Proportion


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What may be accepted when at most `risk` of the accepted may be wrong.

    The threshold is chosen on the readings themselves, so on others more may be wrong.

    Attributes:
        risk: allowed share of errors among the accepted.
        threshold: the lowest confidence accepted; None where nothing may be accepted.
        accepted: accepted of all.
        errors: wrong ones of the accepted.
    """

    risk: float
    threshold: float | None
    accepted: Proportion
    errors: Proportion

    def __str__(self) -> str:
        if self.threshold is None:
            return "nothing can be accepted"
        return (
            f"confidence >= {self.threshold:.4f}: {self.accepted} accepted, "
            f"wrong of these {self.errors}; the threshold is chosen on these very readings"
        )

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "risk": self.risk,
            "threshold": self.threshold,
            "accepted": self.accepted.to_json(),
            "errors": self.errors.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of a set of (confidence, right) pairs.

    Attributes:
        ece: expected calibration error (Guo et al., ICML 2017): the mean gap between stated and
            true, weighted by the bins' sizes, 0 to 1; NaN of nothing.
        bins: the reliability diagram; empty bins are left out.
        acceptance: what may be accepted at the asked risk.
    """

    ece: float
    bins: tuple[Bin, ...]
    acceptance: Acceptance

    def to_json(self) -> dict[str, object]:
        """All attributes."""
        return {
            "ece": None if math.isnan(self.ece) else round(self.ece, 6),
            "bins": [
                {
                    "low": one.low,
                    "high": one.high,
                    "confidence": round(one.confidence, 6),
                    "accuracy": one.accuracy.to_json(),
                }
                for one in self.bins
            ],
            "acceptance": self.acceptance.to_json(),
        }

    def to_markdown(self) -> str:
        """The same for people."""
        ece = "-" if math.isnan(self.ece) else f"{self.ece:.4f}"
        rows = [
            [f"{one.low:.2f}-{one.high:.2f}", f"{one.confidence:.3f}", one.accuracy]
            for one in self.bins
        ]
        return "\n\n".join(
            [
                f"- Expected calibration error: {ece}",
                f"- At {self.acceptance.risk:g} wrong among the accepted: {self.acceptance}",
                table(["confidence", "mean stated", "right"], rows),
            ]
        )


def calibration(
    confidences: Sequence[float], right: Sequence[bool], *, bins: int = 15, risk: float = 0.001
) -> Calibration:
    """Measure reliability in `bins` bins of equal width, and acceptance at `risk`.

    Raises:
        ValueError: the two are not of one length.
    """
    pairs = list(zip(confidences, right, strict=True))
    filled: list[Bin] = []
    gap = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [(c, r) for c, r in pairs if low <= c < high or (number == bins - 1 and c >= high)]
        if inside:
            mean = sum(c for c, _ in inside) / len(inside)
            accuracy = Proportion.of(r for _, r in inside)
            gap += abs(mean - accuracy.value) * len(inside) / len(pairs)
            filled.append(Bin(low, high, mean, accuracy))
    return Calibration(
        gap if pairs else math.nan, tuple(filled), acceptance_at(confidences, right, risk)
    )


def acceptance_at(confidences: Sequence[float], right: Sequence[bool], risk: float) -> Acceptance:
    """Find the lowest threshold at which at most `risk` of the accepted are wrong.

    Readings of equal confidence are accepted together or not at all.
    """
    pairs = sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0])
    best, errors, best_errors = 0, 0, 0
    for count, (confidence, is_right) in enumerate(pairs, 1):
        errors += not is_right
        tied = count < len(pairs) and pairs[count][0] == confidence
        if not tied and errors <= risk * count:
            best, best_errors = count, errors
    return Acceptance(
        risk=risk,
        threshold=pairs[best - 1][0] if best else None,
        accepted=Proportion(best, len(pairs)),
        errors=Proportion(best_errors, best),
    )
