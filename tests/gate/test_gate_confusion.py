from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lpr.errors import ConfigError
from lpr.formats.confusables import Confusables
from lpr.gate.confusion import (
    count_confusions,
    default_confusions,
    dump_confusions,
    load_confusions,
)
from lpr.registry import DEFAULT_RECOGNIZER, find_model

HELD_TOGETHER = 0.005


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
