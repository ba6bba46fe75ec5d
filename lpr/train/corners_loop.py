"""Trains the corner refiner: resumable and seeded."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from lpr.detect.corners import HEIGHT, WIDTH
from lpr.errors import TrainingError
from lpr.train.backgrounds import grey_pictures
from lpr.train.begun import LABELS, files_hash, keep_to
from lpr.train.checkpoint import load_checkpoint, save_checkpoint
from lpr.train.corners_data import (
    CornerPicture,
    CornerSampler,
    corner_pictures,
    known_corners,
)
from lpr.train.corners_net import CornersNet, corner_loss
from lpr.train.detector_data import (
    NEGATIVES,
    LabelledPicture,
    build_cache,
    label_files,
    read_labels,
    with_quads,
)
from lpr.train.ema import WeightAverage
from lpr.train.export import export_model
from lpr.train.licences import trained_on
from lpr.train.recognizer_cache import RenderedCache
from lpr.train.recognizer_input import MEAN, SCALE

Progress = Callable[[int, int, Mapping[str, float]], None]

LABELLED = frozenset({"cn-ccpd-mini", "egypt-moto", "cn-easypr"})
"""Sets whose corners people drew."""
_LOSS_MEMORY = 0.98


@dataclass(frozen=True, slots=True)
class CornersTrainOptions:
    """One training run.

    Attributes:
        data: the shared data folder (`scenes/*`, `negatives`).
        work: where cache, checkpoint and curve go.
        output: model folder to write at the end.
        rendered: folder of rendered plates, see `RenderedCache`.
        corners: JSON file with corners found for boxes, see `with_quads`; None for none.
        steps: optimiser steps in all.
        decay: share of the steps, at the end, over which the rate falls to nearly zero.
        batch: windows a step, four for each one drawn.
        rate: highest learning rate.
        rendered_share: share of rendered plates.
        seed: of weights and draws.
        threads: of torch.
        save_every: steps between two checkpoints.
        own_process: draw windows in a second process.
        resume: go on from the checkpoint in `work`, if there is one.
    """

    data: Path
    work: Path
    output: Path
    rendered: Path
    corners: Path | None = None
    steps: int = 20_000
    decay: float = 0.4
    batch: int = 64
    rate: float = 2e-3
    rendered_share: float = 0.5
    seed: int = 1
    threads: int = 1
    save_every: int = 500
    own_process: bool = True
    resume: bool = True


def train_corners(options: CornersTrainOptions, progress: Progress | None = None) -> Path:
    """Train and export; returns the model folder.

    Args:
        options: what to do.
        progress: called every 50 steps with step, total and figures.

    Raises:
        TrainingError: no data, no rendered plates, a loss that is no number, torch and ONNX
            disagree, or the run in `work` was begun under other conditions.
    """
    if options.rendered_share > 0 and len(RenderedCache(options.rendered)) == 0:
        raise TrainingError(
            f"{options.rendered}: there are no rendered plates (NAME.json beside NAME.npy); a "
            "recognizer's run has them in its folder `rendered`; without --rendered they are "
            "rendered"
        )
    files = [*label_files(options.data), options.corners]
    conditions = {"--seed": str(options.seed), LABELS: files_hash(files)}
    keep_to(options.work, conditions, resume=options.resume)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    net = CornersNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = WeightAverage(net, 0.999)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=0.01)
    step = 0
    checkpoint = options.work / "corners.pt"
    if options.resume and checkpoint.is_file():
        saved = load_checkpoint(checkpoint)
        net.load_state_dict(saved["net"])
        average.net.load_state_dict(saved["average"])
        average.steps = step = int(saved["step"])
        optimiser.load_state_dict(saved["optimiser"])
    stream = _batches(options, options.seed + 7919 * step)
    smooth, began = math.nan, time.monotonic()
    while step < options.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, options)
        windows, offsets = next(stream)
        loss = corner_loss(net(windows), offsets)
        if not torch.isfinite(loss):
            raise TrainingError(f"step {step}: the loss is {float(loss)}; lower the rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        average.update(net)
        step += 1
        value = float(loss.detach())
        smooth = value if math.isnan(smooth) else smooth + (1 - _LOSS_MEMORY) * (value - smooth)
        if step % options.save_every == 0 or step == options.steps:
            state = {"net": net.state_dict(), "average": average.net.state_dict(), "step": step}
            save_checkpoint(checkpoint, {**state, "optimiser": optimiser.state_dict()})
        if progress is not None and step % 50 == 0:
            rate = 50 * options.batch / max(1e-6, time.monotonic() - began)
            progress(step, options.steps, {"loss": smooth, "windows a second": rate})
            began = time.monotonic()
    return export_corners(average.net, options)


def learning_rate(step: int, options: CornersTrainOptions) -> float:
    """Rise over 200 steps, stay, fall along a cosine."""
    start = options.steps * (1 - options.decay)
    done = max(0.0, step - start) / max(1.0, options.steps - start)
    fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
    return options.rate * min(1.0, (step + 1) / 200, fall)


def make_sampler(options: CornersTrainOptions, seed: int) -> CornerSampler:
    """The source of training windows of a run."""
    return CornerSampler(
        _pictures(options, "train"),
        RenderedCache(options.rendered),
        grey_pictures(options.data / "negatives", least=(90, 90), widest=500),
        rendered_share=options.rendered_share,
        seed=seed,
    )


def flipped(
    windows: npt.NDArray[np.float32], offsets: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Add each window's three mirror images: corners are corners in any of them.

    Args:
        windows: Nx1xHxW.
        offsets: Nx8.

    Returns:
        4Nx1xHxW and 4Nx8.
    """
    corners = offsets.reshape(-1, 4, 2)
    left_right, up_down = np.array((-1, 1), np.float32), np.array((1, -1), np.float32)
    across = corners[:, [1, 0, 3, 2]] * left_right
    down = corners[:, [3, 2, 1, 0]] * up_down
    both = across[:, [3, 2, 1, 0]] * up_down
    views = (windows, windows[..., ::-1], windows[:, :, ::-1], windows[:, :, ::-1, ::-1])
    return np.concatenate(views), np.concatenate((corners, across, down, both)).reshape(-1, 8)


