"""Rendered plates on disk, in shards: rendered, drawn from, known by what they were made with."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import TrainingError
from lpr.formats.registry import available_regions
from lpr.formats.sampling import sample_plate
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.degrade import Grey
from lpr.synth.fonts import FontBook
from lpr.synth.plate import render_plate, render_random_plate
from lpr.synth.scripts import drawable_designs, render_script_plate
from lpr.train.made import MADE, recall_made, remember_made
from lpr.train.recognizer_data import (
    PATCH_HEIGHT,
    PATCH_WIDTH,
    PLATE_HEIGHT,
    PLATE_WIDTH,
    LabelledPatch,
    patch_corners,
)
from lpr.types import Image

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


class RenderedCache:
    """Rendered plates on disk in shards, so that training only warps and degrades.

    Args:
        folder: where the shards lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._patches: list[npt.NDArray[np.uint8]] = []
        self._texts: list[list[str]] = []
        self._ends: list[int] = []
        self._known: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Take up shards written since."""
        for path in sorted(self._folder.glob("*.json")):
            if path.name not in self._known:
                self._known.add(path.name)
                self._texts.append(json.loads(path.read_text(encoding="utf-8"))["texts"])
                self._patches.append(np.load(path.with_suffix(".npy"), mmap_mode="r"))
                self._ends.append(len(self) + len(self._texts[-1]))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def all(self) -> tuple[LabelledPatch, ...]:
        """Every plate, in order."""
        corners = patch_corners()
        return tuple(
            LabelledPatch(np.array(patch), corners, text, 1)
            for patches, texts in zip(self._patches, self._texts, strict=True)
            for patch, text in zip(patches, texts, strict=True)
        )

    def pick(self, rng: np.random.Generator) -> LabelledPatch:
        """Draw one plate, each as likely as any other."""
        number = int(rng.integers(len(self)))
        shard = bisect_right(self._ends, number)
        index = number - self._ends[shard] + len(self._texts[shard])
        return LabelledPatch(
            self._patches[shard][index], patch_corners(), self._texts[shard][index], 1
        )


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
        remember_made(folder, _made(seed, regions))
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


def render_shard(
    folder: Path,
    name: str,
    count: int,
    seed: int,
    *,
    fonts: FontBook,
    alphabet: Alphabet,
    backgrounds: Sequence[Grey] = (),
    regions: Sequence[str] | None = None,
    lines: int | None = None,
    random_share: float = 0.25,
    unknown_share: float = 0.0,
) -> Path:
    """Render a shard of plates; the same seed gives the same shard.

    Args:
        folder: where to; created.
        name: name of the shard.
        count: number of plates.
        seed: of every choice.
        fonts: the typefaces.
        alphabet: plates with other characters are left out.
        backgrounds: grey pictures, at least as large as a patch, to put behind the plates.
        regions: region codes; None means all.
        lines: rows of the plates of countries; None for any.
        random_share: share of plates of no country.
        unknown_share: share of plates in scripts that the reader does not know, whose text is
            empty; none where there is no face for them.

    Returns:
        The shard's list of texts; its pictures lie beside it.

    Raises:
        TrainingError: the disk refuses; nothing of the shard is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    codes = tuple(regions) if regions is not None else available_regions()
    patches = np.empty((count, PATCH_HEIGHT, PATCH_WIDTH), np.uint8)
    texts: list[str] = []
    if not drawable_designs(fonts, wholly=True):
        unknown_share = 0.0
    while len(texts) < count:
        if unknown_share > 0 and rng.random() < unknown_share:
            plate = render_script_plate(rng, fonts, height=PLATE_HEIGHT, wholly=True)
        elif rng.random() < random_share:
            plate = render_random_plate(rng, fonts, height=PLATE_HEIGHT)
        else:
            sample = sample_plate(rng, codes, lines=lines)
            plate = render_plate(rng, fonts, sample=sample, height=PLATE_HEIGHT)
        if alphabet.covers(plate.text):
            patches[len(texts)] = _surround(plate.image, backgrounds, rng)
            texts.append(plate.text)
    pictures, index = folder / f"{name}.npy", folder / f"{name}.json"
    try:
        np.save(pictures, patches)
        index.write_text(json.dumps({"seed": seed, "texts": texts}, ensure_ascii=False))
    except OSError as error:
        with suppress(OSError):
            pictures.unlink(missing_ok=True)
            index.unlink(missing_ok=True)
        raise TrainingError(f"{pictures}: the plates cannot be written: {error}") from error
    return index


def _surround(image: Image, backgrounds: Sequence[Grey], rng: np.random.Generator) -> Grey:
    """Put a plate, in some camera's idea of grey, onto a background."""
    shares = rng.dirichlet((2, 5, 3)) if rng.random() < 0.5 else np.array((0.114, 0.587, 0.299))
    grey = cv2.resize(
        np.asarray(image.astype(np.float32) @ shares.astype(np.float32), np.uint8),
        (PLATE_WIDTH, PLATE_HEIGHT),
        interpolation=cv2.INTER_AREA if image.shape[1] > PLATE_WIDTH else cv2.INTER_LINEAR,
    )
    if backgrounds and rng.random() < 0.75:
        scene = backgrounds[int(rng.integers(len(backgrounds)))]
        y = int(rng.integers(0, scene.shape[0] - PATCH_HEIGHT + 1))
        x = int(rng.integers(0, scene.shape[1] - PATCH_WIDTH + 1))
        patch = scene[y : y + PATCH_HEIGHT, x : x + PATCH_WIDTH].copy()
    else:
        patch = np.full((PATCH_HEIGHT, PATCH_WIDTH), int(rng.integers(5, 250)), np.uint8)
    left, top = (PATCH_WIDTH - PLATE_WIDTH) // 2, (PATCH_HEIGHT - PLATE_HEIGHT) // 2
    patch[top : top + PLATE_HEIGHT, left : left + PLATE_WIDTH] = grey
    return patch


def made_otherwise(folder: Path, seed: int, regions: tuple[str, ...] | None) -> str | None:
    """What a cache holds in place of the plates asked for, in words; None where nothing."""
    shards = [path.stem for path in folder.glob("*.json")]
    if not shards:
        return None
    made = recall_made(folder)
    if not made:
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


def _made(seed: int, regions: tuple[str, ...] | None) -> dict[str, object]:
    return {"seed": seed, "regions": "all" if regions is None else ", ".join(regions)}
