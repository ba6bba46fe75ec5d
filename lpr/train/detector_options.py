"""What can be set about a training run of the detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lpr.train.detector_augment import DEFAULT_SHARES
from lpr.train.detector_net import DetectorShape
from lpr.train.detector_paste import PasteOdds


@dataclass(frozen=True, slots=True)
class DetectorTrainOptions:
    """One training run.

    Attributes:
        data: the shared data folder (`scenes/*`, `negatives`).
        work: where cache, checkpoints and curve go.
        output: model folder to write at the end.
        bank: folder of rendered plates, see `PlateBank`; None trains without.
        corners: JSON file with corners found for boxes, see `with_quads`; None for none.
        mined: JSON file with unlabelled plates and mistaken places, see `with_mined`.
        kept: checkpoint of a network whose right finds are targets too, see `DetectorLoss`; None
            holds the run to nothing.
        keep: how firmly it is held.
        left_out: names of sets not to train on, to see how the network does on unseen cameras.
        steps: total optimiser steps; a resumed run goes on up to this number.
        decay_steps: over how many of the last steps the learning rate falls to nearly zero.
        batch: canvases a step.
        size: side of the square training canvas, a multiple of 32.
        validation: side of the serving canvas (width, height).
        rate: learning rate on the plateau.
        seed: seed of weights and draws.
        validate_every: steps between validations.
        validate_stride: validate on every n-th picture; the export always takes all.
        save_every: steps between checkpoints.
        threads: threads of the training process.
        bfloat16: multiply in bfloat16, see `lpr.train.recognizer_steps.LoopOptions`.
        echo: how often each canvas is used, see `batches`.
        own_process: make canvases in a second process.
        resume: go on from the checkpoint in `work`, if there is one.
        shape: the network's channels.
        shares: how often each set is drawn.
        calm: see `CanvasSampler`; strong augmentation is best lowered in the last part of a run.
        odds: how often what is pasted.
        version: version of the model.
    """

    data: Path
    work: Path
    output: Path
    bank: Path | None = None
    corners: Path | None = None
    mined: Path | None = None
    kept: Path | None = None
    keep: float = 1.0
    left_out: tuple[str, ...] = ()
    steps: int = 12_000
    decay_steps: int = 4_000
    batch: int = 16
    size: int = 320
    validation: tuple[int, int] = (640, 384)
    rate: float = 2e-3
    seed: int = 1
    validate_every: int = 1_500
    validate_stride: int = 3
    save_every: int = 250
    threads: int = 1
    bfloat16: bool = False
    own_process: bool = True
    echo: int = 2
    resume: bool = True
    shape: DetectorShape = field(default_factory=DetectorShape)
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    calm: float = 0.0
    odds: PasteOdds = field(default_factory=PasteOdds)
    version: str = "1"
