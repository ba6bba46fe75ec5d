"""A plate's design: proportions, colours, fonts and ornaments, drawn from its format's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from lpr.formats.colours import PALETTE, Rgb
from lpr.formats.sampling import SampledPlate
from lpr.synth.layout import Spacing
from lpr.synth.words import BOTTOM_WORDS, DEALERS, EMIRATES, TOP_WORDS

_ARABIC_REGIONS: Final = frozenset(("ae", "sa", "qa", "kw", "bh", "om", "jo", "eg", "iq", "lb"))
_REGION_BOXES: Final[Mapping[str, str]] = {"ru": "last", "kz": "last", "uz": "first"}
_WITH_UMLAUTS: Final = 0.3
"""Share of the plates of no country: German ones alone would hardly ever show them."""
UMLAUTS: Final[Mapping[str, str]] = {"A": "Ä", "O": "Ö", "U": "Ü"}
_TOP_SHARE: Final[Mapping[str, float]] = {
    "us": 0.92, "ca": 0.92, "mx": 0.8, "ar": 0.7, "br": 0.8, "pk": 0.35, "ph": 0.5,
    "cl": 0.0, "pe": 0.8, "uy": 0.7, "py": 0.7, "cu": 0.6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlateStyle:
    """How one plate looks; lengths are shares of the plate's height unless said otherwise.

    Attributes:
        aspect: width over height.
        foreground: colour of the characters, red, green, blue.
        background: colour of the plate.
        font: font hint, a key of `lpr.synth.fonts.PLATE_FONTS`.
        spacing: how rows are set.
        first_spacing: how the top row is set where it differs, None for as the others.
        margin_x: room left and right of the text.
        top: room above the text.
        bottom: room below the text.
        first_row: share of the text's height that the first of two rows takes.
        first_width: share of the text's width that the first of two rows may take.
        leading: share of the text's height between two rows.
        band: letters of the coloured band at the left; "" is a band without letters, None no band.
        band_colour: colour of the band.
        right_band: colour of a band at the right, None for none.
        top_words: words above the text that are not part of it.
        bottom_words: words below the text that are not part of it.
        top_strip: colour of a strip along the top, None for none.
        arabic: where Arabic digits and letters repeat the text: "above", "beside", "" for nowhere.
        emirate: name that stands, small and in two scripts, in place of an emblem; None for none.
        border: whether a line runs along the rim.
        emboss: strength of the characters' relief, 0 to 1.
        picture: whether a graphic lies behind the text.
        stacked: whether a region name stands upright at the left (Korea).
        region_box: `first` or `last`: that word of a row of one is the region's code, smaller, in a
            box of its own; None for no box.
        letters: height of letters against digits.
        small_year: whether two digits behind a hyphen, last or before a space, are small.
        frame: words on a dealer's frame that covers the rim, None for no frame.
        stickers: number of stickers.
        bolts: number of bolts, 0 to 4.
    """

    aspect: float
    foreground: Rgb
    background: Rgb
    font: str = "generic"
    spacing: Spacing = field(default_factory=Spacing)
    first_spacing: Spacing | None = None
    margin_x: float = 0.08
    top: float = 0.14
    bottom: float = 0.14
    first_row: float = 0.5
    first_width: float = 1.0
    leading: float = 0.1
    band: str | None = None
    band_colour: Rgb = (20, 60, 160)
    right_band: Rgb | None = None
    top_words: str = ""
    bottom_words: str = ""
    top_strip: Rgb | None = None
    arabic: str = ""
    border: bool = True
    emboss: float = 0.3
    emirate: str | None = None
    picture: bool = False
    stacked: bool = False
    region_box: str | None = None
    letters: float = 1.0
    small_year: bool = False
    frame: str | None = None
    stickers: int = 0
    bolts: int = 0

    def of_row(self, number: int) -> PlateStyle:
        """The style of a row, the top one being 0."""
        if number or self.first_spacing is None:
            return self
        return replace(self, spacing=self.first_spacing)

    def unstacked(self) -> PlateStyle:
        """The same style with the region name in the row."""
        return replace(self, stacked=False)

    def unboxed(self) -> PlateStyle:
        """The same style without a box for the region's code."""
        return replace(self, region_box=None)

    def without_year(self) -> PlateStyle:
        """The same style with every character of full size."""
        return replace(self, small_year=False)


