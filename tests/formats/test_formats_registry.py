from __future__ import annotations

import pytest

from lpr.errors import FormatError
from lpr.formats.registry import available_regions, load_automaton, load_region


def test_regions_are_read_once_and_case_does_not_matter() -> None:
    assert load_region("DE") is load_region("de")
    assert load_automaton(("de", "at")) is load_automaton(("de", "at"))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("uk", "gb"), ("usa", "us"), ("Germany", "de"), ("germny", "de"), ("south korea", "kr")],
)
def test_an_unknown_region_brings_a_suggestion(asked: str, meant: str) -> None:
    with pytest.raises(FormatError, match=f"did you mean '{meant}'"):
        load_region(asked)


def test_an_unknown_region_without_any_likeness_tells_where_to_look() -> None:
    with pytest.raises(FormatError, match=r"no region 'qqqqqqqq'; `lpr formats` lists all \d+$"):
        load_region("qqqqqqqq")
    with pytest.raises(FormatError, match="no region"):
        load_automaton(("de", "qqqqqqqq"))


def test_a_path_is_no_region() -> None:
    for asked in ("../regions/de", "de.toml", ""):
        with pytest.raises(FormatError):
            load_region(asked)


def test_the_codes_are_sorted_and_many() -> None:
    codes = available_regions()
    assert list(codes) == sorted(codes)
    assert len(codes) >= 60