def export_corners(net: torch.nn.Module, options: CornersTrainOptions) -> Path:
    """Write `options.output`; returns it.

    Raises:
        TrainingError: torch and ONNX disagree.
    """
    net = net.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    example = CornerSampler(
        _pictures(options, "val"), RenderedCache(options.rendered), (), rendered_share=0, seed=0
    )
    windows = np.stack([example.draw().window for _ in range(8)]).astype(np.float32)
    used = Counter(
        picture.dataset
        for picture in _labelled(options, "train")
        if picture.dataset == NEGATIVES or known_corners(picture, LABELLED)
    )
    fields: dict[str, Any] = {
        "name": options.output.name,
        "version": "1",
        "task": "corners",
        "licence": "Apache-2.0",
        "input": {
            "name": "window",
            "shape": [0, 1, HEIGHT, WIDTH],
            "colour": "gray",
            "mean": MEAN,
            "scale": SCALE,
        },
        "outputs": ["offsets"],
        "training": trained_on(used),
        "synthetic_share": options.rendered_share,
    }
    export_model(net, torch.from_numpy((windows[:, None] - MEAN) * SCALE), options.output, fields)
    return options.output


def _labelled(options: CornersTrainOptions, split: str) -> list[LabelledPicture]:
    pictures = read_labels(options.data, split)
    if options.corners is None or split != "train":
        return pictures
    return with_quads(pictures, json.loads(options.corners.read_text(encoding="utf-8")))


def _pictures(options: CornersTrainOptions, split: str) -> list[CornerPicture]:
    pictures = _labelled(options, split)
    cache = build_cache(pictures, options.work / f"cache-{split}")
    return corner_pictures(pictures, cache, LABELLED)


class _Stream(IterableDataset[tuple[Tensor, Tensor]]):
    def __init__(self, make: Callable[[], CornerSampler], batch: int) -> None:
        super().__init__()
        self._make, self._drawn = make, max(1, batch // 4)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        sampler = self._make()
        while True:
            samples = [sampler.draw() for _ in range(self._drawn)]
            windows = np.stack([one.window for one in samples])[:, None].astype(np.float32)
            views, offsets = flipped(
                (windows - np.float32(MEAN)) * np.float32(SCALE),
                np.stack([one.offsets for one in samples]),
            )
            yield torch.from_numpy(np.ascontiguousarray(views)), torch.from_numpy(offsets)


def _batches(options: CornersTrainOptions, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    stream = _Stream(partial(make_sampler, options, seed), options.batch)
    if not options.own_process:
        return iter(stream)
    # Not forked: a forked child may wait for ever for a lock of torch or OpenCV.
    return iter(
        DataLoader(
            stream,
            batch_size=None,
            num_workers=1,
            prefetch_factor=8,
            multiprocessing_context="spawn",
        )
    )
