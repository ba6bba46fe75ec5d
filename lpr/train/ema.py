"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


class WeightAverage(Generic[Net]):
    """Keeps a smoothed copy of a network (Polyak and Juditsky, 1992).

    Args:
        net: the network that is trained.
        decay: share of the old average kept at each step; early steps use less, so that
            the random start is soon forgotten.
    """

    def __init__(self, net: Net, decay: float) -> None:
        self.net: Net = copy.deepcopy(net).eval().requires_grad_(False)
        self.steps = 0
        self._decay = decay

    @torch.no_grad()
    def update(self, net: Net) -> None:
        """Take one step towards the trained network's weights."""
        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        own = self.net.state_dict()
        for name, value in net.state_dict().items():
            if value.dtype.is_floating_point:
                own[name].lerp_(value, 1 - decay)
            else:
                own[name].copy_(value)
