"""The plate detector's network: plain 3x3 convolutions, a light top-down path, three heads.

Anchor-free as in FCOS (Tian et al., 2019), with corners in place of box sides. Plain convolutions
with few channels run nearer to the processor's peak than depthwise ones, in training above all;
depthwise 5x5 ones are used only in the neck, where they widen the view for little.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lpr.detect.maps import CHANNELS

MEAN, SCALE = 127.5, 1 / 127.5
"""The network sees (pixel - MEAN) * SCALE."""
PRIOR = 0.01
"""Score of a place before training: focal losses diverge from a start at one half."""


@dataclass(frozen=True, slots=True)
class DetectorShape:
    """Channels by stage, and how many further 3x3 convolutions each stage has."""

    stem: int = 8
    stage4: int = 16
    stage8: int = 32
    stage16: int = 56
    stage32: int = 96
    depth8: int = 1
    depth16: int = 1
    depth32: int = 2
    neck8: int = 32
    neck16: int = 48


class DetectorNet(nn.Module):
    """Maps N x 3 x H x W float32 BGR (sides multiples of 32) to three N x 10 x h x w maps.

    Strides, channels and units are those of `lpr.detect.maps`.
    """

    def __init__(self, shape: DetectorShape | None = None) -> None:
        super().__init__()
        s = shape or DetectorShape()
        self.stage4 = nn.Sequential(_conv(3, s.stem, 3, 2), _conv(s.stem, s.stage4, 3, 2))
        self.stage8 = _stage(s.stage4, s.stage8, s.depth8)
        self.stage16 = _stage(s.stage8, s.stage16, s.depth16)
        self.stage32 = _stage(s.stage16, s.stage32, s.depth32)
        self.lateral32 = _conv(s.stage32, s.neck16, 1)
        self.lateral16 = nn.Conv2d(s.stage16, s.neck16, 1)
        self.lateral8 = nn.Conv2d(s.stage8, s.neck8, 1)
        self.down_to8 = nn.Conv2d(s.neck16, s.neck8, 1)
        self.mix32, self.mix16 = _mix(s.neck16), _mix(s.neck16)
        self.mix8 = _mix(s.neck8)
        self.head32, self.head16 = _head(s.neck16), _head(s.neck16)
        self.head8 = _head(s.neck8)
        self.up = nn.Upsample(scale_factor=2.0, mode="nearest")

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the maps of strides 8, 16 and 32."""
        at8 = self.stage8(self.stage4(images))
        at16 = self.stage16(at8)
        at32 = self.mix32(self.lateral32(self.stage32(at16)))
        at16 = self.mix16(self.lateral16(at16) + self.up(at32))
        at8 = self.mix8(self.lateral8(at8) + self.up(self.down_to8(at16)))
        return self.head8(at8), self.head16(at16), self.head32(at32)


def _conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _stage(inputs: int, outputs: int, depth: int) -> nn.Sequential:
    further = [_conv(outputs, outputs, 3) for _ in range(depth)]
    return nn.Sequential(_conv(inputs, outputs, 3, 2), *further)


def _mix(channels: int) -> nn.Sequential:
    wide = nn.Conv2d(channels, channels, 5, 1, 2, groups=channels, bias=False)
    return nn.Sequential(wide, nn.BatchNorm2d(channels), _conv(channels, channels, 1))


def _head(channels: int) -> nn.Conv2d:
    head = nn.Conv2d(channels, CHANNELS, 1)
    with torch.no_grad():
        head.weight.mul_(0.1)
        assert head.bias is not None
        head.bias.zero_()
        head.bias[0] = -math.log((1 - PRIOR) / PRIOR)
        # A plate of common shape to start from: corners at +-0.4 x +-0.15 units.
        start = [-0.4, -0.15, 0.4, -0.15, 0.4, 0.15, -0.4, 0.15]
        head.bias[2:] = torch.tensor(start)
    return head
