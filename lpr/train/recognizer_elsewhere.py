"""Plates of all countries: what a fine-tuned reader must not forget."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr.errors import ConfigError
from lpr.recognize.alphabet import Alphabet
from lpr.synth.degrade import CameraStrength, camera_grey
from lpr.synth.fonts import FontBook
from lpr.train.recognizer_augment import AugmentStrength, cut_crop
from lpr.train.recognizer_cache import RenderedCache, render_shard
from lpr.train.recognizer_data import patch_corners
from lpr.train.recognizer_net import HEIGHT, WIDTH, RecognizerNet
from lpr.train.recognizer_score import ScoredCrops, score_images
from lpr.types import Image

ELSEWHERE = "elsewhere"
"""Name of the set in the figures."""
PLATES = 400
_SEED = 7_654_321
"""Far from the seeds that training renders with."""
_STRENGTH = AugmentStrength(turn=0.01, camera=CameraStrength(narrowest=70, poor=0.3))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Rendered plates as a camera would show them, none of them trained on.

    Attributes:
        crops: HEIGHT x WIDTH x 3 uint8.
        texts: what they say.
    """

    crops: tuple[Image, ...]
    texts: tuple[str, ...]

    def score(self, net: RecognizerNet, alphabet: Alphabet) -> ScoredCrops:
        """How a network reads them."""
        return score_images(net, alphabet, self.crops, self.texts)


def render_elsewhere(
    alphabet: Alphabet, count: int = PLATES, *, random_share: float = 0.25
) -> Elsewhere:
    """Render plates of all countries; none where no typeface is installed.

    Args:
        alphabet: plates with other characters are left out.
        count: number of plates.
        random_share: share of plates of no country, any letters and digits.
    """
    try:
        fonts = FontBook()
    except ConfigError:
        return Elsewhere((), ())
    rng, corners = np.random.default_rng(_SEED), patch_corners()
    with tempfile.TemporaryDirectory() as folder:
        render_shard(
            Path(folder),
            ELSEWHERE,
            count,
            _SEED,
            fonts=fonts,
            alphabet=alphabet,
            random_share=random_share,
        )
        plates = RenderedCache(Path(folder)).all()
        crops = [cut_crop(one.patch, corners, rng, _STRENGTH, WIDTH, HEIGHT) for one in plates]
    seen = [camera_grey(crop, rng, _STRENGTH.camera) for crop in crops]
    colour = [np.asarray(cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), np.uint8) for crop in seen]
    return Elsewhere(tuple(colour), tuple(one.text for one in plates))
