"""The real plates of a training run: which, how cut, how often, with their characters found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lpr.detect.corners import CornerRefiner
from lpr.evaluate.datasets import NOT_A_PLATE
from lpr.geometry import Quad
from lpr.recognize.alphabet import Alphabet
from lpr.registry import DEFAULT_CORNERS, DEFAULT_RECOGNIZER, find_model
from lpr.train.recognizer_batches import WeightedPatches
from lpr.train.recognizer_cells import CharacterCells, RowCells, find_cells
from lpr.train.recognizer_data import LabelledPatch, real_patches, upright
from lpr.train.recognizer_embed import embedded
from lpr.train.recognizer_export import load_model
from lpr.train.recognizer_glyphs import GlyphPainter
from lpr.train.recognizer_labels import CropLabel, load_crop, quad_in
from lpr.train.recognizer_letters import LetterPainter
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_score import score_images
from lpr.train.recognizer_shuffle import rearranged
from lpr.vote.alignment import edit_distance

_TRIALS, _LEGIBLE_TRIALS = 3, 2
"""A plate's characters change places only where two of three such plates can be read."""
LEFT_OUT: Final = frozenset(("stacked", NOT_A_PLATE, "cut", "unreadable"))
"""Notes of labels whose text is not what the crop shows."""
SET_WEIGHTS: Final[Mapping[str, tuple[float, float]]] = {
    "mixed-openlpr": (0.36, 0.16),
    "us-uk-ph-cjsantos": (0.18, 0.01),
    "ro-night": (0.05, 0.01),
    "ar-ankandrew": (0.05, 0.01),
    "cn-lprnet": (0.14, 0.01),
    "cn-ccpd-mini": (0.06, 0.01),
    "kr-cvlab": (0.025, 0.025),
    "kr-cvlab-rect": (0.01, 0.03),
    "scenes/mixed-openlpr": (0.08, 0.02),
    "scenes/us-uk-ph-cjsantos": (0.03, 0.01),
    "scenes/ro-night": (0.02, 0.01),
    "scenes/india-moto-helmet": (0.03, 0.05),
}
"""How often one- and two-line crops of the known sets are drawn; others go by their size's root."""
TIGHT_SETS: Final = frozenset({"cn-lprnet", "kr-cvlab-rect"})
"""Cut around the text: half of their turns go to crops with the plate put back around them."""
AS_LABELLED: Final = 0.25
"""Share of the turns of crops cut by their labelled box; the rest is cut by corrected corners."""
_EMBEDDINGS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Helpers:
    """What makes more of the real plates; see `weighted_patches`."""

    alphabet: Alphabet
    aligner: RecognizerNet | None
    refiner: CornerRefiner | None
    painter: GlyphPainter | None
    letterer: LetterPainter | None

    def movable(self, patches: Sequence[LabelledPatch], weight: float) -> WeightedPatches:
        """Plates of one kind whose characters may change."""
        if self.aligner is None:
            return WeightedPatches(patches, weight)
        cells = find_cells(self.aligner, self.alphabet, patches)
        cells = movable_cells(self.aligner, self.alphabet, cells)
        letterable = letterable_cells(self.aligner, self.alphabet, cells, self.letterer)
        return WeightedPatches(
            patches,
            weight,
            cells,
            painter=self.painter,
            letterer=self.letterer,
            letterable=letterable,
        )


def weighted_patches(
    labels: Mapping[str, Sequence[CropLabel]],
    alphabet: Alphabet,
    aligner: RecognizerNet | None = None,
    refiner: CornerRefiner | None = None,
    painter: GlyphPainter | None = None,
    letterer: LetterPainter | None = None,
) -> list[WeightedPatches]:
    """Load the train crops, one- and two-line apart, with the weights of their sets.

    Args:
        labels: the labels of each set.
        alphabet: what can be spelled; other labels are left out.
        aligner: finds the characters, so that they can change places; None leaves them.
        refiner: corrects labelled boxes; None leaves them.
        painter: draws other Chinese and Korean characters; None leaves them.
        letterer: letters Latin plates anew; None leaves them.
    """
    helpers = Helpers(alphabet, aligner, refiner, painter, letterer)
    parts: list[WeightedPatches] = []
    for name, usable in training_rows(labels).items():
        for lines in (1, 2):
            chosen = [row for row in usable if row.lines == lines and alphabet.covers(row.text)]
            if chosen:
                known = SET_WEIGHTS.get(name)
                weight = known[lines - 1] if known else 0.01 * len(chosen) ** 0.5
                parts += _parts(name, chosen, weight, helpers)
    return parts


