"""The formats against plates read by eye: train and val labels, no clips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpr.formats.folding import fold
from lpr.formats.infer import infer_region
from lpr.formats.prior import FormatPrior
from lpr.formats.registry import load_region
from lpr.recognize.alphabet import PLATE_CHARACTERS


def _texts(folder: Path, name: str) -> list[str]:
    lines = (folder / "plates" / name / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    return [text for line in lines if (text := json.loads(line)["text"])]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cn-easypr", "cn"),
        ("cn-lprnet", "cn"),
        ("cn-ccpd-mini", "cn"),
        ("kr-cvlab", "kr"),
        ("kr-cvlab-rect", "kr"),
        ("ar-ankandrew", "ar"),
        ("ro-night", "ro"),
    ],
)
def test_labels_of_one_country_fit_it(shared_data: Path, name: str, code: str) -> None:
    texts = _texts(shared_data, name)
    region = load_region(code)
    misses = [text for text in texts if not any(not one.catch_all for one in region.matching(text))]
    assert len(misses) <= 0.03 * len(texts), misses


@pytest.mark.parametrize(("name", "code"), [("cn-lprnet", "cn"), ("kr-cvlab", "kr")])
def test_a_script_of_its_own_names_the_country(shared_data: Path, name: str, code: str) -> None:
    for text in _texts(shared_data, name):
        assert infer_region(text)[0] == code, text


def test_most_labels_of_many_countries_fit_some_format(shared_data: Path) -> None:
    prior = FormatPrior()
    readable = [
        text
        for text in _texts(shared_data, "mixed-openlpr")
        if set(fold(text)) <= set(PLATE_CHARACTERS)
    ]
    misses = [text for text in readable if not prior.fits(text)]
    assert len(misses) <= 0.03 * len(readable), misses
