from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lpr.errors import FormatError
from lpr.formats.pattern import without_marks
from lpr.formats.registry import load_region
from lpr.formats.sampling import sample_format, sample_plate


def test_samples_fit_their_format_and_layout() -> None:
    rng = np.random.default_rng(1)
    for _ in range(400):
        plate = sample_plate(rng)
        assert plate.format.matches(plate.text)
        assert "".join(without_marks(row) for row in plate.rows) == plate.text
        assert len(plate.rows) == plate.layout.lines
        assert plate.layout in plate.format.layouts
        assert plate.colours in plate.format.colours
        assert plate.region == plate.format.region
        assert not load_region(plate.region).partial


def test_the_same_seed_gives_the_same_plates() -> None:
    one, other = (
        [sample_plate(np.random.default_rng(seed)).rows for seed in range(40)] for _ in range(2)
    )
    assert one == other
    assert len(set(one)) > 35


def test_given_regions_are_drawn_evenly() -> None:
    rng = np.random.default_rng(2)
    counts = Counter(sample_plate(rng, ("kr", "us", "va")).region for _ in range(900))
    assert set(counts) == {"kr", "us", "va"}
    assert min(counts.values()) > 230


def test_the_world_is_drawn_by_vehicles() -> None:
    rng = np.random.default_rng(3)
    counts = Counter(sample_plate(rng).region for _ in range(4000))
    assert counts["cn"] > counts["at"] > counts["va"]
    assert len(counts) > 90


def test_partial_regions_are_drawn_only_when_asked_for() -> None:
    plate = sample_plate(np.random.default_rng(4), ("jp",))
    assert plate.region == "jp"


def test_formats_are_drawn_by_weight() -> None:
    rng = np.random.default_rng(5)
    counts = Counter(sample_plate(rng, ("fr",)).format.name for _ in range(500))
    assert counts["SIV"] > 400
    assert len(counts) >= 3


def test_layouts_and_colours_vary() -> None:
    rng = np.random.default_rng(6)
    current = load_region("gb").formats[0]
    plates = [sample_format(rng, current) for _ in range(200)]
    assert {plate.layout.lines for plate in plates} == {1, 2}
    assert {plate.colours for plate in plates} == set(current.colours)


def test_wrong_regions() -> None:
    rng = np.random.default_rng(7)
    with pytest.raises(FormatError):
        sample_plate(rng, ("qq",))
    with pytest.raises(ValueError, match="regions is empty"):
        sample_plate(rng, ())


@pytest.mark.parametrize("lines", [1, 2])
def test_plates_of_so_many_rows_alone(lines: int) -> None:
    rng = np.random.default_rng(6)
    plates = [sample_plate(rng, ("cn", "kr"), lines=lines) for _ in range(200)]
    assert {len(plate.rows) for plate in plates} == {lines}
    assert {plate.layout.lines for plate in plates} == {lines}
    assert {plate.region for plate in plates} == {"cn", "kr"}


def test_rows_that_no_plate_has_are_refused() -> None:
    with pytest.raises(ValueError, match="fr has no plate of 3 rows"):
        sample_plate(np.random.default_rng(0), ("fr",), lines=3)
