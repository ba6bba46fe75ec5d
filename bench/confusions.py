"""Which characters does the shipped recognizer take for which? `python -m bench.confusions`.

Counts single looks: the validation crops, cut by corrected corners, and rendered plates of all
countries and of none (any letters and digits) that no training saw. Readings of another length,
or with more than half of the characters wrong, are other failures and are left out. Needs the
extra `train`. Run by hand after a new recognizer; the gate's rates are then its own.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from lpr.detect.corners import CornerRefiner
from lpr.evaluate.datasets import data_folder, load_plates, read_image
from lpr.factory import load_models
from lpr.gate.confusion import DEFAULT_FILE, count_confusions, default_confusables, dump_confusions
from lpr.recognize.alphabet import Alphabet
from lpr.registry import DEFAULT_CORNERS, DEFAULT_RECOGNIZER, find_model
from lpr.train.recognizer_elsewhere import render_elsewhere
from lpr.types import Image

PLATES = 16_000
BATCH = 32
Look = tuple[Image, str]


def main() -> int:
    """Measure and write the confusion file."""
    parser = argparse.ArgumentParser(prog="python -m bench.confusions", description=__doc__)
    parser.add_argument("--plates", type=int, default=PLATES, help="rendered plates")
    parser.add_argument("--out", type=Path, default=DEFAULT_FILE, help="file to write")
    options = parser.parse_args()
    models = load_models()
    real = read_looks(real_looks())
    seen = render_elsewhere(Alphabet(models.alphabet), options.plates, random_share=0.5)
    rendered = read_looks(zip(seen.crops, seen.texts, strict=True))
    reader = f"{DEFAULT_RECOGNIZER} {find_model(DEFAULT_RECOGNIZER).manifest.version}"
    matrix = count_confusions(
        [*real, *rendered],
        source=f"{reader} behind {DEFAULT_CORNERS}, single looks: {len(real)} "
        f"real validation crops and {len(rendered)} rendered plates it was not trained on, "
        "half of them random texts; "
        "readings of the right length with at most half of the characters wrong",
        classes=default_confusables(),
    )
    options.out.write_text(dump_confusions(matrix), encoding="utf-8")
    print(f"{options.out}: {matrix.looks} looks at characters, {len(matrix.rates)} ever misread")
    return 0


def real_looks() -> Iterator[Look]:
    """The validation crops with sure labels, as serving cuts them."""
    models, refiner = load_models(), CornerRefiner(find_model(DEFAULT_CORNERS))
    for picture in load_plates(data_folder(), "val"):
        if picture.text and not picture.plate.note and set(picture.text) <= set(models.alphabet):
            image = read_image(picture.path)
            quad = refiner.refine(image, picture.plate.shape)
            yield models.rectifier.rectify(image, quad).image, picture.text


def read_looks(looks: Iterator[Look]) -> list[tuple[str, str]]:
    """The texts and what was read for them, where characters can be compared."""
    recognizer, pairs = load_models().recognizer, []
    while batch := list(itertools.islice(looks, BATCH)):
        readings = recognizer.read([image for image, _ in batch])
        for (_, truth), reading in zip(batch, readings, strict=True):
            same = [a == b for a, b in zip(truth, reading.text, strict=False)]
            if len(truth) == len(reading.text) and sum(same) * 2 >= len(truth):
                pairs.append((truth, reading.text))
    return pairs


if __name__ == "__main__":
    raise SystemExit(main())
