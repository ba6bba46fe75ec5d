from __future__ import annotations

import math

import pytest

from lpr.errors import FormatError
from lpr.formats.folding import fold
from lpr.formats.infer import DECIDED, NO_FORMAT, infer_region, weigh_text
from lpr.formats.prior import FormatPrior
from lpr.formats.registry import load_region


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("皖A512T3", "cn"),
        ("서울74사9728", "kr"),
        ("103호5845", "kr"),
        ("KA53MA0109", "in"),
        ("TR95XMI", "ro"),
        ("EU12HHH", "gb"),
        ("A733MM77", "ru"),
        ("131D14588", "ie"),
        ("34ABC123", "tr"),
        ("LEB184196", "pk"),
        ("RÜDRS322", "de"),
        ("BBC1D23", "br"),
        ("CD9630822", "il"),
        ("UZ579ICT", "pk"),
    ],
)
def test_a_text_of_one_country(text: str, code: str) -> None:
    found, posterior = infer_region(text)
    assert found == code
    assert DECIDED <= posterior <= 1.0


@pytest.mark.parametrize(
    "text", ["ABC123", "AB123CD", "1234567", "ABC1234", "B198FLN", "B07362", "912360N"]
)
def test_a_text_of_many_countries_stays_undecided(text: str) -> None:
    found, posterior = infer_region(text)
    assert found is None
    assert 0.0 < posterior < DECIDED


@pytest.mark.parametrize("text", ["5RJG", "630B2", "AC313", "ZG774", "B8889HH"])
def test_a_short_number_is_rare_where_numbers_run_on_in_order(text: str) -> None:
    # British, American, two of Islamabad, Spanish: told as sa, ma, gh, ch and bg.
    assert infer_region(text)[0] is None


@pytest.mark.parametrize("text", ["DA12ZRF", "KT13CAX", "BG56COH"])
def test_a_british_plate_is_no_indonesian_one_of_two_digits(text: str) -> None:
    assert infer_region(text)[0] == "gb"


@pytest.mark.parametrize("text", ["ABC123", "1234AB"])
def test_british_motorcycles_bear_dateless_marks_in_two_rows(text: str) -> None:
    assert any(2 in one.lines for one in load_region("gb").matching(text))


def test_candidates_decide_what_the_world_does_not() -> None:
    assert infer_region("ABC123")[0] is None
    assert infer_region("ABC123", ("se", "nl"))[0] == "se"
    assert infer_region("B198FLN", ("ro", "de"))[0] == "ro"
    assert infer_region("AB51ABC", ("ro", "gb"))[0] is None


@pytest.mark.parametrize("text", ["", "HYBRID", "A?B", "ABCDEFGHIJKLMNOPQ", "พก34"])
def test_a_text_of_no_format(text: str) -> None:
    assert infer_region(text) == (None, 0.0)


@pytest.mark.parametrize("length", [17, 208, 1000, 100_000])
def test_a_text_of_any_length_may_be_asked_about(length: int) -> None:
    assert infer_region("A" * length) == (None, 0.0)
    assert weigh_text("A" * length).log_ratio == pytest.approx(math.log(NO_FORMAT))
    with pytest.raises(FormatError):
        infer_region("A" * length, ("xx",))


def test_personal_plates_name_no_country_even_alone() -> None:
    assert infer_region("2CUTE4", ("us",)) == (None, 0.0)
    assert infer_region("6UYD602", ("us",))[0] == "us"


def test_lines_speak_for_a_layout() -> None:
    one = infer_region("36너4994", ("kr",), 1)
    two = infer_region("서울36너4994", ("kr",), 2)
    assert one[0] == two[0] == "kr"
    candidates = ("br", "bo")
    flat = weigh_text("AB1234", ("lu", "mc"), 1).log_ratio
    stacked = weigh_text("1234AB7", ("by",), 2).log_ratio
    assert flat > weigh_text("AB1234", ("nz", "mc"), 2).log_ratio
    assert stacked <= weigh_text("1234AB7", ("by",), None).log_ratio + 1e-12
    assert infer_region("ABC1234", candidates, 2)[0] == "br"


def test_a_candidate_that_is_named_twice_counts_once() -> None:
    assert weigh_text("MAB1234", ("de", "DE", "fr", "de")) == weigh_text("MAB1234", ("de", "fr"))
    assert infer_region("MAB1234", ("de", "DE"))[0] == "de"
    assert FormatPrior(("de", "DE"))("MAB1234")[0] == "DE"


def test_an_unknown_candidate_is_refused() -> None:
    with pytest.raises(FormatError, match="no region"):
        infer_region("ABC123", ("de", "qq"))


def test_the_log_ratio_rewards_fit_and_narrowness() -> None:
    nothing = math.log(NO_FORMAT)
    assert weigh_text("A?C", ("de",)).log_ratio == pytest.approx(nothing)
    fits = weigh_text("1234BCD", ("es",)).log_ratio
    assert fits > 0
    assert weigh_text("1234BAD", ("es",)).log_ratio == pytest.approx(nothing)
    # The same text says more under the narrow Spanish format than under the wide Bolivian one.
    assert fits > weigh_text("1234BCD", ("bo",)).log_ratio


def test_posterior_probabilities_are_shared_out() -> None:
    codes = ("gb", "ro", "in")
    shares = [weigh_text("AB51ABC", (code,)).posterior for code in codes]
    assert shares[2] == 0.0
    together = weigh_text("AB51ABC", codes)
    assert together.region in ("gb", "ro")
    assert 0.5 < together.posterior < max(shares)


def test_the_prior_of_a_voter() -> None:
    prior = FormatPrior(("DE",))
    region, ratio = prior("MAB1234")
    assert region == "DE"
    assert ratio > 0
    region, ratio = prior("1234567")
    assert region is None
    assert ratio == pytest.approx(math.log(NO_FORMAT))
    assert prior.fits("MAB1234")
    assert not prior.fits("12ABC")


def test_the_prior_of_the_world_leaves_personal_plates_aside() -> None:
    prior = FormatPrior()
    assert prior.fits("ABC123")
    assert not prior.fits("HYBRID")
    assert prior("KA53MA0109")[0] == "IN"
    with pytest.raises(FormatError, match="did you mean 'gb'"):
        FormatPrior(("uk",))


def test_folding() -> None:
    assert fold("RÜDŠI") == "RUDSI"
    assert fold("А733ММ77") == "A733MM77"
    assert fold("서울皖A1") == "서울皖A1"
    assert infer_region("А733ММ77")[0] == "ru"
