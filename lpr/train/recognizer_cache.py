"""The folder of rendered plates that a run trains on: filled, and known by what filled it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import tomli_w

from lpr.errors import TrainingError
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_data import Grey, RenderedCache, render_shard

MADE: Final = "made.toml"
"""Beside the shards: the seed and the regions that they were rendered with."""
_SHARD = 2000
_UNKNOWN_SHARE = 0.09
"""Share, in shards of all countries, of plates to which the answer is to be no text."""
_OWN_SHARDS: Final[Mapping[int, tuple[str, int | None]]] = {
    3: ("kr", None),
    6: ("cn", None),
    10: ("kr", None),
    13: ("cn", None),
    15: ("cn", 2),
    17: ("kr", None),
    19: ("ae", None),
}
"""Of each twenty shards these go to one country, or to its plates of so many rows: its characters
or layouts occur nowhere else, and in a fair draw of all countries too rarely to be learned."""
_OWN_FROM: Final = 20 * _SHARD
"""Fewer plates are a fair draw: one shard of three would make a third of them Korean."""


def render_cache(
    folder: Path,
    plates: int,
    seed: int,
    *,
    alphabet: Alphabet | None = None,
    backgrounds: Sequence[Grey] = (),
    regions: tuple[str, ...] | None = None,
    on_render: Callable[[int, int], None] | None = None,
) -> RenderedCache:
    """Render plates into a cache until it holds as many as wanted.

    Args:
        folder: the cache.
        plates: number of plates wanted.
        seed: of every choice; the same seed gives the same plates.
        alphabet: plates with other characters are left out.
        backgrounds: grey pictures to put behind the plates.
        regions: region codes; None means all.
        on_render: called with plates rendered and wanted.

    Raises:
        ConfigError: fonts are missing.
        TrainingError: the disk refuses.
    """
    cache = RenderedCache(folder)
    if len(cache) == 0:
        _remember(folder, seed, regions)
    fonts = FontBook() if len(cache) < plates else None
    number = 0
    while fonts is not None and len(cache) < plates:
        name = f"{seed:04d}-{number:05d}"
        number += 1
        if (folder / f"{name}.json").is_file():
            continue
        own, lines = (regions, None)
        if regions is None and plates >= _OWN_FROM:
            own, lines = _own_shard(number)
        render_shard(
            folder,
            name,
            min(_SHARD, plates - len(cache)),
            seed * 100_003 + number,
            fonts=fonts,
            alphabet=alphabet or Alphabet(PLATE_CHARACTERS),
            backgrounds=backgrounds,
            regions=own,
            lines=lines,
            unknown_share=_UNKNOWN_SHARE if own is None else 0.0,
        )
        cache.refresh()
        if on_render is not None:
            on_render(len(cache), plates)
    return cache


def _own_shard(number: int) -> tuple[tuple[str, ...] | None, int | None]:
    """Regions and rows of the plates of a shard; None for all."""
    country, lines = _OWN_SHARDS.get(number % 20, (None, None))
    return None if country is None else (country,), lines


def made_otherwise(folder: Path, seed: int, regions: tuple[str, ...] | None) -> str | None:
    """What a cache holds in place of the plates asked for, in words; None where nothing."""
    shards = [path.stem for path in folder.glob("*.json")]
    if not shards:
        return None
    try:
        made = tomllib.loads((folder / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Of a cache of a former version the names of the shards tell the seed, and nothing the
        # regions.
        seeds = sorted({name.partition("-")[0] for name in shards})
        return None if f"{seed:04d}" in seeds else f"plates of seed {', '.join(seeds)}"
    if made == _made(seed, regions):
        return None
    return f"plates of seed {made.get('seed')} and of regions {made.get('regions')}"


def empty_cache(folder: Path) -> None:
    """Remove a cache's shards."""
    for pattern in ("*.json", "*.npy", MADE):
        for path in folder.glob(pattern):
            path.unlink()


def _remember(folder: Path, seed: int, regions: tuple[str, ...] | None) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MADE).write_text(tomli_w.dumps(_made(seed, regions)), encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written: {error.strerror}") from error


def _made(seed: int, regions: tuple[str, ...] | None) -> dict[str, object]:
    return {"seed": seed, "regions": "all" if regions is None else ", ".join(regions)}
