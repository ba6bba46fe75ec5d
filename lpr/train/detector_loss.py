"""What the detector is trained to minimise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lpr.detect.maps import CHANNELS, OFFSET_UNIT, STRIDES, place_centers

BACKGROUND_ALPHA = 1.0
FOCUS = 2.0
WING_BEND = 0.03
RIGHT = 0.6
"""Overlap with the label, or share of what its slack lets reach, from which on a quad is right."""
FULL_SIZE = 32.0
"""Root of the area, canvas pixels, from which on the score follows the overlap in full."""


class DetectorLoss:
    """Score, box, corner and row losses over the three maps of equal canvases.

    The score is trained towards the overlap that the place's own quad reaches (varifocal loss,
    Zhang et al., 2021), so that the best placed candidate wins the suppression. Corners use a wing
    loss (Feng et al., 2018), which keeps pulling where errors are small already.

    A run may be held to what an earlier network finds right (Li and Hoiem, "Learning without
    Forgetting", 2016): where that network's quad fits the label, its score and corners are targets
    too.

    Args:
        width: canvas width, pixels.
        height: canvas height, pixels.
        keep: weight of the difference from the earlier network's answers.
    """

    def __init__(self, width: int, height: int, keep: float = 1.0) -> None:
        self._keep = keep
        centers = [torch.from_numpy(place_centers(width, height, s)) for s in STRIDES]
        self._centers = torch.cat(centers)
        self._units = torch.cat(
            [torch.full((len(c),), s * OFFSET_UNIT) for c, s in zip(centers, STRIDES, strict=True)]
        )

    def __call__(
        self,
        maps: Sequence[Tensor],
        owner: Tensor,
        background: Tensor,
        quads: Tensor,
        facts: Tensor,
        *,
        answers: Sequence[Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Return the losses by name; `total` is what to minimise.

        Args:
            maps: three B x 10 x h x w outputs.
            owner: B x N int64, see `Targets`.
            background: B x N float32.
            quads: B x P x 4 x 2 float32.
            facts: B x P x 3 float32.
            answers: an earlier network's maps of the same canvases; None holds to nothing.
        """
        flat = _flat(maps)
        batch, place = torch.nonzero(owner >= 0, as_tuple=True)
        plate = owner[batch, place]
        chosen = flat[batch, place]
        predicted = self._quads(chosen, place)
        wanted, fact = quads[batch, plate], facts[batch, plate]
        overlap = _box_iou(predicted, wanted)
        loose = fact[:, 1] > 0
        # A plate that is known by a loose box only cannot reach full overlap with it.
        reached = _reached(overlap.detach(), fact)
        quality = (1 - (1 - reached) * _strictness(wanted)).clamp(0.05, 1.0)
        count = quality.sum().clamp(min=4.0)
        score = self._score(flat[..., 0], background, batch, place, quality) / count
        box = (quality * (1 - overlap) * ~loose).sum() / count
        corner = (quality * _corner_loss(predicted, wanted, fact)).sum() / count
        known = fact[:, 2] > 0
        rows = F.binary_cross_entropy_with_logits(
            chosen[:, 1][known], (fact[:, 2][known] > 1).float(), reduction="sum"
        ) / known.sum().clamp(min=4)
        total = score + 1.0 * box + 2.0 * corner + 0.3 * rows
        losses = {"score": score, "box": box, "corner": corner, "rows": rows}
        if answers is not None:
            before = _flat(answers)[batch, place]
            held = self._held(chosen, predicted, before, self._quads(before, place), wanted, fact)
            losses["kept"] = held / count
            total = total + self._keep * losses["kept"]
        return {"total": total, **losses}

    def _quads(self, chosen: Tensor, place: Tensor) -> Tensor:
        """The quads, K x 4 x 2, that K places propose."""
        offsets = chosen[:, 2:].reshape(-1, 4, 2) * self._units[place, None, None]
        return self._centers[place, None] + offsets

    @staticmethod
    def _held(
        chosen: Tensor,
        quads: Tensor,
        before: Tensor,
        quads_before: Tensor,
        wanted: Tensor,
        fact: Tensor,
    ) -> Tensor:
        """How far score and corners are from the earlier ones, summed over places once right."""
        right = _reached(_box_iou(quads_before, wanted), fact) >= RIGHT
        score = F.binary_cross_entropy_with_logits(
            chosen[:, 0], before[:, 0].sigmoid(), reduction="none"
        )
        extent = _extent(wanted)
        scale = (extent[:, 2:] - extent[:, :2]).clamp(min=2.0).prod(dim=1).sqrt()[:, None]
        corner = _wing((quads - quads_before).flatten(1) / scale).mean(dim=1)
        sure = before[:, 0].sigmoid()
        return (right * sure * (score + 2.0 * corner)).sum()

    @staticmethod
    def _score(
        logits: Tensor, background: Tensor, batch: Tensor, place: Tensor, quality: Tensor
    ) -> Tensor:
        weight = background.clone()
        weight[batch, place] = 0.0
        probability = logits.sigmoid().detach()
        negative = F.softplus(logits) * probability**FOCUS * weight
        positive = quality * F.binary_cross_entropy_with_logits(
            logits[batch, place], quality, reduction="none"
        )
        return BACKGROUND_ALPHA * negative.sum() + positive.sum()


def _flat(maps: Sequence[Tensor]) -> Tensor:
    """The maps' places one after another: B x N x 10 float32."""
    flat = torch.cat([level.flatten(2) for level in maps], dim=2).float()
    assert flat.shape[1] == CHANNELS
    return flat.transpose(1, 2)


def _reached(overlap: Tensor, fact: Tensor) -> Tensor:
    """Overlaps as shares of what can be reached with boxes as loose as these."""
    return (overlap / (1 - fact[:, 1])).clamp(0.0, 1.0)


def _strictness(quads: Tensor) -> Tensor:
    """How much a lack of overlap lowers the score: less for small plates.

    One pixel is a large part of a small plate's overlap, and a far plate is no less a plate.
    """
    extent = _extent(quads)
    root = (extent[:, 2:] - extent[:, :2]).clamp(min=1.0).prod(dim=1).sqrt()
    return (root / FULL_SIZE).clamp(0.35, 1.0)


def _extent(quads: Tensor) -> Tensor:
    return torch.cat([quads.amin(dim=1), quads.amax(dim=1)], dim=1)


def _box_iou(a: Tensor, b: Tensor) -> Tensor:
    boxes, others = _extent(a), _extent(b)
    low = torch.maximum(boxes[:, :2], others[:, :2])
    high = torch.minimum(boxes[:, 2:], others[:, 2:])
    inter = (high - low).clamp(min=0).prod(dim=1)
    area, other = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1), (others[:, 2:] - others[:, :2]).prod(1)
    return inter / (area + other - inter).clamp(min=1e-3)


