"""Plates in scripts that the reader does not know.

Detector and corner refiner are to find them all the same; the reader learns to say nothing to those
of which it knows no character. Only their look counts: rows, proportions, colours, bands and
typefaces are a country's, the characters are drawn at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lpr.errors import ConfigError
from lpr.formats.colours import PALETTE, Rgb
from lpr.synth.face import script_of
from lpr.synth.fonts import FontBook
from lpr.synth.plate import RenderedPlate, draw_plate
from lpr.synth.style import plain_style
from lpr.synth.words import ARABIC_DIGITS, ARABIC_LETTERS

_LETTERS: Final[Mapping[str, str]] = {
    "arabic": ARABIC_LETTERS,
    "persian": "بجدسصطقلمنوهی",
    "thai": "กขคฆงจฉชฌญฎฐฒณตถทธนบปผพภมยรลวศษสหอฮ",
    "devanagari": "कखगघचजझटडतदनपबभमयरलवसह",
    "bengali": "কখগঘচছজঝটঠডঢতথদধনপবভমযরলশসহ",
    "myanmar": "ကခဂငစဆဇညတထဒဓနပဖဗဘမယရလဝသဟအ",
    "khmer": "កខគឃងចឆជឈញដឋឌណតថទធនបផពភមយរលវសហឡអ",
    "lao": "ກຂຄງຈສຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອຮ",
    "ethiopic": "ሀለሐመሠረሰቀበተነአከወዘየደገጠፈ",
    "kana": "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわを",
    "han": "東京横浜大阪名古屋神戸品川足立練馬多摩千葉福岡札幌広島仙台川口熊本富士山",
    "cyrillic": "БГДЖЗИЙЛПУФЦЧШЩЫЭЮЯАВЕКМНОРСТХ",
}
_DIGITS: Final[Mapping[str, str]] = {
    "arabic": ARABIC_DIGITS,
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "myanmar": "၀၁၂၃၄၅၆၇၈၉",
}


@dataclass(frozen=True, slots=True)
class ScriptDesign:
    """One country's kind of plate.

    Attributes:
        script: a key of the letters; its digits are Western ones where it has none of its own.
        rows: one or two rows: `L` a letter and `D` a digit of the script, `9` a Western digit, `A`
            a Latin letter, `H` a Chinese character; other characters stand for themselves.
        aspects: least and greatest width over height.
        colours: ink and ground, names of the palette.
        top: words above the text, in the same signs; "" for none.
        bottom: words below it.
        strips: colours of a strip behind the words above, names of the palette.
        first_row: share of the text's height that the first of two rows takes.
        band: letters of a blue band at the left, None for no band.
        weight: how often, against the others.
    """

    script: str
    rows: tuple[str, ...]
    aspects: tuple[float, float]
    colours: tuple[tuple[str, str], ...] = (("black", "white"),)
    top: str = ""
    bottom: str = ""
    strips: tuple[str, ...] = ()
    first_row: float = 0.5
    band: str | None = None
    weight: float = 1.0

    @property
    def kinds(self) -> set[str]:
        """The kinds of face, besides Latin ones, that it takes."""
        pools = _pools(self.script)
        signs = "".join((*self.rows, self.top, self.bottom))
        scripts = {script_of(pools.get(sign, sign)[0]) for sign in signs}
        return {kind for kind in scripts if kind is not None}

    @property
    def partly_known(self) -> bool:
        """Whether the reader knows some of the characters."""
        return self.script not in _DIGITS


_EGYPT_STRIPS: Final = ("blue", "blue", "blue", "red", "orange", "yellow", "green")
_MOST_COLOURS: Final = (
    ("black", "white"),
    ("black", "yellow"),
    ("white", "red"),
    ("white", "blue"),
)

DESIGNS: Final = (
    # Egypt: the country's name on a strip in the colour of the use, motorcycles in two rows.
    ScriptDesign(
        "arabic", ("LLL", "DDDD"), (0.9, 1.4), top="EGYPT LLL", strips=_EGYPT_STRIPS, weight=2
    ),
    ScriptDesign(
        "arabic", ("DDDD LLL",), (1.9, 2.4), top="EGYPT LLL", strips=_EGYPT_STRIPS, weight=2
    ),
    # Iraq, Syria, Libya, Algeria, Sudan, the Gulf: Arabic alone.
    ScriptDesign("arabic", ("DDDDD L",), (1.9, 4.7), _MOST_COLOURS, top="LLLL"),
    ScriptDesign("arabic", ("DDDDDD",), (1.9, 4.7), _MOST_COLOURS),
    ScriptDesign("arabic", ("LLLL", "DDDDD"), (1.2, 2.2), _MOST_COLOURS),
    # Iran.
    ScriptDesign("persian", ("DDLDDD DD",), (4.2, 4.9), _MOST_COLOURS[:3], band="IR", weight=2),
    ScriptDesign("persian", ("DDD", "DDDDD"), (1.2, 1.5)),
    # Thailand: the province below, the use tells the colour.
    ScriptDesign("thai", ("9LL 9999",), (2.0, 2.5), bottom="LLLLLLLL", weight=2),
    ScriptDesign(
        "thai",
        ("LL 9999",),
        (2.0, 2.5),
        (("black", "white"), ("green", "white"), ("blue", "white"), ("black", "yellow")),
        bottom="LLLLLL",
        weight=2,
    ),
    ScriptDesign("thai", ("9LL", "9999"), (1.1, 1.4), top="LLLLLLL"),
    # Nepal, Bangladesh.
    ScriptDesign(
        "devanagari",
        ("LDL", "DDDD"),
        (1.2, 2.0),
        (("white", "red"), ("white", "black"), ("red", "white"), ("white", "green")),
    ),
    ScriptDesign("devanagari", ("LDL DDDD",), (3.0, 4.7), (("white", "red"), ("white", "black"))),
    ScriptDesign("bengali", ("LLLL LLL-L", "DD-DDDD"), (1.5, 2.2), weight=1.5),
    ScriptDesign(
        "bengali", ("LLL-LLL", "L-DD-DDDD"), (1.2, 1.6), (("black", "white"), ("white", "green"))
    ),
    # Myanmar, Cambodia, Laos.
    ScriptDesign("myanmar", ("DL-DDDD",), (1.9, 2.6), (("white", "black"), ("white", "red"))),
    ScriptDesign("khmer", ("9A-9999",), (1.9, 2.6), (("blue", "white"),), top="LLLLLL"),
    ScriptDesign("lao", ("LL 9999",), (1.9, 2.6), _MOST_COLOURS, top="LLLLLL"),
    # Ethiopia.
    ScriptDesign(
        "ethiopic", ("9 99999",), (2.0, 4.5), (("blue", "white"), ("red", "white")), top="LL"
    ),
    # Japan: the office and the class above, kana and number below.
    ScriptDesign(
        "kana",
        ("HH 999", "L 99-99"),
        (1.9, 2.1),
        (("green", "white"), ("black", "yellow"), ("white", "green")),
        first_row=0.34,
        weight=2,
    ),
    # Mongolia, Kyrgyzstan, Tajikistan and others with the whole Cyrillic alphabet.
    ScriptDesign("cyrillic", ("9999 LLL",), (2.0, 4.7)),
    ScriptDesign("cyrillic", ("9999", "LLL"), (1.2, 2.0), (("black", "white"), ("white", "red"))),
)
"""Designs of plates in other scripts, after the countries' own pages at Wikipedia ("Vehicle
registration plates of ...") and pictures of the shared data folder."""


