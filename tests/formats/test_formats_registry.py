from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lpr.errors import FormatError
from lpr.formats import registry
from lpr.formats.registry import available_regions, load_automaton, load_region


def test_regions_are_read_once_and_case_does_not_matter() -> None:
    assert load_region("DE") is load_region("de")
    assert load_automaton(("de", "at")) is load_automaton(("de", "at"))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("uk", "gb"),
        ("usa", "us"),
        ("D", "de"),
        ("F", "fr"),
        ("I", "it"),
        ("SLO", "si"),
        ("uae", "ae"),
        ("Germany", "de"),
        ("germny", "de"),
        ("south korea", "kr"),
    ],
)
def test_an_unknown_region_brings_a_suggestion(asked: str, meant: str) -> None:
    with pytest.raises(FormatError, match=f"did you mean '{meant}'"):
        load_region(asked)


def test_a_sign_is_a_hint_and_no_region() -> None:
    with pytest.raises(FormatError, match=r"^no region 'D'; did you mean 'de', Germany\?; `lpr"):
        load_region("D")


def test_every_sign_leads_to_a_region_and_hides_none() -> None:
    tables = tomllib.loads(Path(registry.__file__).with_name("signs.toml").read_text())
    signs = {**tables["notified"], **tables["others"]}
    assert len(signs) == len(tables["notified"]) + len(tables["others"])
    assert set(signs.values()) <= set(available_regions())
    assert not {sign.lower() for sign in signs} & set(available_regions())


def test_what_a_countrys_plates_bear_is_known_as_its_sign() -> None:
    tables = tomllib.loads(Path(registry.__file__).with_name("signs.toml").read_text())
    signs = {**tables["notified"], **tables["others"]}
    bands = {
        (one.band, code)
        for code in available_regions()
        for one in load_region(code).formats
        if one.band and one.band.lower() != code
    }
    assert len(bands) > 20
    assert {band: signs.get(band) for band, _ in bands} == dict(bands)


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
