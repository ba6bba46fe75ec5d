"""What the reader learns from: patches of labelled crops and a cache of rendered plates."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lpr.errors import TrainingError
from lpr.formats.registry import available_regions
from lpr.formats.sampling import sample_plate
from lpr.geometry import Quad
from lpr.imaging import rectify
from lpr.recognize.alphabet import Alphabet
from lpr.synth.fonts import FontBook
from lpr.synth.plate import render_plate, render_random_plate
from lpr.synth.scripts import drawable_designs, render_script_plate
from lpr.train.recognizer_labels import CropLabel, load_crop, quad_in
from lpr.types import Image

Grey = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.float32]

PATCH_HEIGHT, PATCH_WIDTH = 80, 264
PLATE_HEIGHT, PLATE_WIDTH = 64, 208
"""A rendered plate in its patch: stretched to the recognizer's proportions, with surroundings."""
_WIDEST = 260
"""Real plates wider than this are shrunk once, on loading."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPatch:
    """A plate with something around it.

    Attributes:
        patch: HxW uint8 grey.
        corners: 4x2, the plate's corners, patch pixels, clockwise from the top left.
        text: what it says.
        lines: rows of text.
    """

    patch: Grey
    corners: Corners
    text: str
    lines: int


def real_patches(labels: Sequence[CropLabel], alphabet: Alphabet) -> list[LabelledPatch]:
    """Load the crops whose texts the alphabet covers, in grey, at most moderately large."""
    patches = []
    for label in labels:
        if not alphabet.covers(label.text):
            continue
        image = load_crop(label)
        quad = quad_in(label, image)
        shrink = min(1.0, _WIDEST / max(1.0, quad.width), 2.4 * PLATE_HEIGHT / quad.height)
        if shrink < 1:
            size = (round(image.shape[1] * shrink), round(image.shape[0] * shrink))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            quad = quad.scaled(shrink, shrink)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        corners = np.array(quad.points, np.float32)
        patches.append(LabelledPatch(grey, corners, label.text, label.lines))
    return patches


def upright(plate: LabelledPatch, width: int, height: int) -> Image:
    """The crop that serving would read of a patch, height x width x 3 uint8 BGR."""
    colour = np.asarray(cv2.cvtColor(plate.patch, cv2.COLOR_GRAY2BGR), np.uint8)
    return rectify(colour, Quad.from_points(plate.corners.tolist()), width, height)


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


def patch_corners() -> Corners:
    """Where the plate lies in a rendered patch."""
    left, top = (PATCH_WIDTH - PLATE_WIDTH) / 2, (PATCH_HEIGHT - PLATE_HEIGHT) / 2
    return np.array(
        Quad.from_box(left, top, left + PLATE_WIDTH, top + PLATE_HEIGHT).points, np.float32
    )


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
