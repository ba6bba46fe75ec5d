"""A country's plate formats as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lpr.formats.automaton import Automaton
from lpr.formats.colours import PlateColours
from lpr.formats.folding import fold
from lpr.formats.pattern import Pattern
from lpr.formats.syntax import Variant

if TYPE_CHECKING:
    import numpy as np

FONTS: Final = ("din", "fe", "uk", "us", "fr", "nl", "cn", "kr", "generic")
CONFIDENCES: Final = ("sure", "likely", "rough")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One way in which a format's text stands on the plate.

    Attributes:
        pattern: The text with separators, emblems and row breaks.
        lines: Rows of text, 1 or 2.
        size: Width and height of the plate in mm.
    """

    pattern: Pattern
    lines: int
    size: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class PlateFormat:
    """One series of plates.

    Attributes:
        region: Region code, ISO 3166-1 alpha-2 in lower case.
        name: Short name, unique in the region.
        layouts: Ways to show the text; the first is the usual one. All have the same texts.
        colours: Colours in use, the usual ones first.
        font: Font hint for rendering, one of `FONTS`.
        band: Letters of the band at the left (`D`, `IND`), None where there is none.
        weight: Share of the format among the region's plates on the road, rough, above 0.
        catch_all: Whether the format fits nearly anything (personal plates).
        examples: Texts that match.
        rejects: Texts that do not match this format.
        confidence: How sure its author is: one of `CONFIDENCES`.
    """

    region: str
    name: str
    layouts: tuple[Layout, ...]
    colours: tuple[PlateColours, ...]
    font: str
    band: str | None
    weight: float
    catch_all: bool
    examples: tuple[str, ...]
    rejects: tuple[str, ...]
    confidence: str

    @property
    def pattern(self) -> Pattern:
        """The pattern of the usual layout."""
        return self.layouts[0].pattern

    @property
    def lines(self) -> tuple[int, ...]:
        """Possible numbers of rows, ascending."""
        return tuple(sorted({layout.lines for layout in self.layouts}))

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Fixed-length alternatives, each a tuple of character sets."""
        return self.pattern.variants

    def matches(self, text: str) -> bool:
        """Whether a text (upper case, no separators, top row first) is of this format."""
        return bool(_automaton_of(self).matching(fold(text)))

    def sample(self, rng: np.random.Generator) -> str:
        """A random text of this format."""
        return self.pattern.sample(rng)


@cache
def _automaton_of(plate_format: PlateFormat) -> Automaton:
    return Automaton((plate_format.pattern,))


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A country and its plate formats.

    Attributes:
        code: ISO 3166-1 alpha-2 in lower case.
        name: English name.
        vehicles: Registered vehicles in millions, an order of magnitude (see `docs/formats.md`).
        formats: Its formats, the most frequent first by convention.
        source: The law or the encyclopaedia article that the file rests on.
        confidence: How sure the file's author is: one of `CONFIDENCES`.
        notes: What the file leaves out, and other remarks.
        partial: Whether the plates bear characters that the reader has not (kana, Thai, Arabic
            letters), so that the patterns hold only what it can read.
    """

    code: str
    name: str
    vehicles: float
    formats: tuple[PlateFormat, ...]
    source: str
    confidence: str
    notes: str
    partial: bool

    @property
    def automaton(self) -> Automaton:
        """The automaton of all formats in order, with their weights; made when first asked for."""
        return _automaton_of_region(self)

    def matching(self, text: str) -> tuple[PlateFormat, ...]:
        """The formats of which `text` is an instance, in order."""
        return tuple(self.formats[index] for index in self.automaton.matching(fold(text)))

    def matches(self, text: str) -> bool:
        """Whether `text` is of any of the region's formats."""
        return bool(self.matching(text))


@cache
def _automaton_of_region(region: Region) -> Automaton:
    formats = region.formats
    return Automaton([one.pattern for one in formats], [one.weight for one in formats])
