"""The recognizer: convolutions to two rows of columns, one recurrent layer, CTC.

Both rows' features of a column are joined before the recurrent layer, and each column then speaks
twice, once for the top row and once for the bottom row, from that row's own features and the line's
context. The two sequences are put one behind the other, so that a one-line and a two-line plate are
the same task, without a switch (after the CRNN of Shi, Bai and Yao, "An End-to-End Trainable Neural
Network for Image-based Sequence Recognition", 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

HEIGHT, WIDTH = 48, 160
ROWS, COLUMNS = 2, 40
CONTRAST_FLOOR = 2e-3
"""Keeps a crop without any contrast finite."""


@dataclass(frozen=True, slots=True)
class RecognizerShape:
    """Widths of the network's stages.

    Attributes:
        stem: channels at half resolution.
        early: channels at a quarter of the width and height.
        middle: channels at an eighth of the height.
        late: channels of the two final rows.
        hidden: units of the recurrent layer, each direction.
        head: units before the classes.
        early_blocks: residual blocks of the early stage.
        middle_blocks: residual blocks of the middle stage.
        late_blocks: residual blocks of the late stage.
    """

    stem: int = 16
    early: int = 32
    middle: int = 64
    late: int = 128
    hidden: int = 112
    head: int = 160
    early_blocks: int = 1
    middle_blocks: int = 1
    late_blocks: int = 1


class Residual(nn.Module):
    """Blocks of two 3x3 (or 1x3) convolutions beside a shortcut each (He et al., 2016)."""

    def __init__(self, channels: int, *, height: int = 3, blocks: int = 1) -> None:
        super().__init__()
        size, pad = (height, 3), (height // 2, 1)
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, size, padding=pad, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, size, padding=pad, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.further = nn.Sequential(
            *(Residual(channels, height=height) for _ in range(blocks - 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Nx(channels)xHxW to the same shape."""
        result: Tensor = self.further(torch.relu(x + self.body(x)))
        return result


class RecognizerNet(nn.Module):
    """Nx1x48x160 grey crops to Nx80xclasses logits: the top row's 40 columns, then the bottom's.

    Args:
        classes: number of classes, the blank included.
        shape: widths of the stages.
    """

    def __init__(self, classes: int, shape: RecognizerShape | None = None) -> None:
        super().__init__()
        shape = shape or RecognizerShape()
        self.classes, self.shape = classes, shape
        self.features = nn.Sequential(
            *_step(1, shape.stem, (2, 2), (1, 1)),
            *_step(shape.stem, shape.early, (2, 2), (1, 1)),
            Residual(shape.early, blocks=shape.early_blocks),
            *_step(shape.early, shape.middle, (2, 1), (1, 1)),
            Residual(shape.middle, blocks=shape.middle_blocks),
            *_step(shape.middle, shape.late, (3, 1), (0, 1)),
            Residual(shape.late, height=1, blocks=shape.late_blocks),
        )
        self.join = nn.Linear(ROWS * shape.late, shape.hidden)
        self.memory = nn.GRU(shape.hidden, shape.hidden, bidirectional=True, batch_first=True)
        # What a character looks like is the same in both rows; what the line says there is not.
        self.look = nn.Linear(shape.late, shape.head)
        self.context = nn.Linear(2 * shape.hidden, ROWS * shape.head)
        self.speak = nn.Linear(shape.head, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, Nx80xclasses."""
        # Every crop gets the same mean and contrast: day, night and infra-red look alike then.
        x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x / (x.square().mean(dim=(2, 3), keepdim=True) + CONTRAST_FLOOR).sqrt()
        maps = self.features(x).permute(0, 2, 3, 1)
        # Fixed sizes leave the exported network no shapes to work out at every run.
        sequence = maps.permute(0, 2, 1, 3).reshape(-1, COLUMNS, ROWS * self.shape.late)
        sequence, _ = self.memory(torch.relu(self.join(sequence)))
        context = self.context(sequence).reshape(-1, COLUMNS, ROWS, self.shape.head)
        spoken: Tensor = self.speak(torch.relu(self.look(maps) + context.permute(0, 2, 1, 3)))
        return spoken.reshape(-1, ROWS * COLUMNS, self.classes)


def _step(
    inside: int, outside: int, stride: tuple[int, int], pad: tuple[int, int]
) -> list[nn.Module]:
    return [
        nn.Conv2d(inside, outside, 3, stride=stride, padding=pad, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    ]
