"""Shards of rendered plates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.fonts import FontBook
from lpr.synth.plate import RenderedPlate
from lpr.synth.scripts import DESIGNS
from lpr.train.recognizer_data import render_shard


def _plain(
    rng: np.random.Generator, fonts: FontBook, *, height: int, wholly: bool
) -> RenderedPlate:
    assert wholly
    return RenderedPlate(np.full((height, 2 * height, 3), 200, np.uint8), "", 1, None)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_plates_in_unknown_scripts_have_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr("lpr.train.recognizer_data.drawable_designs", lambda *_, **__: DESIGNS)
    monkeypatch.setattr("lpr.train.recognizer_data.render_script_plate", _plain)
    index = render_shard(
        tmp_path,
        "0",
        5,
        1,
        fonts=FontBook(),
        alphabet=Alphabet(PLATE_CHARACTERS),
        regions=("de", "fr"),
        unknown_share=share,
    )
    assert [text == "" for text in json.loads(index.read_text())["texts"]] == [share > 0] * 5
