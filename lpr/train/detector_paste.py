"""Rendered plates put into training views: exact corners and rows, any width, any country.

A plate goes over a plate that is there already (on a real vehicle, in its light) or anywhere.
Texts and signs that are no plates go in as well, as background.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from lpr.synth.paste import Rng, blend_plate, free_quad, leaned
from lpr.train.detector_bank import PlateBank
from lpr.train.detector_targets import CanvasPlate
from lpr.types import Image

_ASKEW = 0.15
"""Share of the added plates that hang as much awry as motorcycles' plates do."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PasteOdds:
    """How often what is put into a view; `hidden` is the share of the plates that cover others."""

    replace: float = 0.3
    add: float = 0.25
    distract: float = 0.25
    hidden: float = 0.2


class Paster:
    """Puts plates and distracting texts into views.

    Args:
        bank: rendered plates.
        odds: how often what is put in.
    """

    def __init__(self, bank: PlateBank, odds: PasteOdds | None = None) -> None:
        self._bank, self._odds = bank, odds or PasteOdds()

    def paste(
        self, canvas: Image, plates: list[CanvasPlate], rng: Rng
    ) -> tuple[Image, list[CanvasPlate]]:
        """Return the canvas and its plates after pasting; the given canvas is not changed."""
        odds = self._odds
        canvas = canvas.copy()
        if rng.random() < odds.distract:
            _distract(canvas, plates, rng)
        plates = [
            self._replace(canvas, plate, rng)
            if not plate.ignore and rng.random() < odds.replace
            else plate
            for plate in plates
        ]
        while rng.random() < odds.add:
            plate = self._choose(rng, None)
            shape = plate[0].shape[1] / plate[0].shape[0] * math.exp(rng.normal(0, 0.1))
            quad = _room(canvas, plates, rng, shape)
            if quad is None:
                break
            plates.append(_put(canvas, quad, plate, rng))
        return canvas, plates

    def _replace(self, canvas: Image, plate: CanvasPlate, rng: Rng) -> CanvasPlate:
        """Cover a plate with another one, a little larger and turned about its upright axis."""
        low, high = plate.quad.min(axis=0), plate.quad.max(axis=0)
        grown = plate.quad + (plate.quad - plate.quad.mean(axis=0)) * rng.uniform(0.04, 0.25)
        if not plate.exact:
            lean = rng.normal(0, 0.05) * (high[0] - low[0])
            drop = rng.normal(0, 0.06) * (high[0] - low[0])
            grown = leaned(grown, lean, drop)
        aspect = (high[0] - low[0]) / max(high[1] - low[1], 1.0)
        # On a vehicle a plate may have the paint's own colour, without a rim.
        hidden = rng.random() < self._odds.hidden
        chosen = self._choose(rng, float(aspect))
        return _put(canvas, grown.astype(np.float32), chosen, rng, hidden=hidden)

    def _choose(self, rng: Rng, aspect: float | None) -> tuple[Image, int]:
        """Draw a plate; of a few draws the one whose shape is nearest to `aspect`."""
        draws = [
            self._bank.plate(int(rng.integers(len(self._bank))))
            for _ in range(1 if aspect is None else 4)
        ]
        if aspect is None:
            return draws[0]
        return min(
            draws, key=lambda d: abs(math.log(d[0].shape[1] / d[0].shape[0] / max(aspect, 0.3)))
        )


def _put(
    canvas: Image, quad: Floats, plate: tuple[Image, int], rng: Rng, *, hidden: bool = False
) -> CanvasPlate:
    pixels, lines = plate
    blend_plate(canvas, pixels, quad, rng, hidden=hidden)
    return CanvasPlate(quad, True, 0.0, lines)


def _room(
    canvas: Image, plates: Sequence[CanvasPlate], rng: Rng, aspect: float | None = None
) -> Floats | None:
    """A quad that touches no plate, of a shape or of any; None where no place was found."""
    height, width = canvas.shape[:2]
    taken = [plate.quad for plate in plates]
    widths = (9.0, 0.6 * width)
    return free_quad(width, height, taken, rng, widths=widths, aspect=aspect, askew=_ASKEW)


def _distract(canvas: Image, plates: Sequence[CanvasPlate], rng: Rng) -> None:
    """Write texts and rings into the canvas, away from the plates."""
    for _ in range(int(rng.integers(1, 4))):
        quad = _room(canvas, plates, rng)
        if quad is None:
            return
        (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
        if rng.random() < 0.2:
            _rings(canvas, x0, y0, x1, y1, rng)
        else:
            _text(canvas, x0, y0, x1, y1, rng)


def _colour(rng: Rng) -> tuple[float, float, float]:
    if rng.random() < 0.6:
        level = float(rng.choice([0, 30, 220, 255]))
        return (level, level, level)
    return (float(rng.integers(256)), float(rng.integers(256)), float(rng.integers(256)))


def _rings(canvas: Image, x0: float, y0: float, x1: float, y1: float, rng: Rng) -> None:
    """Rings in a row, as on a well-known radiator grille."""
    count = int(rng.integers(3, 5))
    radius = max(2.0, min((x1 - x0) / (1.4 * count + 0.6), (y1 - y0) / 2))
    thick = max(1, round(radius * rng.uniform(0.15, 0.3)))
    for i in range(count):
        center = (round(float(x0 + radius * (1 + 1.4 * i))), round(float((y0 + y1) / 2)))
        cv2.circle(canvas, center, round(float(radius)), _colour(rng), thick, cv2.LINE_AA)


def _text(canvas: Image, x0: float, y0: float, x1: float, y1: float, rng: Rng) -> None:
    """A time stamp, a name, a telephone number, an address: without a plate around it."""
    d = rng.integers(0, 10, 14)
    words = (
        f"20{d[0]}{d[1]}-{d[2]}{d[3]}-{d[4]}{d[5]} {d[6]}{d[7]}:{d[8]}{d[9]}:{d[10]}{d[11]}",
        f"CAM {d[0]}{d[1]}",
        f"www.{_word(rng, 4, 9).lower()}.com",
        f"0{d[0]}{d[1]}{d[2]} {d[3]}{d[4]}{d[5]} {d[6]}{d[7]}{d[8]}{d[9]}",
        f"{_word(rng, 4, 9)} {_word(rng, 3, 8)}",
        _word(rng, 3, 10),
        _word(rng, 3, 10).lower(),
        f"{d[0]}{d[1]} km/h",
    )
    text = words[int(rng.integers(len(words)))]
    font = int(rng.choice([0, 2, 3, 4, 6]))
    (wide, _), _ = cv2.getTextSize(text, font, 1.0, 1)
    size = float((x1 - x0) / max(wide, 1))
    thick = max(1, round(size * rng.uniform(1, 3)))
    at = (round(float(x0)), round(float((y0 + y1) / 2)))
    cv2.putText(canvas, text, at, font, size, _colour(rng), thick, cv2.LINE_AA)


def _word(rng: Rng, shortest: int, longest: int) -> str:
    letters = "ABCDEFGHIJKLMNOPRSTUVWYZ"
    return "".join(
        letters[i] for i in rng.integers(0, len(letters), rng.integers(shortest, longest))
    )
