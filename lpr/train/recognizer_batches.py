"""Batches for the reader: which plates, in which mixture, as bad as a camera would make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from lpr.recognize.alphabet import Alphabet
from lpr.synth.degrade import Grey, camera_grey
from lpr.train.recognizer_augment import AugmentStrength, cut_crop
from lpr.train.recognizer_cache import RenderedCache
from lpr.train.recognizer_cells import CharacterCells, RowCells
from lpr.train.recognizer_data import LabelledPatch
from lpr.train.recognizer_glyphs import GlyphPainter
from lpr.train.recognizer_input import MEAN, SCALE
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_net import HEIGHT, WIDTH
from lpr.train.recognizer_shuffle import given_first, shuffled

_DONATED = 0.35
"""Share of the other shuffled plates that take a Chinese or Korean first character from another."""
_PAINTED = 0.6
"""Share of shuffled plates whose Chinese or Korean characters are drawn anew."""
_LETTERED = 0.5
"""Share of shuffled plates of Latin letters that get another registration in another typeface."""
_SMALLER = 0.7
"""Height of the syllable before the digits of a lower row, against theirs."""


class WeightedPatches:
    """Real plates of one kind and how often they are drawn.

    Within a set, plates that begin with the same Chinese or Korean character share their turns:
    nine in ten of a Chinese set may come from one province.

    Args:
        patches: the plates; not empty.
        weight: relative to the other sets, above 0.
        cells: where the characters of each plate stand, None where unknown; empty for no shuffling.
        shuffled_share: share of the plates with known characters that change them about.
        painter: draws other Chinese and Korean characters into shuffled plates; None for none.
        letterer: letters Latin plates anew; None for none.
        letterable: for each plate whether that can be done; empty for none.
    """

    def __init__(
        self,
        patches: Sequence[LabelledPatch],
        weight: float,
        cells: Sequence[CharacterCells | RowCells | None] = (),
        shuffled_share: float = 0.6,
        painter: GlyphPainter | None = None,
        letterer: LetterPainter | None = None,
        letterable: Sequence[bool] = (),
    ) -> None:
        self.patches, self.weight, self._painter = patches, weight, painter
        self._letterer, self._letterable = letterer, letterable
        self._cells, self._shuffled_share = cells, shuffled_share
        starts = ["" if patch.text[:1].isascii() else patch.text[0] for patch in patches]
        counts = Counter(starts)
        shares = np.array([counts[start] ** (0.0 if not start else -0.75) for start in starts])
        self._steps = np.cumsum(shares / shares.sum())

    def pick(self, rng: np.random.Generator) -> LabelledPatch:
        """Draw one plate."""
        index = min(int(np.searchsorted(self._steps, rng.random())), len(self.patches) - 1)
        cells = self._cells[index] if self._cells else None
        if cells is None or rng.random() >= self._shuffled_share:
            return self.patches[index]
        if self._letterer is not None and self._letterable and self._letterable[index]:
            lettered = self._letterer.lettered(cells, rng) if rng.random() < _LETTERED else None
            if lettered is not None:
                return lettered
        painter = self._painter if rng.random() < _PAINTED else None
        if isinstance(cells, RowCells):
            sizes = (1.0, _SMALLER)
            return cells.joined(
                [
                    _redrawn(row, painter, rng, size)
                    for row, size in zip(cells.rows, sizes, strict=True)
                ]
            )
        plate = _redrawn(cells, painter, rng)
        donor = self._donor(cells, rng) if plate.text[0] == cells.text[0] else None
        return plate if donor is None else given_first(plate, cells, donor)

    def _donor(self, cells: CharacterCells, rng: np.random.Generator) -> CharacterCells | None:
        """A plate to take the province from; rare provinces have their turn as often."""
        if cells.text[0].isascii() or rng.random() > _DONATED:
            return None
        donor = self._cells[
            min(int(np.searchsorted(self._steps, rng.random())), len(self._cells) - 1)
        ]
        if isinstance(donor, CharacterCells) and not donor.text[0].isascii():
            return donor
        return None


def _redrawn(
    cells: CharacterCells,
    painter: GlyphPainter | None,
    rng: np.random.Generator,
    size: float = 1.0,
) -> LabelledPatch:
    """A row whose characters changed places and, with a painter, gave way to drawn ones."""
    moved = shuffled(cells, rng)
    return moved if painter is None else painter.repainted(cells, moved, rng, size=size)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step's crops and texts.

    Attributes:
        crops: Nx1xHxW float32, as `lpr.imaging.recognizer_input` makes them.
        targets: the texts' classes, one behind the other, int64.
        lengths: length of each text, int64.
    """

    crops: Tensor
    targets: Tensor
    lengths: Tensor


