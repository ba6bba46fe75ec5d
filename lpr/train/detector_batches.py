"""Training canvases made in a process of their own, beside the one that trains."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from lpr.detect.maps import STRIDES
from lpr.train.detector_augment import CanvasSampler

WORKER_NICENESS = 2
ECHO_POOL = 40


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Canvases (B x H x W x 3 uint8 BGR) and their targets, see `Targets`."""

    images: Tensor
    owner: Tensor
    background: Tensor
    quads: Tensor
    facts: Tensor


class _Stream(IterableDataset[Batch]):
    def __init__(self, make: Callable[[int], CanvasSampler], size: int, seed: int) -> None:
        self._make, self._size, self._seed = make, size, seed

    def __iter__(self) -> Iterator[Batch]:
        sampler = self._make(self._seed)
        while True:
            yield make_batch(sampler, self._size)


def make_batch(sampler: CanvasSampler, size: int) -> Batch:
    """Draw one batch of `size` canvases."""
    draws = [sampler.draw() for _ in range(size)]
    targets = [target for _, target in draws]
    return Batch(
        torch.from_numpy(np.stack([image for image, _ in draws])),
        torch.from_numpy(np.stack([target.owner for target in targets])),
        torch.from_numpy(np.stack([target.background for target in targets])),
        torch.from_numpy(np.stack([target.quads for target in targets])),
        torch.from_numpy(np.stack([target.facts for target in targets])),
    )


def batches(
    make: Callable[[int], CanvasSampler], size: int, seed: int, *, own_process: bool, echo: int = 1
) -> Iterator[Batch]:
    """Endless batches.

    Args:
        make: builds the sampler of a seed; must be picklable where `own_process`.
        size: canvases a batch.
        seed: seed of the draws; a resumed run passes another one than its beginning.
        own_process: draw in a second, lower-priority process.
        echo: how often a canvas is used on average. Where drawing is slower than training, using
            one again, mirrored and mixed with others, gains more than waiting for a new one
            (Choi et al., "Faster neural network training with data echoing", 2019).
    """
    stream = _Stream(make, size, seed)
    fresh: Iterator[Batch] = iter(stream)
    if own_process:
        loader: DataLoader[Batch] = DataLoader(
            stream,
            batch_size=None,
            num_workers=1,
            prefetch_factor=4,
            worker_init_fn=_quiet,
            # A forked process inherits OpenCV's pool of threads without the threads, and waits.
            multiprocessing_context="spawn",
        )
        fresh = iter(loader)
    return fresh if echo <= 1 else _echoed(fresh, echo, np.random.default_rng(seed))


def _echoed(fresh: Iterator[Batch], echo: int, rng: np.random.Generator) -> Iterator[Batch]:
    pool: deque[Batch] = deque(maxlen=ECHO_POOL)
    for batch in fresh:
        yield batch
        pool.append(batch)
        for _ in range(echo - 1):
            yield mirrored(_mixed(pool, len(batch.images), rng))


def _mixed(pool: Sequence[Batch], size: int, rng: np.random.Generator) -> Batch:
    """A batch of canvases picked from any of the pool's batches."""
    picks = [(pool[int(rng.integers(len(pool)))], int(rng.integers(size))) for _ in range(size)]
    return Batch(
        torch.stack([batch.images[i] for batch, i in picks]),
        torch.stack([batch.owner[i] for batch, i in picks]),
        torch.stack([batch.background[i] for batch, i in picks]),
        torch.stack([batch.quads[i] for batch, i in picks]),
        torch.stack([batch.facts[i] for batch, i in picks]),
    )


def mirrored(batch: Batch) -> Batch:
    """The batch with left and right exchanged; corners keep their names as seen on the canvas."""
    height, width = batch.images.shape[1:3]
    quads = batch.quads[:, :, [1, 0, 3, 2]].clone()
    quads[..., 0] = width - quads[..., 0]
    owners, backgrounds = [], []
    start = 0
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        places = torch.arange(rows * columns).reshape(rows, columns).flip(1).flatten() + start
        owners.append(batch.owner[:, places])
        backgrounds.append(batch.background[:, places])
        start += rows * columns
    return Batch(
        batch.images.flip(2), torch.cat(owners, 1), torch.cat(backgrounds, 1), quads, batch.facts
    )


def _quiet(_worker: int) -> None:
    os.nice(WORKER_NICENESS)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
