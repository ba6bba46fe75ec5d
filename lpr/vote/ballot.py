"""One plate's ballot: whole texts compete for all its readings.

Evidence is fused by character position, in log space: position-wise temporal fusion beats both the
most confident frame and a majority over strings (Goncalves et al., ITSC 2016; Laroca et al., IJCNN
2018). Candidates are the texts that were read and the texts that the fused positions suggest; each
scores the weighted sum of the log likelihoods of all readings. Texts that nobody listed hold the
rest of the probability, position by position: a wrong character must be repeated to stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lpr.geometry import Quad
from lpr.types import Reading, TextCandidate
from lpr.vote.alignment import Evidence, align, log_ratio, prepare
from lpr.vote.calibration import calibrated, independence
from lpr.vote.options import VoterOptions
from lpr.vote.positions import PositionTable
from lpr.vote.prior import TextScorer

_UNLISTED_SHARE: Final = 0.05
_SHOWN: Final = 5
_COMPATIBLE: Final = math.log(0.2)
_MOST_TEXTS: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """One reading on a ballot.

    Attributes:
        reading: what was read.
        evidence: the same, prepared.
        weight: how much it counts, 0 to 1 (times `fused_weight` where it is of several looks).
        quality: its `quality_weight`, before novelty.
        size: the share of the weight that comes of the look's size, above 0 and at most 1.
        frame_index: the frame it was read from.
        time: media seconds.
        quad: the plate in that frame, pixels.
    """

    reading: Reading
    evidence: Evidence
    weight: float
    quality: float
    size: float
    frame_index: int
    time: float
    quad: Quad


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ballot stands: what the rules ask after every reading.

    Attributes:
        text: the leading text, empty before any.
        probability: calibrated probability that it is right, 0 to 1.
        region: its region, None where it cannot be told.
        readings: readings so far.
        agreeing: readings that say exactly `text`.
        compatible: readings for which `text` is at least a fifth as likely as what they say.
        whole: whether one that says exactly `text` saw the plate away from the picture's border,
            which may cut it.
    """

    text: str
    probability: float
    region: str | None
    readings: int
    agreeing: int
    compatible: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """A standing in full: what events and explanations tell.

    Attributes:
        text: as of `Standing`, like the next four.
        probability: calibrated probability that it is right, 0 to 1.
        region: its region, None where it cannot be told.
        readings: readings so far.
        agreeing: readings that say exactly `text`.
        char_scores: probability of each of its characters.
        alternatives: the best whole texts with their probabilities, best first.
    """

    text: str
    probability: float
    region: str | None
    readings: int
    agreeing: int
    char_scores: tuple[float, ...]
    alternatives: tuple[TextCandidate, ...]


_NOTHING: Final = Standing("", 0.0, None, 0, 0, 0, whole=False)


def make_vote(
    reading: Reading,
    *,
    weight: float,
    options: VoterOptions,
    quality: float = 1.0,
    size: float = 1.0,
    frame_index: int = 0,
    time: float = 0.0,
    quad: Quad | None = None,
) -> Vote:
    """Prepare one reading for a ballot."""
    place = quad or Quad.from_box(0.0, 0.0, 1.0, 1.0)
    evidence = prepare(reading, options)
    return Vote(reading, evidence, weight, quality, size, frame_index, time, place)


