"""Shards of rendered plates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lpr.errors import TrainingError
from lpr.recognize.alphabet import PLATE_CHARACTERS, Alphabet
from lpr.synth.fonts import FontBook
from lpr.synth.plate import RenderedPlate
from lpr.synth.scripts import DESIGNS
from lpr.train.recognizer_cache import render_shard


def _plain(
    rng: np.random.Generator, fonts: FontBook, *, height: int, wholly: bool
) -> RenderedPlate:
    assert wholly
    return RenderedPlate(np.full((height, 2 * height, 3), 200, np.uint8), "", 1, None)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_plates_in_unknown_scripts_have_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr("lpr.train.recognizer_cache.drawable_designs", lambda *_, **__: DESIGNS)
    monkeypatch.setattr("lpr.train.recognizer_cache.render_script_plate", _plain)
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


def test_a_shard_that_does_not_fit_is_one_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, _: object) -> None:
        file.write_bytes(b"half")
        raise OSError("100 requested and 0 written")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(TrainingError, match=r"0\.npy: the plates cannot be written: 100"):
        render_shard(tmp_path, "0", 1, 1, fonts=FontBook(), alphabet=Alphabet(PLATE_CHARACTERS))
    assert not list(tmp_path.iterdir())