class BatchMaker:
    """Draws training batches.

    Args:
        alphabet: characters and classes.
        real: real plates.
        rendered: rendered plates, None to train on real plates alone.
        rendered_share: share of rendered plates in a batch, 0 to 1.
        blank_share: share of crops without a legible plate, trained to say nothing.
        empty: grey pictures without plates.
        strength: how bad crops may be.
        seed: of every choice.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        real: Sequence[WeightedPatches],
        rendered: RenderedCache | None,
        *,
        rendered_share: float,
        blank_share: float,
        empty: Sequence[Grey],
        strength: AugmentStrength,
        seed: int,
    ) -> None:
        self._alphabet, self._real, self._rendered = alphabet, real, rendered
        self._rendered_share = rendered_share if rendered is not None and len(rendered) else 0.0
        if not real:
            self._rendered_share = 1.0
        self._blank_share, self._empty = blank_share, empty
        self._strength = strength
        weights = np.array([part.weight for part in real], np.float64)
        self._steps = np.cumsum(weights / weights.sum()) if len(real) else weights
        self._rng = np.random.default_rng(seed)

    @property
    def rendered_share(self) -> float:
        """Share of rendered plates among the crops."""
        return self._rendered_share

    def batch(self, count: int) -> Batch:
        """Draw `count` crops."""
        crops = np.empty((count, 1, HEIGHT, WIDTH), np.float32)
        targets: list[int] = []
        lengths = np.empty(count, np.int64)
        for index in range(count):
            crop, text = self._one()
            crops[index, 0] = crop
            classes = self._alphabet.encode(text)
            targets.extend(classes)
            lengths[index] = len(classes)
        crops -= MEAN
        crops *= SCALE
        return Batch(
            torch.from_numpy(crops),
            torch.tensor(targets, dtype=torch.int64),
            torch.from_numpy(lengths),
        )

    def _one(self) -> tuple[Grey, str]:
        rng = self._rng
        if rng.random() < self._blank_share:
            return self._nothing(), ""
        plate = self._plate()
        crop = cut_crop(plate.patch, plate.corners, rng, self._strength, WIDTH, HEIGHT)
        return camera_grey(crop, rng, self._strength.camera), plate.text

    def _plate(self) -> LabelledPatch:
        rng = self._rng
        if self._rendered is not None and rng.random() < self._rendered_share:
            return self._rendered.pick(rng)
        part = self._real[min(len(self._real) - 1, int(np.searchsorted(self._steps, rng.random())))]
        return part.pick(rng)

    def _nothing(self) -> Grey:
        """A crop that holds no plate, or one too far away to be read."""
        rng = self._rng
        if self._empty and rng.random() < 0.6:
            scene = self._empty[int(rng.integers(len(self._empty)))]
            rows, columns = scene.shape
            width = int(rng.uniform(0.15, 0.6) * columns)
            height = min(rows, max(8, int(width * rng.uniform(0.2, 0.6))))
            x, y = int(rng.integers(columns - width + 1)), int(rng.integers(rows - height + 1))
            corners = np.array(
                [[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32
            )
            crop = cut_crop(scene, corners, rng, self._strength, WIDTH, HEIGHT)
            return camera_grey(crop, rng, self._strength.camera)
        plate = self._plate()
        crop = cut_crop(plate.patch, plate.corners, rng, self._strength, WIDTH, HEIGHT)
        return _too_far(crop, rng)


def _too_far(crop: Grey, rng: np.random.Generator) -> Grey:
    columns = int(rng.integers(7, 13))
    small = cv2.resize(crop, (columns, max(3, columns // 3)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
