"""What a ballot makes of readings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpr.types import CharCandidates, CropQuality, Reading
from lpr.vote import VoterOptions
from lpr.vote.alignment import align, edit_distance, log_ratio, prepare
from lpr.vote.ballot import Ballot, Tally, make_vote
from lpr.vote.prior import TextScorer, no_prior

OPTIONS = VoterOptions()
LETTERS = "ABC018"


def say(
    text: str,
    confidence: float = 0.9,
    *,
    also: dict[int, tuple[str, float]] | None = None,
    edge: float = 1.0,
) -> Reading:
    """A reading; `also` gives runner-ups with their probabilities by place."""
    places = []
    for i, char in enumerate(text):
        other, chance = (also or {}).get(i, ("", 0.0))
        own = min(0.99 - chance, 0.97)
        places.append(
            CharCandidates((char, other), (own, chance))
            if other
            else CharCandidates((char,), (own,))
        )
    scores = tuple(place.probs[0] for place in places)
    quality = CropQuality(width=100, sharpness=0.8, edge=edge)
    return Reading(text, scores, tuple(places), confidence, quality)


def tally(
    readings: Sequence[Reading], weights: Sequence[float] | None = None, **given_options: float
) -> Tally:
    options = VoterOptions(**given_options)  # type: ignore[arg-type]
    ballot = Ballot(options, TextScorer(no_prior, options))
    for reading, weight in zip(readings, weights or [1.0] * len(readings), strict=True):
        ballot.add(make_vote(reading, weight=weight, options=options))
    return ballot.tally()


READINGS = st.builds(
    say,
    st.text(LETTERS, min_size=3, max_size=8),
    st.floats(0.05, 0.999),
    also=st.dictionaries(
        st.integers(0, 7), st.tuples(st.sampled_from("XYZ9"), st.floats(0.01, 0.45)), max_size=3
    ),
)


def test_one_reading_is_believed_as_far_as_it_believes_itself() -> None:
    for confidence in (0.2, 0.5, 0.9, 0.97):
        result = tally([say("AB123CD", confidence)], temperature=1.0)
        assert result.text == "AB123CD"
        assert result.probability == pytest.approx(confidence, abs=0.02)


def test_no_single_reading_is_certain() -> None:
    assert tally([say("AB123CD", 1.0)]).probability <= OPTIONS.max_reading_confidence + 1e-9


def test_agreement_makes_sure() -> None:
    assert tally([say("AB123CD", 0.7)] * 3).probability > 0.98


def test_an_even_split_is_no_verdict() -> None:
    result = tally([say("AB123CD"), say("AB128CD")])
    assert result.probability < 0.55
    assert result.char_scores[4] < 0.6
    assert min(result.char_scores[:4]) > 0.95


def test_positions_are_fused_where_no_reading_was_right() -> None:
    readings = [
        say("AB128CD", 0.4, also={4: ("3", 0.4)}),
        say("AB123CO", 0.4, also={6: ("D", 0.4)}),
        say("A8123CD", 0.4, also={1: ("B", 0.4)}),
        say("AB12BCD", 0.4, also={4: ("3", 0.4)}),
    ]
    result = tally(readings)
    assert result.text == "AB123CD"
    assert result.agreeing == 0
    assert result.probability > 0.8


def test_cut_ends_and_drops_do_not_outvote_the_whole_plate() -> None:
    cut = [say("AB123", 0.6, edge=0.0)] * 4
    dropped, extra = [say("AB13CD", 0.4)], [say("AB1123CD", 0.4)]
    result = tally([say("AB123CD", 0.9), say("AB123CD", 0.9), *cut, *dropped, *extra])
    assert result.text == "AB123CD"


def test_a_large_look_overturns_far_ones() -> None:
    far = [say("AB128CD", 0.95)] * 4
    near = [say("AB123CD", 0.97)] * 2
    assert tally(far, [0.25] * 4).text == "AB128CD"
    result = tally([*far, *near], [0.25] * 4 + [1.0, 1.0])
    assert result.text == "AB123CD"
    assert result.probability > 0.9


def test_empty_and_overlong_readings_say_nothing() -> None:
    result = tally([say(""), say("A" * 13), say("AB123CD", 0.8)])
    assert (result.readings, result.text) == (1, "AB123CD")
    assert tally([]).text == ""


def test_a_text_as_long_as_some_countrys_plates_counts() -> None:
    def prior(text: str) -> tuple[str | None, float]:
        return ("NP", 9.0) if text.startswith("BAGMATI") else (None, -3.0)

    ballot = Ballot(OPTIONS, TextScorer(prior, OPTIONS))
    for text in ("BAGMATI01AA1234", "WWWAUTOHAUSNORD24"):
        for _ in range(3):
            ballot.add(make_vote(say(text), weight=1.0, options=OPTIONS))
    standing = ballot.tally()
    assert (standing.text, standing.region, standing.readings) == ("BAGMATI01AA1234", "NP", 3)


def test_the_format_prior_weighs_on_the_tally_only() -> None:
    def prior(text: str) -> tuple[str | None, float]:
        fits = text[:2].isalpha() and text[2:5].isdigit() and text[5:].isalpha()
        return ("XX", 4.0) if fits else (None, -4.0)

    ballot = Ballot(OPTIONS, TextScorer(prior, OPTIONS))
    reading = say("AB1O3CD", 0.5, also={3: ("0", 0.45)})
    ballot.add(make_vote(reading, weight=1.0, options=OPTIONS))
    result = ballot.tally()
    assert (result.text, result.region) == ("AB103CD", "XX")
    assert ballot.best_look is not None
    assert ballot.best_look.reading.text == "AB1O3CD"
    for _ in range(8):
        ballot.add(make_vote(say("AB1O3CD", 0.95), weight=1.0, options=OPTIONS))
    assert ballot.tally().text == "AB1O3CD", "clear looks beat the prior: it is soft"


def test_words_without_a_digit_need_more() -> None:
    assert tally([say("TAXI", 0.9)]).probability < tally([say("TAX1", 0.9)]).probability - 0.1


@settings(max_examples=60, deadline=None)
@given(readings=st.lists(READINGS, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_the_order_of_readings_does_not_matter(readings: list[Reading], seed: int) -> None:
    shuffled = random.Random(seed).sample(readings, len(readings))
    weights = [0.7] * len(readings)
    wide = {"max_candidates": 400}
    first, second = tally(readings, weights, **wide), tally(shuffled, weights, **wide)
    # Where two texts are level, either may lead.
    if len(first.alternatives) < 2 or (
        first.alternatives[0].probability - first.alternatives[1].probability > 1e-6
    ):
        assert second.text == first.text
        assert second.agreeing == first.agreeing
        assert second.probability == pytest.approx(first.probability, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(
    readings=st.lists(READINGS, min_size=1, max_size=6),
    confidence=st.floats(0.05, 0.999),
    weight=st.floats(0.01, 1.0),
)
def test_agreeing_evidence_never_lowers_the_probability(
    readings: list[Reading], confidence: float, weight: float
) -> None:
    text = tally(readings).text
    agreeing = say(text, confidence)
    before = tally([*readings, agreeing], [*[1.0] * len(readings), weight])
    after = tally([*readings, agreeing, agreeing], [*[1.0] * len(readings), weight, weight])
    assert before.text == after.text == text
    # A text that the fused positions suggest only now takes its share.
    known = {one.text for one in before.alternatives}
    if all(one.text in known for one in after.alternatives):
        assert after.probability >= before.probability - 1e-9


@settings(max_examples=60, deadline=None)
@given(readings=st.lists(READINGS, min_size=1, max_size=8))
def test_probabilities_are_probabilities(readings: list[Reading]) -> None:
    result = tally(readings)
    assert 0 < result.probability <= OPTIONS.ceiling
    assert sum(one.probability for one in result.alternatives) <= 1 + 1e-6
    assert result.alternatives[0].text == result.text
    assert len(result.char_scores) == len(result.text)
    assert all(0 <= score <= 1 for score in result.char_scores)
    assert min(result.char_scores) >= result.probability - 1e-6
    assert result.agreeing <= result.readings


def test_the_state_stays_bounded() -> None:
    rng = random.Random(1)
    ballot = Ballot(OPTIONS, TextScorer(no_prior, OPTIONS))
    for _ in range(1500):
        text = "".join(rng.choice(LETTERS) for _ in range(7))
        ballot.add(make_vote(say(text, 0.3), weight=rng.random(), options=OPTIONS))
    assert len(ballot.votes) <= OPTIONS.max_kept_readings
    assert ballot.readings == 1500
    assert len(ballot.tally().alternatives) <= OPTIONS.max_candidates


@settings(max_examples=100, deadline=None)
@given(reading=READINGS, text=st.text(LETTERS + "XYZ9", min_size=1, max_size=9))
def test_a_likelihood_ratio_is_bounded(reading: Reading, text: str) -> None:
    evidence = prepare(reading, OPTIONS)
    ratio = log_ratio(evidence, text)
    assert evidence.floor <= ratio <= 0
    assert log_ratio(evidence, reading.text) == 0


def test_a_missing_character_costs_less_where_the_picture_cuts_the_plate() -> None:
    whole, cut = (prepare(say("AB123C", edge=edge), OPTIONS) for edge in (1.0, 0.0))
    assert log_ratio(cut, "AB123CD") > log_ratio(whole, "AB123CD")
    assert log_ratio(cut, "AB1123C") == pytest.approx(log_ratio(whole, "AB1123C"))


@settings(max_examples=100, deadline=None)
@given(*[st.text(LETTERS, max_size=7)] * 3)
def test_edit_distance_and_alignment(a: str, b: str, c: str) -> None:
    distance = edit_distance(a, b)
    assert edit_distance(a, c) <= distance + edit_distance(b, c)
    assert distance == edit_distance(b, a)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    places = [place for place in align(a, b) if place is not None]
    assert len(align(a, b)) == len(a)
    assert places == sorted(set(places))
    assert all(0 <= place < len(b) for place in places)


def test_an_illegible_reading_says_little_against_other_texts() -> None:
    sure, unsure = (prepare(say("X7Y98", confidence), OPTIONS) for confidence in (0.9, 0.01))
    assert log_ratio(unsure, "AB123CD") > log_ratio(sure, "AB123CD") + 1
    assert log_ratio(unsure, "X7Y98A") > log_ratio(sure, "X7Y98A") + 1


def test_garbled_far_looks_do_not_drown_the_near_ones() -> None:
    far = [say(text, 0.02) for text in ("D40A10", "D4DA1D", "4DA19", "D40A1O", "B40A19", "740A1")]
    near = [say("B4DA19", 0.8)] * 3
    assert tally([*far, *near]).text == "B4DA19"
    assert tally([*far, *near]).probability > 0.9


def test_a_plate_seen_only_from_afar_is_held_to_its_own_largest_looks() -> None:
    def read(*sizes: float) -> Tally:
        ballot = Ballot(OPTIONS, TextScorer(no_prior, OPTIONS))
        for size in sizes:
            reading = say("AB123CD", 0.8)
            ballot.add(make_vote(reading, weight=0.5 * size, options=OPTIONS, size=size))
        return ballot.tally()

    far, near = read(0.1, 0.1), read(1.0, 1.0)
    unrelieved = tally([say("AB123CD", 0.8)] * 2, [0.05, 0.05])
    assert unrelieved.probability < far.probability < near.probability


def test_positions_are_those_of_the_leading_text() -> None:
    ballot = Ballot(OPTIONS, TextScorer(no_prior, OPTIONS))
    assert ballot.positions() is None
    for text in ("AB12", "AB12", "XY98"):
        ballot.add(make_vote(say(text), weight=1.0, options=OPTIONS))
    assert ballot.tally_of("XY98").text == "XY98"
    positions = ballot.positions()
    assert positions is not None and positions.text == "AB12"


def test_readings_of_another_track_stand_in_the_order_of_their_times() -> None:
    early, late = (Ballot(OPTIONS, TextScorer(no_prior, OPTIONS)) for _ in range(2))
    for ballot, times in ((early, (0.0, 1.0)), (late, (2.0, 3.0))):
        for time in times:
            ballot.add(make_vote(say("AB12"), weight=1.0, options=OPTIONS, time=time))
    late.absorb(early.votes)
    assert [vote.time for vote in late.votes] == [0.0, 1.0, 2.0, 3.0]


def fused(text: str, confidence: float = 0.9, looks: int = 5, edge: float = 1.0) -> Reading:
    return replace(say(text, confidence, edge=edge), looks=looks)


def ballot_of(readings: Sequence[Reading], *together: Reading) -> Ballot:
    ballot = Ballot(OPTIONS, TextScorer(no_prior, OPTIONS))
    for reading in readings:
        ballot.add(make_vote(reading, weight=1.0, options=OPTIONS))
    for reading in together:
        ballot.fuse(make_vote(reading, weight=OPTIONS.fused_weight, options=OPTIONS))
    return ballot


def test_what_the_looks_say_together_can_stand_against_each_of_them() -> None:
    looks = [say("AB128CD", 0.1), say("AB12BCO", 0.1), say("A8123CD", 0.1)]
    assert ballot_of(looks).standing().text != "AB123CD"
    standing = ballot_of(looks, fused("AB123CD", 0.9)).standing()
    assert standing.text == "AB123CD"
    assert (standing.readings, standing.agreeing) == (4, 1)
    assert standing.whole


def test_a_fused_reading_is_one_reading_and_no_look() -> None:
    doubtful = [say("AB123CD", 0.4)] * 2
    ballot = ballot_of(doubtful, fused("AB123CD"), fused("AB123CD"), fused("AB123CD"))
    assert (ballot.standing().readings, ballot.standing().agreeing) == (3, 3)
    assert len(ballot.votes) == ballot.readings == 2
    assert ballot.best_look is not None
    assert ballot.best_look.reading.looks == 1
    table = ballot.positions()
    assert table is not None
    assert table.distributions()[0][0][0] == "A"


def test_looks_are_not_independent_of_what_they_make_together() -> None:
    looks = [say("AB123CD", 0.3)] * 2
    alone = ballot_of(looks).standing().probability
    doubtful = ballot_of(looks, fused("AB123CD", 0.3)).standing().probability
    assert doubtful == pytest.approx(alone, abs=0.02)
    sure = ballot_of(looks, fused("AB123CD", 0.97)).standing().probability
    assert alone < sure <= 0.975


def test_what_looks_make_together_counts_by_its_weight() -> None:
    found = []
    for weight in (0.001, 0.1, 0.4, OPTIONS.fused_weight):
        ballot = ballot_of([say("AB123CD", 0.3)])
        ballot.fuse(make_vote(fused("AB123CD", 0.97), weight=weight, options=OPTIONS))
        found.append(ballot.standing().probability)
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.3, abs=0.02)
    assert found[-1] == pytest.approx(0.97, abs=0.01)


def test_fewer_looks_do_not_replace_what_more_of_them_said() -> None:
    ballot = ballot_of([say("XY128CD", 0.05)], fused("AB123CD", looks=12))
    ballot.fuse(make_vote(fused("AB723CD", looks=3), weight=1.0, options=OPTIONS))
    assert ballot.fused is not None
    assert ballot.fused.reading.text == "AB123CD"
    better = make_vote(fused("AB723CD", looks=3), weight=1.0, options=OPTIONS, quality=2.0)
    ballot.fuse(better)
    assert ballot.fused is better


def test_a_ballot_without_later_looks_keeps_what_earlier_ones_said_together() -> None:
    ballot = Ballot(OPTIONS, TextScorer(no_prior, OPTIONS))
    for time, reading in enumerate((say("AB123CD"), fused("AB123CD"), say("XY987ZW"))):
        vote = make_vote(reading, weight=1.0, options=OPTIONS, time=float(time))
        (ballot.fuse if reading.looks > 1 else ballot.add)(vote)
    assert ballot.without(ballot.votes[1:]).fused is ballot.fused
    assert ballot.without(ballot.votes).fused is None


def test_what_the_border_cuts_is_not_whole_because_several_looks_say_so() -> None:
    cut = say("AB12", 0.4, edge=0.0)
    assert not ballot_of([cut], fused("AB12", edge=0.0)).standing().whole
    assert ballot_of([cut], fused("AB12")).standing().whole


def test_looks_that_together_say_nothing_take_nothing_back_but_their_own() -> None:
    assert ballot_of([], fused("AB123CD"), fused("")).standing().text == ""
    ballot = ballot_of([say("AB123CD", 0.4)], fused("XY123CD"), fused(""))
    assert ballot.fused is None
    assert (ballot.standing().text, ballot.standing().readings) == ("AB123CD", 1)


@settings(max_examples=100, deadline=None)
@given(
    readings=st.lists(READINGS, max_size=5),
    earlier=st.lists(READINGS, max_size=3),
    last=READINGS,
    later=st.lists(READINGS, max_size=2),
)
def test_only_the_last_fused_reading_counts(
    readings: list[Reading], earlier: list[Reading], last: Reading, later: list[Reading]
) -> None:
    wide = VoterOptions(max_candidates=10_000)

    def standing(*together: Reading) -> tuple[str, float, int, int]:
        ballot = Ballot(wide, TextScorer(no_prior, wide))
        for reading in readings:
            ballot.add(make_vote(reading, weight=1.0, options=wide))
        for one in together:
            ballot.fuse(make_vote(replace(one, looks=3), weight=0.7, options=wide))
        for reading in later:
            ballot.add(make_vote(reading, weight=1.0, options=wide))
        listed = ballot.tally_of(last.text)
        return listed.text, round(listed.probability, 6), listed.readings, listed.agreeing

    # Texts that only an earlier one said go on competing, with what the others say of them.
    text, probability, *counts = standing(*earlier, last)
    alone = standing(last)
    assert (text, counts) == (alone[0], list(alone[2:]))
    assert probability <= alone[1] + 1e-6
