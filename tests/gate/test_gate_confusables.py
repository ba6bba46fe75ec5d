from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lpr.errors import ConfigError
from lpr.gate.confusables import Confusables, collisions
from lpr.gate.confusion import (
    count_confusions,
    default_confusables,
    default_confusions,
    dump_confusions,
    load_confusions,
)
from lpr.registry import DEFAULT_RECOGNIZER, find_model

TEXTS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=8)
HELD_TOGETHER = 0.005


def letters_digits(text: str) -> bool:
    """A format of two letters, three digits, two letters."""
    return len(text) == 7 and text[:2].isalpha() and text[2:5].isdigit() and text[5:].isalpha()


def test_folding_keeps_length_and_joins_classes() -> None:
    alike = Confusables(("0O", "8B"))
    assert alike.fold("AO8B0") == "A0880"
    assert alike.alike("O", "0")
    assert alike.alike("A", "A")
    assert not alike.alike("O", "8")
    assert sorted(alike.unfold("A8")) == ["A8", "AB"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_unfolding_gives_every_text_of_the_same_fold(text: str) -> None:
    alike = Confusables(("0OQD", "1I", "8B"))
    unfolded = list(itertools.islice(alike.unfold(text[:4]), 5000))
    assert len(unfolded) == len(set(unfolded)) == alike.count(text[:4])
    assert text[:4] in unfolded
    assert {alike.fold(one) for one in unfolded} == {alike.fold(text[:4])}


@pytest.mark.parametrize(
    ("classes", "message"),
    [(("0",), "two or more"), (("00",), "two or more"), (("0O", "OQ"), "two confusable classes")],
)
def test_wrong_classes_are_refused(classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Confusables(classes)


def test_only_plate_needs_exactly_one_possible_plate() -> None:
    alike = default_confusables()
    assert alike.only_plate("ABI23CD", letters_digits) is None, "D may be O or Q"
    assert alike.only_plate("AXI23CX", letters_digits) == "AX123CX"
    assert alike.only_plate("A8123CX", letters_digits) == "AB123CX"
    assert alike.only_plate("XXXXXXX", letters_digits) is None
    assert alike.only_plate("0" * 16, lambda text: True) is None, "too many to look at"


def test_collisions_are_groups_of_different_plates() -> None:
    alike = default_confusables()
    plates = ["AB0123", "ABO123", "ABQ123", "CD777", "CD777", "X8", "XB"]
    assert collisions(plates, alike) == (("AB0123", "ABO123", "ABQ123"), ("X8", "XB"))
    assert collisions([], alike) == ()


def test_shipped_classes_are_held_together_by_shipped_rates() -> None:
    matrix = default_confusions()
    for group in matrix.classes.classes:
        reached = {group[0]}
        for _ in group:
            reached |= {
                char
                for char in group
                for other in reached
                if max(matrix.rate(char, other), matrix.rate(other, char)) >= HELD_TOGETHER
            }
        assert reached == set(group), group
    assert matrix.looks >= 10_000


def test_shipped_rates_are_those_of_the_reader_that_ships() -> None:
    manifest = find_model(DEFAULT_RECOGNIZER).manifest
    assert default_confusions().source.startswith(f"{manifest.name} {manifest.version} ")


def test_counting_from_pairs_gives_the_shares() -> None:
    pairs = [("AB0", "ABO"), ("AB0", "AB0"), ("AB0", "AB"), ("B8", "88")]
    matrix = count_confusions(pairs, source="a test", classes=Confusables(("0O",)))
    assert matrix.looks == 8
    assert matrix.rate("0", "O") == pytest.approx(0.5)
    assert matrix.rate("0", "0") == pytest.approx(0.5)
    assert matrix.rate("B", "8") == pytest.approx(1 / 3)
    assert matrix.rate("A", "A") == 1.0
    assert matrix.probability("A0", "AO") == pytest.approx(0.5)
    assert matrix.probability("A0", "A") == 0.0


def test_a_counted_matrix_is_written_and_read_back(tmp_path: Path) -> None:
    pairs = [("A0京", "AO京"), ("A0", "A0"), ("B8", "88"), ('"', "1")]
    matrix = count_confusions(pairs, source='my "reader"', classes=Confusables(("0O",)))
    file = tmp_path / "confusions.toml"
    file.write_text(dump_confusions(matrix), encoding="utf-8")
    assert load_confusions(file) == matrix
    file.write_text(dump_confusions(matrix, least=0.9), encoding="utf-8")
    assert load_confusions(file).rates == {"B": {"8": 1.0}, '"': {"1": 1.0}}


def test_misreadings_follow_the_rates() -> None:
    matrix = count_confusions([("0", "O"), ("0", "0")] * 5, source="", classes=Confusables(()))
    rng = np.random.default_rng(1)
    texts = [matrix.misread("A0", rng) for _ in range(4000)]
    assert set(texts) == {"A0", "AO"}
    assert texts.count("AO") / 4000 == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source = 1", "no confusion file"),
        ("x = [", "no confusion file"),
        ('source=""\nlooks=1\nclasses=["0"]\n[rates]', "two or more"),
        ('source=""\nlooks=1\nclasses=[]\n[rates.AB]\nC=0.1', "single characters"),
        ('source=""\nlooks=1\nclasses=[]\n[rates.A]\nB=0.7\nC=0.7', "more than 1"),
        ('source=""\nlooks=1\nclasses=[]\n[rates.A]\nB=-0.7', "single characters"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "confusions.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_confusions(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_confusions(tmp_path / "none.toml")