class Ballot:
    """The readings of one plate and what they add up to.

    Args:
        options: likelihoods and bounds.
        scorer: prior of whole texts.
    """

    def __init__(self, options: VoterOptions, scorer: TextScorer) -> None:
        self._options = options
        self._scorer = scorer
        self._votes: list[Vote] = []
        self._fused: Vote | None = None
        self._scores: dict[str, float] = {}
        self._said: dict[str, int] = {}
        self._whole: set[str] = set()
        self._compatible: dict[str, int] = {}
        self._dropped_score = 0.0
        self._largest = 0.0
        self._odds: dict[str, float] | None = None
        self._positions: PositionTable | None = None
        self._standing: Standing | None = _NOTHING
        self._readings = 0
        self._best_look: Vote | None = None

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The readings kept, oldest first."""
        return tuple(self._votes)

    @property
    def fused(self) -> Vote | None:
        """What the looks say together, None where nobody told."""
        return self._fused

    @property
    def readings(self) -> int:
        """How many readings there were, kept or not; empty ones do not count."""
        return self._readings

    @property
    def best_look(self) -> Vote | None:
        """The single reading to trust most, None before any."""
        return self._best_look

    def best_agreeing(self, text: str) -> Vote | None:
        """The best kept look that says exactly `text`, None where none does."""
        agreeing = [vote for vote in self._votes if vote.reading.text == text]
        return max(agreeing, key=_trust) if agreeing else None

    def add(self, vote: Vote) -> None:
        """Count one reading; an empty or overlong one says nothing."""
        text = vote.reading.text
        if not text or not self._short_enough(text):
            return
        self._readings += 1
        self._said[text] = self._said.get(text, 0) + 1
        if not vote.reading.may_be_cut:
            self._whole.add(text)
        if self._best_look is None or _trust(vote) > _trust(self._best_look):
            self._best_look = vote
        self._largest = max(self._largest, vote.size)
        self._odds = None
        if text not in self._scores:
            self._enter(text)
        for candidate, score in self._scores.items():
            ratio = log_ratio(vote.evidence, candidate)
            self._scores[candidate] = score + vote.weight * ratio
            self._compatible[candidate] += ratio >= _COMPATIBLE
        self._votes.append(vote)
        if self._positions is not None:
            self._positions.add(vote.evidence, vote.weight)
        self._shrink()
        self._standing = None

    def fuse(self, vote: Vote) -> None:
        """Count what the looks say together, in place of what fewer of them said before.

        It is one reading more, however many looks there are: they have had their own votes.
        """
        before = self._fused
        if (
            before is not None
            and vote.reading.looks < before.reading.looks
            and vote.quality <= before.quality
        ):
            return
        self._withdraw_fused()
        text = vote.reading.text
        if text and self._short_enough(text):
            if text not in self._scores:
                self._enter(text)
            self._fused = vote
            self._count_fused(vote, 1)
            self._shrink()
        self._standing = None if self._scores else _NOTHING

    def _withdraw_fused(self) -> None:
        before, self._fused = self._fused, None
        if before is None:
            return
        if self._votes:
            self._count_fused(before, -1)
        else:
            self._scores, self._compatible, self._odds = {}, {}, None

    def _count_fused(self, vote: Vote, sign: int) -> None:
        """Add (1) or take back (-1) what a fused reading says of the listed texts."""
        for candidate in self._scores:
            ratio = log_ratio(vote.evidence, candidate)
            self._scores[candidate] += sign * vote.weight * ratio
            self._compatible[candidate] += sign * (ratio >= _COMPATIBLE)
        self._odds = None

    def _short_enough(self, text: str) -> bool:
        """Whether a text is no longer than plates are, or as long as some country's are."""
        return len(text) <= self._options.max_length or self._scorer.log_odds(text) > 0

    def absorb(self, votes: Iterable[Vote]) -> None:
        """Count the kept readings of another track of the same plate."""
        for vote in votes:
            self.add(vote)
        self._votes.sort(key=lambda vote: vote.time)

    def without(self, votes: Sequence[Vote]) -> Ballot:
        """The ballot of the other kept readings, and of what looks before these said together."""
        left_out = {id(vote) for vote in votes}
        ballot = Ballot(self._options, self._scorer)
        ballot.absorb(vote for vote in self._votes if id(vote) not in left_out)
        if self._fused is not None and all(self._fused.time < vote.time for vote in votes):
            ballot.fuse(self._fused)
        return ballot

    def standing(self) -> Standing:
        """Where the ballot stands now; counted once after each reading."""
        if self._standing is None:
            self._standing = self._count(self._suggest(self._leader()))
        return self._standing

    def tally(self) -> Tally:
        """The standing in full."""
        return self._tell(self.standing())

    def tally_of(self, text: str) -> Tally:
        """Where the ballot stands for one text, whether it leads or not."""
        standing = self.standing()
        if text == standing.text:
            return self._tell(standing)
        if text not in self._scores:
            self._enter(text)
        return self._tell(self._count(text))

    def positions(self) -> PositionTable | None:
        """The votes by character position of the leading text, None before any reading."""
        lead = self.standing().text
        return self._table(lead) if lead else None

    def _enter(self, text: str) -> None:
        """Let a new text compete: score it on every kept reading.

        What dropped readings said of it is unknown: as little as they said of any text.
        """
        score, compatible = self._dropped_score, 0
        for vote in self._votes if self._fused is None else (*self._votes, self._fused):
            ratio = log_ratio(vote.evidence, text)
            score += vote.weight * ratio
            compatible += ratio >= _COMPATIBLE
        self._scores[text] = score
        self._compatible[text] = compatible
        self._odds = None

    def _shrink(self) -> None:
        """Keep the state small: drop the weakest reading and the least likely texts."""
        if len(self._votes) > self._options.max_kept_readings:
            weakest = min(range(len(self._votes)), key=lambda i: self._votes[i].weight)
            dropped = self._votes.pop(weakest)
            self._dropped_score += dropped.weight * dropped.evidence.floor
        if len(self._scores) > self._options.max_candidates:
            self._keep_candidates(self._options.max_candidates)
        if len(self._said) > _MOST_TEXTS:
            keep = sorted(
                self._said, key=lambda text: (text in self._scores, self._said[text]), reverse=True
            )
            self._said = {text: self._said[text] for text in keep[: _MOST_TEXTS // 2]}
            self._whole &= self._said.keys()

    def _keep_candidates(self, count: int) -> None:
        odds = self._log_odds()
        keep = sorted(odds, key=lambda text: (-odds[text], text))[:count]
        self._scores = {text: self._scores[text] for text in keep}
        self._odds = None
        self._compatible = {text: self._compatible[text] for text in keep}

    def _log_odds(self) -> dict[str, float]:
        """Log odds of every listed text, counted once after each change.

        Rounded, so that the order in which the same readings came makes no difference.
        """
        if self._odds is None:
            log_odds, relief = self._scorer.log_odds, self._relief()
            self._odds = {
                text: round(relief * score + log_odds(text), 9)
                for text, score in self._scores.items()
            }
        return self._odds

    def _relief(self) -> float:
        """Factor on all weights: a plate seen only from afar is held to its own largest looks.

        Small looks count little beside large ones, whose errors they do not share; alone, they are
        what there is.
        """
        return self._largest**-self._options.size_relief if self._largest > 0 else 1.0

    def _leader(self) -> str:
        if len(self._scores) == 1:
            return next(iter(self._scores))
        odds = self._log_odds()
        top = max(odds.values())
        return min(text for text, value in odds.items() if value == top)

    def _count(self, lead: str) -> Standing:
        """The standing from the point of view of one text."""
        raw = self._raw(lead, self._shares(lead))
        fused = None if self._fused is None else self._fused.reading
        fused_agrees = fused is not None and fused.text == lead
        return Standing(
            text=lead,
            probability=self._calibrated(raw, lead),
            region=self._scorer.region(lead),
            readings=self._readings + (fused is not None),
            agreeing=self._said.get(lead, 0) + fused_agrees,
            compatible=self._compatible[lead],
            whole=lead in self._whole
            or (fused is not None and fused_agrees and not fused.may_be_cut),
        )

    def _tell(self, standing: Standing) -> Tally:
        """The probabilities of all texts and of each character, beside one text's standing."""
        lead, probability = standing.text, standing.probability
        if not lead:
            return Tally("", 0.0, None, 0, 0, (), ())
        shares = self._shares(lead)
        raw = self._raw(lead, shares)
        scale = (1.0 - probability) / (1.0 - raw) * raw if raw < 1.0 else 0.0
        chances = {
            text: probability if text == lead else share * scale for text, share in shares.items()
        }
        ranked = sorted(chances, key=lambda text: (text != lead, -chances[text], text))
        left = max(0.0, 1.0 - sum(chances.values()))
        return Tally(
            text=lead,
            probability=probability,
            region=standing.region,
            readings=standing.readings,
            agreeing=standing.agreeing,
            char_scores=_char_scores(lead, chances, left, self._table(lead).doubts()),
            alternatives=tuple(TextCandidate(text, chances[text]) for text in ranked[:_SHOWN]),
        )

    def _shares(self, lead: str) -> dict[str, float]:
        """The odds of each listed text against one of them."""
        if len(self._scores) == 1:
            return {lead: 1.0}
        odds = self._log_odds()
        return {
            text: math.exp(max(-60.0, min(60.0, one - odds[lead]))) for text, one in odds.items()
        }

    def _raw(self, lead: str, shares: dict[str, float]) -> float:
        """Probability of a text before calibration."""
        listed = sum(shares.values()) - 1.0
        odds = self._table_of_looks(lead).unlisted_odds(self._relief())
        if self._fused is not None and self._fused.reading.text == lead:
            # It is made of the looks that voted: the surer of the two counts, not their product.
            odds = min(odds, self._alone(self._fused).unlisted_odds(self._relief()))
        other = odds * math.exp(-self._scorer.log_odds(lead))
        # Listed texts come out of the others: they are not counted twice.
        unlisted = max(other - listed, _UNLISTED_SHARE * other)
        return 1.0 / (1.0 + listed + unlisted)

    def _alone(self, fused: Vote) -> PositionTable:
        """What looks say together, believed as one look of their best one's quality would be."""
        table = PositionTable(fused.reading.text, self._options)
        table.add(fused.evidence, fused.weight / self._options.fused_weight)
        return table

    def _suggest(self, lead: str) -> str:
        """Let the fused positions suggest texts; returns the leader after that."""
        new = [text for text in self._table(lead).suggestions() if text not in self._scores]
        if not new:
            return lead
        for text in new:
            self._enter(text)
        if len(self._scores) > self._options.max_candidates:
            self._keep_candidates(self._options.max_candidates)
        return self._leader()

    def _table(self, lead: str) -> PositionTable:
        """The votes by position of the looks and of what they say together."""
        table = self._table_of_looks(lead)
        if self._fused is None:
            return table
        return table.joined(self._fused.evidence, self._fused.weight)

    def _table_of_looks(self, lead: str) -> PositionTable:
        if self._positions is None or self._positions.text != lead:
            self._positions = PositionTable(lead, self._options)
            for vote in self._votes:
                self._positions.add(vote.evidence, vote.weight)
        return self._positions

    def _calibrated(self, raw: float, lead: str) -> float:
        odds = math.log(max(1e-12, raw)) - math.log(max(1e-12, 1.0 - raw))
        temperature, independent = self._options.temperature, 1.0
        if temperature < 1.0:  # above it makes no difference, and there may be many votes
            agreeing = [vote.weight for vote in self._votes if vote.reading.text == lead]
            independent = independence(agreeing)
        value = calibrated(odds, independent, temperature)
        return min(self._options.ceiling, value)


def _trust(vote: Vote) -> tuple[float, float]:
    return (vote.quality * vote.reading.confidence, -vote.time)


def _char_scores(
    lead: str, chances: dict[str, float], left: float, doubts: tuple[float, ...]
) -> tuple[float, ...]:
    """Probability of each character: what is lost to texts that differ there."""
    scores = [1.0] * len(lead)
    for text, chance in chances.items():
        if text == lead:
            continue
        for i, place in enumerate(align(lead, text)):
            if place is None or text[place] != lead[i]:
                scores[i] -= chance
    total = sum(doubts)
    for i, doubt in enumerate(doubts):
        scores[i] -= left * (doubt / total if total > 0 else 1.0 / len(lead))
    return tuple(max(0.0, min(1.0, score)) for score in scores)
