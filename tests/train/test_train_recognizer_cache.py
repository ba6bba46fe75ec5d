"""Rendered plates that were made for another run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr.train import recognizer_cache
from lpr.train.recognizer_cache import RenderedCache, empty_cache, made_otherwise, render_cache
from lpr.train.recognizer_data import PATCH_HEIGHT, PATCH_WIDTH
from lpr.train.recognizer_loop import train_recognizer
from tests.train.written_crops import small, write_crops


@pytest.fixture(autouse=True)
def _drawn_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of grey plates in place of drawn ones."""

    def shard(folder: Path, name: str, count: int, seed: int, **_: object) -> None:
        np.save(folder / f"{name}.npy", np.full((count, PATCH_HEIGHT, PATCH_WIDTH), 200, np.uint8))
        (folder / f"{name}.json").write_text(json.dumps({"seed": seed, "texts": ["A1"] * count}))

    monkeypatch.setattr(recognizer_cache, "render_shard", shard)


def test_a_cache_knows_what_filled_it(tmp_path: Path) -> None:
    assert made_otherwise(tmp_path, 0, None) is None
    render_cache(tmp_path, 3, 0, regions=("de", "fr"))
    assert made_otherwise(tmp_path, 0, ("de", "fr")) is None
    assert made_otherwise(tmp_path, 1, ("de", "fr")) == "plates of seed 0 and of regions de, fr"
    assert made_otherwise(tmp_path, 0, None) == "plates of seed 0 and of regions de, fr"
    empty_cache(tmp_path)
    assert not list(tmp_path.iterdir())


def test_of_an_older_cache_the_seed_is_known(tmp_path: Path) -> None:
    render_cache(tmp_path, 3, 4)
    (tmp_path / "made.toml").unlink()
    assert made_otherwise(tmp_path, 4, None) is None
    assert made_otherwise(tmp_path, 5, None) == "plates of seed 0004"


def test_a_new_run_does_not_train_on_the_plates_of_a_former_one(tmp_path: Path) -> None:
    options = replace(small(write_crops(tmp_path / "own"), tmp_path / "model", 1), rendered=3)
    train_recognizer(options)
    cache = options.out / "rendered"
    assert [path.name for path in cache.glob("*.npy")] == ["0000-00000.npy"]
    lines: list[str] = []
    again = replace(options, loop=replace(options.loop, seed=6), resume=False)
    train_recognizer(again, tell=lines.append)
    assert [path.name for path in cache.glob("*.npy")] == ["0006-00000.npy"]
    assert any("plates of seed 0" in line and "anew" in line for line in lines)


@pytest.mark.parametrize(("plates", "own"), [(6_000, set()), (40_000, {("kr",), ("cn",), ("ae",)})])
def test_few_plates_are_a_fair_draw_of_all_countries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plates: int, own: set[tuple[str, ...]]
) -> None:
    seen: set[tuple[str, ...] | None] = set()

    def shard(folder: Path, name: str, count: int, seed: int, **others: Any) -> None:
        seen.add(others["regions"])
        np.save(folder / f"{name}.npy", np.zeros((count, 1, 1), np.uint8))
        (folder / f"{name}.json").write_text(json.dumps({"texts": ["A1"] * count}))

    monkeypatch.setattr(recognizer_cache, "render_shard", shard)
    render_cache(tmp_path, plates, 0)
    assert seen - {None} == own


def test_a_small_shard_is_drawn_as_rarely_as_it_is_small(tmp_path: Path) -> None:
    for name, count in (("a", 900), ("b", 100)):
        np.save(tmp_path / f"{name}.npy", np.zeros((count, 1, 1), np.uint8))
        (tmp_path / f"{name}.json").write_text(json.dumps({"texts": [name] * count}))
    cache, rng = RenderedCache(tmp_path), np.random.default_rng(1)
    drawn = [cache.pick(rng).text for _ in range(1000)]
    assert 60 < drawn.count("b") < 140