def drawable_designs(fonts: FontBook, *, wholly: bool = False) -> tuple[ScriptDesign, ...]:
    """The designs for whose script there is a typeface.

    Args:
        fonts: the typefaces.
        wholly: leave out designs with characters that the reader does know.
    """
    kinds = set(fonts.kinds())
    return tuple(one for one in DESIGNS if one.kinds <= kinds and not (wholly and one.partly_known))


def render_script_plate(
    rng: np.random.Generator, fonts: FontBook, *, height: int = 96, wholly: bool = False
) -> RenderedPlate:
    """Draw a plate whose script the reader does not know.

    Args:
        rng: source of randomness; the same state gives the same plate.
        fonts: the typefaces.
        height: height of the picture, pixels, at least 24.
        wholly: leave out plates with characters that the reader does know.

    Returns:
        The plate; its text is empty and its region None.

    Raises:
        ConfigError: no typeface of any of the scripts was found.
    """
    designs = drawable_designs(fonts, wholly=wholly)
    if not designs:
        raise ConfigError(
            "no font of a script other than Latin found; install fonts-dejavu-core or the packages "
            "that docs/training.md names, or set LPR_FONTS"
        )
    shares = np.array([one.weight for one in designs])
    design = designs[int(rng.choice(len(designs), p=shares / shares.sum()))]
    rows = tuple(_filled(row, design.script, rng) for row in design.rows)
    ink, ground = design.colours[int(rng.integers(len(design.colours)))]
    style = plain_style(
        float(rng.uniform(*design.aspects)), PALETTE[ink], PALETTE[ground], len(rows), rng
    )
    top = _filled(design.top, design.script, rng)
    bottom = _filled(design.bottom, design.script, rng)
    strip: Rgb | None = None
    if design.strips:
        strip = PALETTE[design.strips[int(rng.integers(len(design.strips)))]]
    style = replace(
        style,
        top_words=top,
        bottom_words=bottom,
        top=float(rng.uniform(0.22, 0.34)) if top else style.top,
        bottom=float(rng.uniform(0.2, 0.3)) if bottom else style.bottom,
        top_strip=strip,
        first_row=design.first_row * float(rng.uniform(0.92, 1.08)),
        band=design.band,
    )
    return RenderedPlate(draw_plate(rows, style, rng, fonts, height), "", len(rows), None)


def _filled(pattern: str, script: str, rng: np.random.Generator) -> str:
    """Characters for the signs of a pattern, see `ScriptDesign.rows`."""
    pools = _pools(script)
    return "".join(
        pools[sign][int(rng.integers(len(pools[sign])))] if sign in pools else sign
        for sign in pattern
    )


def _pools(script: str) -> dict[str, str]:
    """The characters that each sign of a pattern stands for."""
    western = "0123456789"
    return {
        "L": _LETTERS[script],
        "D": _DIGITS.get(script, western),
        "9": western,
        "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "H": _LETTERS["han"],
    }