def design_of(plate: SampledPlate, rng: np.random.Generator) -> PlateStyle:
    """Draw a design for a plate of a national format."""
    width, height = plate.layout.size
    region = plate.region
    style = plain_style(
        width / height, plate.colours.foreground, plate.colours.background, len(plate.rows), rng
    )
    two = len(plate.rows) == 2
    top, bottom = _words(region, rng)
    emirate = None
    if region == "ae" and "*" in "".join(plate.rows) and rng.random() < 0.8:
        emirate = EMIRATES[int(rng.integers(len(EMIRATES)))]
        wide = float(rng.uniform(1.2, 2.0))
        style = replace(style, spacing=replace(style.spacing, emblem=wide))
    arabic = ""
    if region in _ARABIC_REGIONS and emirate is None and rng.random() < 0.8:
        arabic = "above" if not two and rng.random() < 0.5 else "beside"
        # Where Arabic leaves them room, the characters are wide and stand apart.
        spread, widest = float(rng.uniform(0.4, 0.95)), float(rng.uniform(1.0, 1.7))
        style = replace(style, spacing=replace(style.spacing, spread=spread, widest=widest))
    first_spacing = None
    if region == "cn" and two:
        # GA 36: the top row's characters are 80 mm wide and 60 mm high, and stand apart.
        first_spacing = replace(
            style.spacing,
            least_ink=float(rng.uniform(0.8, 1.4)),
            spread=float(rng.uniform(0.5, 1.0)),
        )
    return replace(
        style,
        first_spacing=first_spacing,
        emirate=emirate,
        font=plate.format.font if rng.random() < 0.8 else "generic",
        band=plate.format.band,
        right_band=_right_band(plate, style, rng),
        band_colour=PALETTE["green"] if region == "pk" else style.band_colour,
        top_words=top,
        bottom_words=bottom,
        top=_room(top, rng),
        bottom=_room(bottom, rng),
        top_strip=_strip(region, rng),
        arabic=arabic,
        picture=region in ("us", "ca", "mx", "ph", "au") and rng.random() < 0.45,
        stacked=region == "kr"
        and not two
        and "\uac00" <= plate.rows[0][0] <= "\ud7a3"
        and rng.random() < 0.5,
        region_box=None if two else _REGION_BOXES.get(region),
        letters=float(rng.uniform(0.72, 0.84)) if region == "ru" else 1.0,
        small_year=region == "pk" and rng.random() < 0.7,
        first_row=_first_row(region, rng) if two else 0.5,
        first_width=float(rng.uniform(0.55, 0.85)) if two and region in ("kr", "cn") else 1.0,
    )


def _right_band(plate: SampledPlate, style: PlateStyle, rng: np.random.Generator) -> Rgb | None:
    """The colour of the band at the right, for the department or the date."""
    if plate.region == "pt":
        # Yellow, with the date of registration; none since 2020.
        dated = plate.format.name.startswith(("1992", "2005"))
        return _vary((235, 200, 40), rng) if dated else None
    return style.band_colour if plate.region in ("fr", "it", "al") and rng.random() < 0.7 else None


def random_design(rng: np.random.Generator) -> tuple[tuple[str, ...], PlateStyle]:
    """Draw a plate of no country: rows of any letters and digits, and a design for them."""
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    count = int(rng.integers(3, 11))
    pool = (letters + digits * 2, digits, letters)[int(rng.choice(3, p=(0.8, 0.1, 0.1)))]
    chars = "".join(pool[int(i)] for i in rng.integers(0, len(pool), count))
    if rng.random() < _WITH_UMLAUTS:
        chars = "".join(UMLAUTS.get(one, one) if rng.random() < 0.6 else one for one in chars)
    two = count >= 4 and rng.random() < 0.4
    if two:
        cut = int(rng.integers(2, count - 1))
        rows: tuple[str, ...] = (_separate(chars[:cut], rng), _separate(chars[cut:], rng))
    else:
        rows = (_separate(chars, rng),)
    names = list(PALETTE)
    dark = [name for name in names if sum(PALETTE[name]) < 330]
    light = [name for name in names if sum(PALETTE[name]) > 430]
    ink, ground = str(rng.choice(dark)), str(rng.choice(light))
    if rng.random() < 0.35:
        ink, ground = ground, ink
    aspect = float(rng.uniform(1.1, 2.4) if two else rng.uniform(2.0, 5.0))
    style = plain_style(aspect, PALETTE[ink], PALETTE[ground], len(rows), rng)
    region = str(rng.choice(list(TOP_WORDS)))
    top, bottom = _words(region, rng) if rng.random() < 0.4 else ("", "")
    return rows, replace(
        style,
        font=str(rng.choice(["generic", "din", "fe", "us", "uk", "cn"])),
        band="" if rng.random() < 0.2 else None,
        top_words=top,
        bottom_words=bottom,
        top=_room(top, rng),
        bottom=_room(bottom, rng),
        picture=rng.random() < 0.15,
        first_row=float(rng.uniform(0.36, 0.58)) if two else 0.5,
    )


