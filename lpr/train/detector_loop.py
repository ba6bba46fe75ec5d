"""Trains the detector: resumable, seeded, validated as it serves."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from lpr.errors import TrainingError
from lpr.train.begun import LABELS, files_hash, keep_to
from lpr.train.checkpoint import load_checkpoint, save_checkpoint
from lpr.train.detector_augment import CanvasSampler
from lpr.train.detector_bank import PlateBank
from lpr.train.detector_batches import Batch, batches
from lpr.train.detector_calibrate import calibrate, choose_threshold
from lpr.train.detector_data import (
    LabelledPicture,
    PictureCache,
    build_cache,
    label_files,
    read_labels,
    with_mined,
    with_quads,
)
from lpr.train.detector_export import export_detector
from lpr.train.detector_loss import DetectorLoss
from lpr.train.detector_net import MEAN, SCALE, DetectorNet
from lpr.train.detector_options import DetectorTrainOptions
from lpr.train.detector_paste import Paster
from lpr.train.detector_score import score_pictures, summarize, torch_finder
from lpr.train.ema import WeightAverage

CURVE: Final = "curve.jsonl"
"""In the folder of the run: the figures of each validation."""
_log = logging.getLogger(__name__)

Progress = Callable[[int, int, Mapping[str, float]], None]


def train_detector(options: DetectorTrainOptions, progress: Progress | None = None) -> Path:
    """Train, validate and export; returns the model folder.

    Args:
        options: what to do.
        progress: called after each step with step, total and the smoothed losses, and after each
            validation with its figures.

    Raises:
        TrainingError: no data, a loss that is no number, torch and ONNX disagree, or the run in
            `work` was begun under other conditions.
    """
    files = [*label_files(options.data), options.corners, options.mined]
    conditions = {
        "--seed": str(options.seed),
        "--leave-out": ", ".join(options.left_out) or "none",
        LABELS: files_hash(files),
    }
    keep_to(options.work, conditions, resume=options.resume)
    if not options.resume:
        (options.work / CURVE).unlink(missing_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    run = _Run(options)
    run.resume()
    make = partial(make_sampler, options, run.pictures, run.cache)
    seed = options.seed + 7919 * run.step
    stream = batches(make, options.batch, seed, own_process=options.own_process, echo=options.echo)
    while run.step < options.steps:
        losses = run.advance(next(stream))
        if progress is not None:
            progress(run.step, options.steps, losses)
        if run.step % options.save_every == 0 or run.step == options.steps:
            run.save()
        if run.step % options.validate_every == 0 or run.step == options.steps:
            figures = run.validate()
            if progress is not None:
                progress(run.step, options.steps, figures)
    return export_detector(run.average.net, options, run.validation, run.pictures)


def make_sampler(
    options: DetectorTrainOptions, pictures: list[LabelledPicture], cache: PictureCache, seed: int
) -> CanvasSampler:
    """The source of training canvases of a run."""
    paster = Paster(PlateBank(options.bank), options.odds) if options.bank else None
    return CanvasSampler(
        pictures,
        cache,
        options.size,
        options.size,
        seed,
        paster,
        dict(options.shares),
        options.calm,
    )


def rate_at(step: int, options: DetectorTrainOptions) -> float:
    """Learning rate: warm-up, plateau, then a cosine down to 1%.

    A plateau in place of one long cosine lets a run be lengthened after it began.
    """
    warm = min(1.0, (step + 1) / 300)
    left = options.steps - step
    if left >= options.decay_steps:
        return options.rate * warm
    share = 1 - left / max(options.decay_steps, 1)
    return options.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


class _Run:
    """The state of one training run."""

    def __init__(self, options: DetectorTrainOptions) -> None:
        self._options = options
        self.pictures = read_labels(options.data, "train", options.left_out)
        self.validation = read_labels(options.data, "val")
        if options.corners is not None:
            self.pictures = with_quads(self.pictures, json.loads(options.corners.read_text()))
        if options.mined is not None:
            self.pictures = with_mined(self.pictures, json.loads(options.mined.read_text()))
        self.cache = build_cache(self.pictures, options.work / "cache")
        self._net = DetectorNet(options.shape).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(_parameters(self._net), lr=options.rate)
        self.average = WeightAverage(self._net, 0.9985)
        self._loss = DetectorLoss(options.size, options.size, options.keep)
        self._kept = _kept(options)
        self._smooth: dict[str, float] = {}
        self.step = 0
        self._started = time.monotonic()
        self._began_at = 0

    @property
    def _checkpoint(self) -> Path:
        return self._options.work / "detector.pt"

    def resume(self) -> None:
        if not self._options.resume or not self._checkpoint.is_file():
            return
        state = load_checkpoint(self._checkpoint)
        self._net.load_state_dict(state["net"])
        self.average.net.load_state_dict(state["average"])
        self.average.steps = state["step"]
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = self._began_at = state["step"]

    def save(self) -> None:
        save_checkpoint(
            self._checkpoint,
            {
                "step": self.step,
                "net": self._net.state_dict(),
                "average": self.average.net.state_dict(),
                "optimizer": self._optimizer.state_dict(),
            },
        )

    def advance(self, batch: Batch) -> Mapping[str, float]:
        """Take one step; returns the smoothed losses and the pace."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self.step, self._options)
        self._net.train()
        images = _normalized(batch.images)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._options.bfloat16):
            maps = self._net(images)
            answers = self._answers(images)
        losses = self._loss(
            maps, batch.owner, batch.background, batch.quads, batch.facts, answers=answers
        )
        if not torch.isfinite(losses["total"]):
            raise TrainingError(f"the loss is no number at step {self.step}; lower the rate")
        self._optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), 5.0)
        self._optimizer.step()
        self.average.update(self._net)
        self.step += 1
        for name, value in losses.items():
            now = float(value.detach())
            self._smooth[name] = 0.98 * self._smooth.get(name, now) + 0.02 * now
        taken = (self.step - self._began_at) * self._options.batch
        pace = taken / max(time.monotonic() - self._started, 1e-6)
        return {**self._smooth, "images_per_second": pace}

    @torch.no_grad()
    def _answers(self, images: Tensor) -> Sequence[Tensor] | None:
        return None if self._kept is None else self._kept(images)

    def validate(self) -> dict[str, float]:
        """Score the averaged weights on the validation pictures and log the figures."""
        width, height = self._options.validation
        pictures = self.validation[:: self._options.validate_stride]
        scores = score_pictures(torch_finder(self.average.net, width, height), pictures)
        threshold = choose_threshold(scores, calibrate(scores)).raw
        figures = {"threshold": threshold, **summarize(scores, threshold)}
        line: dict[str, Any] = {"step": self.step, **self._smooth, **figures}
        with (self._options.work / CURVE).open("a") as out:
            out.write(json.dumps(line) + "\n")
        _log.info("step %d: %s", self.step, figures)
        return figures


def _kept(options: DetectorTrainOptions) -> DetectorNet | None:
    """The averaged weights of the checkpoint that the run is held to."""
    if options.kept is None:
        return None
    net = DetectorNet(options.shape)
    net.load_state_dict(load_checkpoint(options.kept)["average"])
    net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def _parameters(net: DetectorNet) -> list[dict[str, Any]]:
    """Weight decay on convolutions only: not on biases or normalisation."""
    heavy = [p for p in net.parameters() if p.ndim > 1]
    light = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": heavy, "weight_decay": 0.02}, {"params": light, "weight_decay": 0.0}]


def _normalized(images: Tensor) -> Tensor:
    """uint8 NHWC -> float32 NCHW as `imaging.detector_input` makes it."""
    return images.permute(0, 3, 1, 2).float().sub_(MEAN).mul_(SCALE)
