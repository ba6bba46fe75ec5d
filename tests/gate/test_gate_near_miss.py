from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.formats.confusables import Confusables
from lpr.gate.near_miss import NearMissIndex, edit_distance

ALIKE = Confusables(("0O", "8B"))
TEXTS = st.text("ABO08", min_size=1, max_size=5)


def test_distances() -> None:
    assert edit_distance("AB123", "AB123", ALIKE) == 0
    assert edit_distance("AB123", "AX123", ALIKE) == 1
    assert edit_distance("AO1", "A01", ALIKE) == 0.25
    assert edit_distance("AB123", "B123", ALIKE) == 1
    assert edit_distance("", "AB", ALIKE) == 2


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS, TEXTS)
def test_it_is_a_distance(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b, ALIKE) == edit_distance(b, a, ALIKE)
    assert (edit_distance(a, b, ALIKE) == 0) == (a == b)
    assert edit_distance(a, c, ALIKE) <= edit_distance(a, b, ALIKE) + edit_distance(b, c, ALIKE)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, max_size=12), TEXTS)
def test_the_index_finds_what_a_full_search_finds(plates: list[str], text: str) -> None:
    found = {miss.plate for miss in NearMissIndex(plates, ALIKE).near(text)}
    folded = ALIKE.fold(text)
    wanted = {
        plate
        for plate in plates
        if plate != text and edit_distance(folded, ALIKE.fold(plate), ALIKE) <= 1
    }
    assert found == wanted


def test_the_nearest_comes_first() -> None:
    index = NearMissIndex(["AX1", "A01"], ALIKE)
    assert [miss.plate for miss in index.near("AO1")] == ["A01", "AX1"]


def test_a_plate_without_its_dots_is_no_near_miss_of_itself() -> None:
    index = NearMissIndex(["FÜ123", "FÜ124"], ALIKE)
    assert [miss.plate for miss in index.near("FU123")] == ["FÜ124"]
    assert index.near("FU123")[0].distance == 1
    assert {miss.plate for miss in index.near("FÖ123")} == {"FÜ123"}
