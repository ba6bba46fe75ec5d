"""Checkpoints: everything a run needs to go on after a stop."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from lpr.errors import TrainingError


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill in the middle leaves the former one whole.

    Args:
        path: where to.
        state: tensors, numbers, strings, and dicts and lists of them (no other objects: they
            could not be loaded without unpickling code).

    Raises:
        TrainingError: the disk refuses.
    """
    partial = path.with_suffix(path.suffix + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, partial)
        os.replace(partial, path)  # noqa: PTH105 - the atomic call is named as such
    except (OSError, RuntimeError) as error:  # torch's writer tells of a full disk by the latter
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        # What that writer says is of its own insides.
        why = error.strerror if isinstance(error, OSError) else None
        raise TrainingError(
            f"{path}: the checkpoint cannot be written: {why or 'is the disk full?'}"
        ) from error


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise TrainingError(f"{path}: no usable checkpoint: {error}") from error
    if not isinstance(state, dict):
        raise TrainingError(f"{path}: no checkpoint of this program")
    return state
