"""Plate formats as data: what texts a country's plates bear, and how they show them."""

from lpr.formats.automaton import Automaton
from lpr.formats.folding import fold
from lpr.formats.infer import infer_region
from lpr.formats.pattern import Pattern, compile_pattern
from lpr.formats.prior import FormatPrior
from lpr.formats.region import Layout, PlateFormat, Region
from lpr.formats.region_file import parse_region
from lpr.formats.registry import available_regions, load_automaton, load_region
from lpr.formats.sampling import SampledPlate, sample_format, sample_plate

__all__ = [
    "Automaton",
    "FormatPrior",
    "Layout",
    "Pattern",
    "PlateFormat",
    "Region",
    "SampledPlate",
    "available_regions",
    "compile_pattern",
    "fold",
    "infer_region",
    "load_automaton",
    "load_region",
    "parse_region",
    "sample_format",
    "sample_plate",
]
