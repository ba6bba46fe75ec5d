"""Region code -> region, read when first asked for and then kept."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from lpr.errors import FormatError, did_you_mean
from lpr.formats.automaton import Automaton
from lpr.formats.region import Region
from lpr.formats.region_file import parse_region

_FOLDER: Final = Path(__file__).resolve().parent / "regions"
_SIGNS: Final = Path(__file__).resolve().parent / "signs.toml"


@cache
def available_regions() -> tuple[str, ...]:
    """The codes of every region there is a file for, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_region(code: str) -> Region:
    """The region of an ISO 3166-1 alpha-2 code, in either case.

    Raises:
        FormatError: There is no such region, or its file is wrong.
    """
    known = available_regions()
    wanted = code.strip().lower()
    if wanted not in known:
        raise FormatError(
            f"no region {code!r}{_suggestion(wanted, known)}; `lpr formats` lists all {len(known)}"
        )
    return _load(wanted)


@cache
def load_automaton(codes: tuple[str, ...]) -> Automaton:
    """One automaton over all formats of some regions, for a decoder; weights add up to 1 a region.

    Args:
        codes: Region codes; the empty tuple gives an automaton that accepts nothing.

    Raises:
        FormatError: A code is unknown.
    """
    regions = [load_region(code) for code in codes]
    patterns = [one.pattern for region in regions for one in region.formats]
    weights: list[float] = []
    for region in regions:
        total = sum(one.weight for one in region.formats)
        weights.extend(one.weight / total for one in region.formats)
    return Automaton(patterns, weights)


@cache
def _load(code: str) -> Region:
    path = _FOLDER / f"{code}.toml"
    return parse_region(path.read_text(encoding="utf-8"), f"regions/{path.name}")


@cache
def _signs() -> dict[str, str]:
    """What a country's vehicles bear, or people say, in lower case -> the country's code."""
    tables = tomllib.loads(_SIGNS.read_text(encoding="utf-8"))
    return {
        sign.lower(): code for name in ("notified", "others") for sign, code in tables[name].items()
    }


def _suggestion(wanted: str, known: Sequence[str]) -> str:
    meant = _signs().get(wanted)
    if meant is not None:
        return f"; did you mean {meant!r}, {_load(meant).name}?"
    # A country's name is what people type; names are read from the files only in this case.
    names = {_load(code).name.lower(): code for code in known}
    close = names.get(wanted) or next(
        (code for name, code in names.items() if did_you_mean(wanted, (name,))), None
    )
    return f"; did you mean {close!r}?" if close else did_you_mean(wanted, known)
