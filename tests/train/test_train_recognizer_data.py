"""Shards of rendered plates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.fonts import FontBook
from lpr.synth.scripts import drawable_designs
from lpr.train.recognizer_data import render_shard


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_plates_in_unknown_scripts_have_no_text(tmp_path: Path, share: float) -> None:
    fonts = FontBook()
    index = render_shard(
        tmp_path,
        "0",
        5,
        1,
        fonts=fonts,
        alphabet=Alphabet(PLATE_CHARACTERS),
        regions=("de", "fr"),
        unknown_share=share,
    )
    unknown = share > 0 and bool(drawable_designs(fonts, wholly=True))
    assert [text == "" for text in json.loads(index.read_text())["texts"]] == [unknown] * 5
