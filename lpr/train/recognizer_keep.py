"""Keeping what a network already reads, while it learns something new.

The answers of the network that a run began with are targets too, on every crop that it reads right
(Li and Hoiem, "Learning without Forgetting", 2016; the choice of crops is ours): what it gets wrong
is free to change.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lpr.train.recognizer_batches import Batch
from lpr.train.recognizer_net import RecognizerNet


class Keeper:
    """Holds a run to what its first network reads right.

    Args:
        start: the network that the run began with.
        blank: its class for no character.
        weight: of the difference in answers, against the loss of the texts; above 0.
    """

    def __init__(self, start: RecognizerNet, blank: int, weight: float) -> None:
        self._start = start.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._blank, self._weight = blank, weight

    @torch.no_grad()
    def answers(self, crops: Tensor) -> Tensor:
        """What the first network says: Nx80xclasses logits."""
        logits: Tensor = self._start(crops)
        return logits

    def loss(self, logits: Tensor, answers: Tensor, batch: Batch) -> Tensor:
        """Kullback-Leibler divergence from the first answers, summed over a crop's columns.

        Args:
            logits: Nx80xclasses of the network that learns, float32.
            answers: of the first one, float32.
            batch: whose crops both saw.
        """
        before = answers.log_softmax(-1)
        apart = (before.exp() * (before - logits.log_softmax(-1))).sum((1, 2))
        known = read_right(answers, batch.targets, batch.lengths, self._blank)
        return self._weight * (apart * known).sum() / len(apart)


def read_right(logits: Tensor, targets: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Which crops the likeliest path of Nx80xclasses logits reads exactly, N booleans."""
    path = logits.argmax(-1)
    said = path != blank
    said[:, 1:] &= path[:, 1:] != path[:, :-1]
    texts = torch.split(targets, lengths.tolist())
    return torch.tensor(
        [torch.equal(row[one], text) for row, one, text in zip(path, said, texts, strict=True)]
    )
