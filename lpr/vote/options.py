"""What can be set about the voter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SHARES: Final = (
    "confirm_probability",
    "due_probability",
    "early_probability",
    "revise_probability",
    "sure_probability",
    "settle_probability",
    "single_confidence",
    "max_reading_confidence",
    "ceiling",
    "outlier",
    "unsure_outlier",
    "unsure_missing",
    "scale_copies",
    "missing_character",
    "missing_end",
    "extra_character",
    "copy_distance",
    "quality_power",
    "unsure_weight",
    "legible_confidence",
    "unread_score",
)
_POSITIVE: Final = (
    "max_delay",
    "retrigger_seconds",
    "reference_width",
    "size_power",
    "sure_weight",
    "confidence_power",
    "fused_weight",
    "confusions",
    "temperature",
    "relook_growth",
    "min_length",
    "min_agreeing",
    "max_kept_readings",
    "max_candidates",
    "max_readings",
    "max_explanations",
    "unread_hits",
)

_ORDERED: Final = (("min_length", "max_length"), ("unsure_weight", "sure_weight"))


@dataclass(frozen=True, slots=True)
class VoterOptions:
    """Settings of `PlateVoter`. Times are media seconds, widths are frame pixels.

    Attributes:
        max_delay: a verdict is due this long after the first legible reading, if it is likely
            enough by then (`due_probability`); before, it must be `early_probability`.
        confirm_probability: least probability of any verdict; enough once the plate is gone.
        due_probability: least probability of a verdict that is due while the plate may be looked at
            again; where it is below `confirm_probability`, that holds.
        early_probability: least probability of a verdict before it is due.
        revise_probability: least probability of another text that replaces the standing verdict:
            less than a first verdict needs, since what stands is much less likely then.
        sure_probability: a verdict given below it is said again, once, as `revised` with the same
            text, when the text reaches it and `min_agreeing` readings say exactly this; for
            whoever needs more than `confirm_probability`, as a gate does. 1 never does it.
        settle_probability: from here on a track with a verdict asks for no more readings.
        min_agreeing: readings that must say exactly the verdict's text (or twice as many that are
            compatible with it).
        single_confidence: a track that ends with one reading is confirmed from this confidence on.
        min_length: shortest text that can be a plate.
        max_length: longest text that can be a plate, unless a plate format fits it.
        departure_grace: seconds after a track's end in which a new track may continue the passage;
            `departed` or `unread` comes after it.
        retrigger_seconds: the same text is not confirmed again within this time after it was last
            seen.
        one_vehicle_per_text: whether two plates of the same text in one picture are one vehicle
            (a lorry's painted registration, an echo in an overlay), the second one being silent.
        strict_format: whether texts without a region according to the text prior are never
            confirmed.
        prior_weight: factor on the text prior's log probability.
        prior_limit: the text prior moves the log odds by no more than this.
        no_digit_penalty: log odds against a text without any digit, which is a sign more often.
        reference_width: plate width from which the size of a look no longer limits its weight.
        size_power: how fast the weight falls below that width.
        size_relief: how far a plate that was never seen near is believed by its own largest looks:
            0 holds all looks to `reference_width`, 1 to the largest look of the same plate.
        quality_power: how much the quality of a look counts beside the reader's own confidence: 0
            not at all, 1 in full.
        unsure_weight: factor on the weight of a reading that does not believe itself at all.
        sure_weight: factor on the weight of a reading that is sure; no look weighs more than 1.
        confidence_power: how fast the one becomes the other as the confidence falls.
        fused_weight: factor on the weight of what all looks make together (`lpr.protocols.Fuser`),
            beside that of the best of them.
        copy_distance: change of place and size (in plate widths) within which looks are copies.
        scale_copies: how much of a copy a look of the same size from another place is: it shares
            the errors that come of the size.
        confusions: number of characters that a wrong one is spread over at its position; more means
            that agreement between readings counts for more.
        max_reading_confidence: no single reading is believed more than this.
        outlier: least likelihood of a reading given any text, relative to its own text: how much
            one look can say against the others.
        unsure_outlier: what `outlier` rises by for a reading that does not believe itself at all: a
            look that is surely misread says little against the others.
        missing_character: likelihood that the reader drops a character.
        unsure_missing: what it rises by for a reading that does not believe itself at all.
        missing_end: the same at the end of a plate that the picture cuts.
        extra_character: likelihood that the reader sees a character that is not there.
        temperature: divides the log odds of the final probability; above 1 is more careful. Below
            1 it makes independent looks that agree surer, never a lone reading or its copies.
        ceiling: largest probability ever reported.
        legible_confidence: a reading of this confidence is legible: the delay counts from it.
        min_read_width: plates below this width are not read at all.
        max_readings: readings of one passage after which it is read at most four times a second,
            unless a look is better.
        relook_growth: a settled plate is read again when it has grown by this factor.
        max_kept_readings: readings kept for each passage; the weakest are summed up beyond.
        max_candidates: whole texts that compete for each passage.
        unread_hits: detections that a track needs to be reported as unread.
        unread_score: mean detector score that it needs.
        unread_width: width that it needs.
        legible_width: plates that never reach this width are unread because too small.
        legible_sharpness: plates that never reach this sharpness are unread because blurred.
        max_explanations: ended passages that `explain` remembers.
    """

    max_delay: float = 1.0
    confirm_probability: float = 0.7
    due_probability: float = 0.85
    early_probability: float = 0.9
    revise_probability: float = 0.65
    sure_probability: float = 1.0
    settle_probability: float = 0.95
    min_agreeing: int = 2
    single_confidence: float = 0.95
    min_length: int = 3
    max_length: int = 12
    departure_grace: float = 1.0
    retrigger_seconds: float = 10.0
    one_vehicle_per_text: bool = True
    strict_format: bool = False
    prior_weight: float = 0.5
    prior_limit: float = 3.0
    no_digit_penalty: float = 3.0
    reference_width: float = 200.0
    size_power: float = 2.0
    size_relief: float = 0.7
    quality_power: float = 0.7
    unsure_weight: float = 0.7
    sure_weight: float = 1.7
    confidence_power: float = 2.0
    fused_weight: float = 0.7
    copy_distance: float = 0.08
    scale_copies: float = 0.2
    confusions: float = 8.0
    max_reading_confidence: float = 0.98
    outlier: float = 0.01
    unsure_outlier: float = 0.4
    missing_character: float = 0.1
    unsure_missing: float = 0.2
    missing_end: float = 0.4
    extra_character: float = 0.03
    temperature: float = 1.0
    ceiling: float = 0.995
    legible_confidence: float = 0.2
    min_read_width: float = 20.0
    max_readings: int = 60
    relook_growth: float = 1.4
    max_kept_readings: int = 24
    max_candidates: int = 16
    unread_hits: int = 5
    unread_score: float = 0.6
    unread_width: float = 28.0
    legible_width: float = 44.0
    legible_sharpness: float = 0.25
    max_explanations: int = 256

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a value is out of its range.
        """
        self._check_each()
        if not self.confirm_probability <= self.early_probability < self.ceiling:
            raise ValueError("vote: confirm_probability <= early_probability < ceiling must hold")
        if not 0 <= self.size_relief <= 1:
            raise ValueError("vote: size_relief must be from 0 to 1")
        if not self.settle_probability < self.ceiling:
            raise ValueError("vote: settle_probability < ceiling must hold")
        for low, high in _ORDERED:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"vote: {low} must be at most {high}")
        if self.departure_grace < 0 or self.prior_limit < 0 or self.no_digit_penalty < 0:
            raise ValueError(
                "vote: departure_grace, prior_limit and no_digit_penalty must not be negative"
            )

    def _check_each(self) -> None:
        """Check what is said of single options."""
        for name in _SHARES:
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"vote: {name} must be above 0 and at most 1")
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"vote: {name} must be above 0")