def plain_style(
    aspect: float, ink: Rgb, ground: Rgb, rows: int, rng: np.random.Generator
) -> PlateStyle:
    """Draw what plates of every country vary in, around a shape and two colours."""
    tight = rng.random() < 0.25
    spacing = Spacing(
        gap=float(rng.uniform(0.04, 0.1) if tight else rng.uniform(0.08, 0.24)),
        word=float(rng.uniform(0.15, 0.7)),
        mark=float(rng.uniform(0.2, 0.5)),
        emblem=float(rng.uniform(0.35, 0.8)),
        cell=float(rng.uniform(0.45, 0.6)) if rng.random() < 0.45 else 0.0,
        narrowest=float(rng.uniform(0.5, 0.9)),
        widest=float(rng.choice([1.0, 1.0, 1.15, 1.35])),
    )
    return PlateStyle(
        aspect=aspect * float(rng.uniform(0.92, 1.08)),
        foreground=_vary(ink, rng),
        background=_vary(ground, rng),
        spacing=spacing,
        margin_x=float(rng.uniform(0.07, 0.2 if rows == 1 else 0.13)),
        leading=float(rng.uniform(0.05, 0.16)),
        border=rng.random() < 0.6,
        emboss=float(rng.uniform(0, 0.8)) if rng.random() < 0.6 else 0.0,
        frame=str(rng.choice(DEALERS)) if rng.random() < 0.18 else None,
        stickers=int(rng.integers(0, 3)) if rng.random() < 0.25 else 0,
        bolts=int(rng.choice([0, 2, 2, 4])) if rng.random() < 0.5 else 0,
        band_colour=_vary((20, 60, 160), rng),
    )


def _words(region: str, rng: np.random.Generator) -> tuple[str, str]:
    tops, bottoms = TOP_WORDS.get(region, ()), BOTTOM_WORDS.get(region, ())
    top = str(rng.choice(tops)) if tops and rng.random() < _TOP_SHARE.get(region, 0.5) else ""
    bottom = str(rng.choice(bottoms)) if bottoms and rng.random() < 0.7 else ""
    return top, bottom


def _room(words: str, rng: np.random.Generator) -> float:
    return float(rng.uniform(0.2, 0.3) if words else rng.uniform(0.07, 0.18))


def _strip(region: str, rng: np.random.Generator) -> Rgb | None:
    if region in ("br", "ar", "uy", "py") and rng.random() < 0.5:
        return _vary((20, 60, 160), rng)
    return None


def _first_row(region: str, rng: np.random.Generator) -> float:
    if region in ("kr", "cn", "jp"):
        return float(rng.uniform(0.3, 0.42))
    return float(rng.uniform(0.42, 0.54))


def _vary(colour: Rgb, rng: np.random.Generator) -> Rgb:
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, 9, 3), 0, 255)
    return int(red), int(green), int(blue)


def _separate(chars: str, rng: np.random.Generator) -> str:
    """Put up to two separators between the characters of a row."""
    for _ in range(int(rng.choice(3, p=(0.4, 0.42, 0.18)))):
        if len(chars) < 3:
            return chars
        cut = int(rng.integers(1, len(chars)))
        chars = chars[:cut] + str(rng.choice(list("  -.·*"))) + chars[cut:]
    return chars
