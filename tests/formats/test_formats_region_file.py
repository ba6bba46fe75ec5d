from __future__ import annotations

import pytest

from lpr.errors import FormatError
from lpr.formats.region_file import parse_region

GOOD = """
code = "zz"
name = "Nowhere"
vehicles = 1
source = "Road code of Nowhere"
confidence = "sure"
notes = "Made up."
font = "fe"
band = "ZZ"
two_row_size = [280, 200]

[classes]
S = "A-C"

[lists]
town = "A AB 01-03"

[[format]]
name = "standard"
pattern = "<town>*SS-DDD"
also = ["<town>*/SS-DDD"]
colours = ["black on white", "white on #102030"]
weight = 3
examples = ["ABAC123"]
rejects = ["ABAD123"]

[[format]]
name = "motorcycle"
pattern = "SSS/DD"
band = ""
font = "din"
confidence = "rough"
examples = ["ABC12"]
"""


def test_a_whole_file() -> None:
    region = parse_region(GOOD, "zz.toml")
    assert (region.code, region.name, region.vehicles) == ("zz", "Nowhere", 1.0)
    assert (region.confidence, region.partial, region.notes) == ("sure", False, "Made up.")
    standard, motorcycle = region.formats
    assert [layout.lines for layout in standard.layouts] == [1, 2]
    assert [layout.size for layout in standard.layouts] == [(520.0, 110.0), (280.0, 200.0)]
    assert standard.lines == (1, 2)
    assert standard.colours[1].foreground == (244, 244, 242)
    assert standard.colours[1].background == (0x10, 0x20, 0x30)
    assert (standard.font, standard.band, standard.weight) == ("fe", "ZZ", 3.0)
    assert standard.confidence == "sure"
    assert (motorcycle.font, motorcycle.band, motorcycle.weight) == ("din", None, 1.0)
    assert motorcycle.lines == (2,)
    assert motorcycle.confidence == "rough"


def test_matching_names_the_formats() -> None:
    region = parse_region(GOOD, "zz.toml")
    assert [one.name for one in region.matching("ABAC123")] == ["standard"]
    assert [one.name for one in region.matching("ABC12")] == ["motorcycle"]
    assert region.matches("02CC999")
    assert not region.matches("04CC999")
    assert region.formats[0].matches("ABAC123")
    assert not region.formats[0].matches("ABAD123")
    assert len(region.formats[1].variants) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('code = "zz"', "", "zz.toml: code is missing"),
        ("vehicles = 1", "", "vehicles is missing"),
        ('code = "zz"', "code = 5", "code has the wrong type"),
        ('font = "fe"', 'fonts = "fe"', r"unknown key 'fonts'; did you mean 'font'\?"),
        ('font = "fe"', 'font = "arial"', "font is 'arial'; known: din"),
        ('confidence = "sure"', 'confidence = "very"', "confidence is 'very'"),
        ("weight = 3", "wieght = 3", r"unknown key 'wieght'; did you mean 'weight'\?"),
        ("weight = 3", "weight = 0", "must be above 0"),
        ("weight = 3", 'weight = "3"', "weight has the wrong type"),
        ('"black on white"', '"black/white"', "write 'black/white' like"),
        ('"black on white"', '"blak on white"', r"unknown colour 'blak'; did you mean 'black'\?"),
        ('"black on white", "white on #102030"', "", "colours is empty"),
        ('"black on white"', "3", "colours must be text, not int"),
        ("[280, 200]", "[280]", "a size is width and height"),
        ("[280, 200]", "[280, -1]", "a size is width and height"),
        ("<town>*/SS-DDD", "<town>*/SS-DD", "differs in more than display marks"),
        ('"<town>*SS-DDD"', '"<city>*SS-DDD"', "no list 'city'"),
        ('"<town>*SS-DDD"', '""', "pattern is missing"),
        ("SSS/DD", "RRR/DD", "no class 'R'"),
        ('S = "A-C"', 'SS = "A-C"', "a class is named by one letter"),
        ('S = "A-C"', "S = 3", "classes.S must be text"),
        ('town = "A AB 01-03"', "town = 3", "lists.town must be text"),
        ('examples = ["ABAC123"]', "examples = []", "examples is missing"),
        ('examples = ["ABAC123"]', "examples = [3]", "examples must be text"),
        ('name = "motorcycle"', 'name = "standard"', "two formats bear the same name"),
        ("[[format]]", "[[format]", "not TOML"),
        ("[[format]]\n", "format = [1]\n#", "zz.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_named(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(FormatError, match=problem):
        parse_region(GOOD.replace(old, new), "zz.toml")


def test_no_format_at_all() -> None:
    head = GOOD[: GOOD.index("[classes]")]
    with pytest.raises(FormatError, match="format is missing"):
        parse_region(head, "zz.toml")
    with pytest.raises(FormatError, match="is no table"):
        parse_region(head + "format = [1]\n", "zz.toml")