def _corner_loss(predicted: Tensor, wanted: Tensor, fact: Tensor) -> Tensor:
    """Wing loss on the corners, or on the extent and a parallelogram where only that is known."""
    extent = _extent(wanted)
    size = (extent[:, 2:] - extent[:, :2]).clamp(min=2.0)
    scale = size.prod(dim=1).sqrt()[:, None]
    exact = _wing((predicted - wanted).flatten(1) / scale).mean(dim=1)
    inward = (_extent(predicted) - extent) * torch.tensor([1.0, 1.0, -1.0, -1.0]) / scale
    # The plate lies inside its loose box, at most the slack away from each side.
    beyond = torch.where(inward > 0, (inward - fact[:, 1:2]).clamp(min=0.0), inward)
    side = _wing(beyond).mean(dim=1)
    skew = (predicted[:, 0] - predicted[:, 1] + predicted[:, 2] - predicted[:, 3]) / scale
    return torch.where(fact[:, 0] > 0, exact, side + 0.1 * skew.abs().mean(dim=1))


def _wing(error: Tensor) -> Tensor:
    """Logarithmic near zero, linear beyond `4 * WING_BEND`; error in shares of the plate's size."""
    width = 4 * WING_BEND
    bend = WING_BEND
    size = error.abs()
    offset = width - width * torch.log1p(torch.tensor(width / bend)).item()
    return torch.where(size < width, width * torch.log1p(size / bend), size - offset)
