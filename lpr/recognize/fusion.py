"""One picture made of several looks at a plate: noise goes, what is printed stays.

A plate far away is a few dozen pixels wide in every frame, and each frame has other noise, other
blocks of the video codec and another offset against the pixels' grid. The looks are registered to
the best of them by the enhanced correlation coefficient (Evangelidis and Psarakis, "Parametric
Image Alignment Using Enhanced Correlation Coefficient Maximization", PAMI 2008), which takes no
notice of brightness and contrast, and their weighted mean is what is read. Votes over the looks'
texts cannot do that: what no single look shows, none of them says.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from lpr.types import CropQuality, Image, PlateCrop

_Floats = npt.NDArray[np.float32]

_KEPT: Final = 12
"""Looks of a plate that are kept; the least ones go."""
_LEAST: Final = 3
"""Looks that make a picture of their own."""
_MORE: Final = 1.25
"""So many times the looks of the last picture make another one: a few more change little."""
_ALIKE: Final = 0.7
"""Least correlation of two looks at one plate. Plates of one layout may reach it, too: which looks
are of one vehicle is for the caller to tell."""
_BETTER: Final = 1.1
"""A look worth so many times the reference is the new reference."""
_SHARPEN: Final = 0.3
_SHARPEN_SIGMA: Final = 1.5
"""Interpolation and small errors of registration blur: an unsharp mask takes some of it back."""
_PLATES: Final = 64
_STEPS: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)
_NO_SMOOTHING: Final = 1
_IDENTITY: Final = np.eye(2, 3, dtype=np.float32)


class FusedLooks:
    """The looks at plates of one camera's vehicles; a `lpr.protocols.Fuser`. Not thread-safe."""

    def __init__(self) -> None:
        self._plates: OrderedDict[int, _Plate] = OrderedDict()

    def add(self, vehicle: int, crop: PlateCrop) -> PlateCrop | None:
        """Take a look at a vehicle's plate.

        Args:
            vehicle: its number.
            crop: the look, as rectified; all looks are of one size.

        Returns:
            The picture that all its looks make together, grey, with the quality and the corners of
            the best of them; None where there are too few yet, where this look does not fit, and
            where there are hardly more than for the picture before.
        """
        plate = self._plates.get(vehicle)
        if plate is None:
            self._plates[vehicle] = _Plate(crop)
            if len(self._plates) > _PLATES:
                self._plates.popitem(last=False)
            return None
        self._plates.move_to_end(vehicle)
        return plate.picture() if plate.add(crop) else None

    def forget(self, vehicle: int) -> None:
        """No more of its looks will come."""
        self._plates.pop(vehicle, None)

    def reset(self) -> None:
        """Forget everything, as before the first frame."""
        self._plates.clear()


@dataclass(slots=True, eq=False)
class _Look:
    """One look.

    Attributes:
        grey: its grey levels, mean 0 and deviation 1.
        worth: its weight.
        placed: `grey`, moved to where the reference is; None where that is out of date.
        moved: 2x3 affine, from the reference's pixels to those of `grey`.
    """

    grey: _Floats
    worth: float
    placed: _Floats | None = None
    moved: _Floats = field(default_factory=_IDENTITY.copy)


class _Plate:
    """The looks at one plate, registered to the best of them, which comes first.

    Args:
        crop: the first look.
    """

    _best: PlateCrop
    _looks: list[_Look]
    _seen: int
    _next: int

    def __init__(self, crop: PlateCrop) -> None:
        self._begin(crop, _Look(_standardized(crop.image), _worth(crop.quality)))

    def add(self, crop: PlateCrop) -> bool:
        """Take a further look; whether a picture of all is due."""
        worth = _worth(crop.quality)
        if len(self._looks) == _KEPT and worth <= min(one.worth for one in self._looks):
            return False
        look = _Look(_standardized(crop.image), worth)
        moved = _register(self._looks[0].grey, look.grey)
        if moved is None:
            if worth > self._looks[0].worth:  # the first look may have been the odd one
                self._begin(crop, look)
            return False
        self._seen += 1
        look.moved = moved
        if look.worth > _BETTER * self._looks[0].worth:
            self._refer_to(crop, look)
        else:
            self._looks.append(look)
        if len(self._looks) > _KEPT:
            self._looks.remove(min(self._looks[1:], key=lambda one: one.worth))
        if self._seen < self._next:
            return False
        self._next = math.ceil(self._seen * _MORE)
        return True

    def picture(self) -> PlateCrop:
        """What all looks make together."""
        total = np.zeros_like(self._looks[0].grey)
        for look in self._looks:
            if look.placed is None:
                look.placed = _place(look)
            total += look.worth * look.placed
        total /= sum(look.worth for look in self._looks)
        total += _SHARPEN * (total - cv2.GaussianBlur(total, (0, 0), _SHARPEN_SIGMA))
        mean, deviation = cv2.meanStdDev(cv2.cvtColor(self._best.image, cv2.COLOR_BGR2GRAY))
        levels = np.clip(total * float(deviation[0, 0]) + float(mean[0, 0]), 0, 255)
        image = cv2.cvtColor(levels.astype(np.uint8), cv2.COLOR_GRAY2BGR)
        return replace(self._best, image=np.asarray(image, np.uint8), looks=len(self._looks))

    def _begin(self, crop: PlateCrop, look: _Look) -> None:
        self._best, self._looks = crop, [look]
        self._seen, self._next = 1, _LEAST

    def _refer_to(self, crop: PlateCrop, look: _Look) -> None:
        """Register everything to a new reference, by way of the old one."""
        back = np.asarray(cv2.invertAffineTransform(look.moved), np.float32)
        for one in self._looks:
            one.moved, one.placed = _composed(one.moved, back), None
        look.moved = _IDENTITY.copy()
        self._best = crop
        self._looks.insert(0, look)


def _worth(quality: CropQuality) -> float:
    """Large, sharp and whole looks count most."""
    whole = min(1.0, 0.3 + min(quality.edge, quality.edge_rows))
    return max(1.0, quality.width) ** 2 * (0.3 + quality.sharpness) * whole


def _standardized(image: Image) -> _Floats:
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
    mean, deviation = cv2.meanStdDev(grey)
    return (grey - np.float32(mean[0, 0])) / np.float32(deviation[0, 0] + 1e-3)


def _register(reference: _Floats, grey: _Floats) -> _Floats | None:
    """The affine from one look's pixels to another's, None where they show different things."""
    if reference.shape != grey.shape:
        return None
    everywhere = np.ones(grey.shape, np.uint8)
    try:
        alike, moved = cv2.findTransformECC(
            reference, grey, _IDENTITY.copy(), cv2.MOTION_AFFINE, _STEPS, everywhere, _NO_SMOOTHING
        )
    except cv2.error:  # it does not converge, as on an empty picture
        return None
    return np.asarray(moved, np.float32) if alike >= _ALIKE else None


def _place(look: _Look) -> _Floats:
    rows, columns = look.grey.shape
    return np.asarray(
        cv2.warpAffine(
            look.grey,
            look.moved,
            (columns, rows),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def _composed(outer: _Floats, inner: _Floats) -> _Floats:
    """First `inner`, then `outer`."""
    linear = outer[:, :2] @ inner[:, :2]
    offset = outer[:, :2] @ inner[:, 2:] + outer[:, 2:]
    return np.asarray(np.hstack([linear, offset]), np.float32)
