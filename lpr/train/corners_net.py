"""The corner refiner's network: a roughly cut plate in, the offsets of its corners out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lpr.detect.corners import HEIGHT, WIDTH

CONTRAST_FLOOR = 2e-3
_FINE = 15
"""Modules of the first five convolutions, whose output still has an eighth of the resolution."""


class CornersNet(nn.Module):
    """Maps Nx1xHEIGHTxWIDTH grey windows to Nx8: by how much each corner is off.

    Offsets are x, y of the four corners, clockwise from the top left, in shares of the window's
    width and height, from where the corners would be had the window been cut from the true quad.
    Regression of corners from a cut as in spatial transformers (Jaderberg et al., 2015), but
    supervised by the corners themselves. Two heads add up: one knows where the plate is as a whole,
    the other, at twice the resolution, where its rim runs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_step(1, 12, 2),
            *_step(12, 24, 2),
            *_step(24, 24, 1),
            *_step(24, 48, 2),
            *_step(48, 48, 1),
            *_step(48, 64, 2),
            *_step(64, 64, 1),
            nn.Conv2d(64, 24, 1),
            nn.ReLU(),
        )
        self.offsets = nn.Sequential(
            nn.Flatten(),
            nn.Linear(24 * (HEIGHT // 16) * (WIDTH // 16), 96),
            nn.ReLU(),
            nn.Linear(96, 8),
        )
        self.rim = nn.Sequential(
            *_step(48, 48, 1),
            *_step(48, 48, 1),
            nn.Conv2d(48, 16, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * (HEIGHT // 8) * (WIDTH // 8), 96),
            nn.ReLU(),
            nn.Linear(96, 8),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return offsets, Nx8."""
        x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x / (x.square().mean(dim=(2, 3), keepdim=True) + CONTRAST_FLOOR).sqrt()
        fine = self.features[:_FINE](x)
        found: Tensor = 0.1 * (self.offsets(self.features[_FINE:](fine)) + self.rim(fine))
        return found


def _step(inside: int, outside: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    ]


def corner_loss(found: Tensor, offsets: Tensor) -> Tensor:
    """Mean absolute error; a crop that is wholly off counts no more than one that is far off."""
    return torch.nn.functional.smooth_l1_loss(found, offsets, beta=0.01)
