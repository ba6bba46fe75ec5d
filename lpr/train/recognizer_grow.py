"""A wider or deeper recognizer that starts with what a smaller one knows.

Every old unit keeps its weights and reads nothing from new units, and new residual blocks add
nothing yet, so that the larger network says exactly what the smaller one said; new units start at
random, and training links them in (after Chen, Goodfellow and Shlens, "Net2Net: Accelerating
Learning via Knowledge Transfer", 2016).
"""

from __future__ import annotations

from dataclasses import astuple

import torch
from torch import Tensor

from lpr.errors import TrainingError
from lpr.train.recognizer_net import ROWS, RecognizerNet, RecognizerShape

_LAST_SCALE = "body.4.weight"
"""What a residual block's sum is multiplied with before it is added."""
_GATES = 3
"""A GRU layer keeps the weights of its three gates one below the other."""


def grown(net: RecognizerNet, shape: RecognizerShape) -> RecognizerNet:
    """Make a network of another shape that computes the same function.

    Args:
        net: the trained network; left as it is.
        shape: widths and depth of the new one, none below those of `net`.

    Raises:
        TrainingError: a stage would get narrower or shallower.
    """
    if any(new < old for new, old in zip(astuple(shape), astuple(net.shape), strict=True)):
        raise TrainingError(f"a network of {net.shape} cannot shrink to {shape}")
    wide = RecognizerNet(net.classes, shape).train(net.training)
    state, known = wide.state_dict(), net.state_dict()
    for name, new in state.items():
        if name in known:
            state[name] = _placed(known[name], new, _blocks(name))
        elif name.endswith(_LAST_SCALE):
            state[name] = torch.zeros_like(new)
    wide.load_state_dict(state)
    return wide


def _blocks(name: str) -> tuple[int, int]:
    """Into how many equal blocks a weight's outputs and inputs fall; each grows by itself."""
    if name.startswith("memory."):
        # Both directions' units come one behind the other only in what `context` reads.
        return _GATES, 1
    return {
        "join.weight": (1, ROWS),
        "context.weight": (ROWS, 2),
        "context.bias": (ROWS, 1),
    }.get(name, (1, 1))


def _placed(old: Tensor, new: Tensor, blocks: tuple[int, int]) -> Tensor:
    """Put old weights into the corner of each block; old outputs read nothing from new inputs."""
    if new.ndim == 0:
        return old.clone()
    placed = new.clone()
    outputs, inputs = blocks
    for row in range(outputs):
        into, source = _part(new.shape[0], old.shape[0], row, outputs)
        if new.ndim == 1:
            placed[into] = old[source]
            continue
        placed[into] = 0
        for column in range(inputs):
            across, of = _part(new.shape[1], old.shape[1], column, inputs)
            placed[into, across] = old[source, of]
    return torch.as_tensor(placed)


def _part(new: int, old: int, number: int, of: int) -> tuple[slice, slice]:
    """Where a block's old units stand in the new weight, and in the old one."""
    return (
        slice(number * (new // of), number * (new // of) + old // of),
        slice(number * (old // of), (number + 1) * (old // of)),
    )