def training_rows(labels: Mapping[str, Sequence[CropLabel]]) -> dict[str, list[CropLabel]]:
    """The labels of each set that may train, without vehicles of the known sets' val crops."""
    held_out = _held_out_texts(labels)
    return {
        name: [
            row
            for row in rows
            if may_train(row) and not (name in SET_WEIGHTS and row.text in held_out)
        ]
        for name, rows in labels.items()
    }


def _held_out_texts(labels: Mapping[str, Sequence[CropLabel]]) -> frozenset[str]:
    """What the known sets' val crops say: they show some vehicles of the train split again."""
    return frozenset(
        row.text
        for name, rows in labels.items()
        if name in SET_WEIGHTS
        for row in rows
        if row.split == "val"
    )


def movable_cells(
    reader: RecognizerNet,
    alphabet: Alphabet,
    cells: Sequence[CharacterCells | RowCells | None],
) -> list[CharacterCells | RowCells | None]:
    """Leave out the plates whose characters cannot be cut apart: what changed places is illegible.

    Args:
        reader: reads a few plates of moved characters of each.
        alphabet: of the reader.
        cells: where the characters stand; None where unknown.

    Returns:
        As many, None for what is left out.
    """
    rng = np.random.default_rng(0)
    legible = np.zeros(len(cells), np.int64)
    known = [i for i, one in enumerate(cells) if one is not None]
    for _ in range(_TRIALS):
        plates = [rearranged(one, rng) for one in cells if one is not None]
        crops = [upright(plate, WIDTH, HEIGHT) for plate in plates]
        scored = score_images(reader, alphabet, crops, [plate.text for plate in plates])
        legible[known] += scored.right
    return [
        one if count >= _LEGIBLE_TRIALS else None for one, count in zip(cells, legible, strict=True)
    ]


def letterable_cells(
    reader: RecognizerNet,
    alphabet: Alphabet,
    cells: Sequence[CharacterCells | RowCells | None],
    letterer: LetterPainter | None,
) -> list[bool]:
    """Which plates can be lettered anew: those of which a trial is nearly read.

    What does not cover the old characters, or is lost in the light, is hardly ever read.

    Args:
        reader: reads a few lettered plates of each.
        alphabet: of the reader.
        cells: where the characters stand; None where unknown.
        letterer: what letters them; None can letter none.
    """
    rng = np.random.default_rng(0)
    able = np.zeros(len(cells), np.bool_)
    for _ in range(_TRIALS if letterer is not None else 0):
        tried = [
            (index, plate)
            for index, one in enumerate(cells)
            if one is not None
            and not able[index]
            and letterer is not None
            and (plate := letterer.lettered(one, rng)) is not None
        ]
        crops = [upright(plate, WIDTH, HEIGHT) for _, plate in tried]
        scored = score_images(reader, alphabet, crops, [plate.text for _, plate in tried])
        for (index, plate), read in zip(tried, scored.read, strict=True):
            able[index] = edit_distance(read, plate.text) <= 1
    return [bool(one) for one in able]


def may_train(row: CropLabel) -> bool:
    """Whether a label is of the train split and its text is what the crop shows."""
    return row.split == "train" and bool(row.text) and row.note not in LEFT_OUT


def shipped_helpers(alphabet: Alphabet) -> tuple[RecognizerNet | None, CornerRefiner]:
    """The shipped recognizer, if it spells the same characters, and the shipped corner refiner."""
    net, known = load_model(DEFAULT_RECOGNIZER)
    aligner = net if known.characters == alphabet.characters else None
    return aligner, CornerRefiner(find_model(DEFAULT_CORNERS))


def _parts(
    name: str, rows: Sequence[CropLabel], weight: float, helpers: Helpers
) -> list[WeightedPatches]:
    plain = real_patches(rows, helpers.alphabet)
    if name in TIGHT_SETS:
        put_back = [
            one
            for seed in range(_EMBEDDINGS)
            for one in embedded(plain, np.random.default_rng(seed))
        ]
        return [helpers.movable(plain, weight / 2), helpers.movable(put_back, weight / 2)]
    if helpers.refiner is None:
        return [helpers.movable(plain, weight)]
    better = real_patches([_refined(row, helpers.refiner) for row in rows], helpers.alphabet)
    return [
        helpers.movable(better, weight * (1 - AS_LABELLED)),
        WeightedPatches(plain, weight * AS_LABELLED),
    ]


def _refined(row: CropLabel, refiner: CornerRefiner) -> CropLabel:
    image = load_crop(row)
    quad = quad_in(row, image)
    if quad != Quad.from_box(*quad.box):  # corners that a person drew
        return row
    return replace(row, quad=refiner.refine(image, quad))
