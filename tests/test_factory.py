from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import lpr
import lpr.factory
from lpr.config import DetectorConfig
from lpr.detect.region import RegionDetector
from lpr.factory import build_voter
from lpr.protocols import Detector

BUILDERS = [lpr.build_engine, lpr.build_still_reader]


@pytest.mark.parametrize("build", BUILDERS)
def test_wrong_regions_are_one_clear_error(build: Callable[..., Any]) -> None:
    with pytest.raises(lpr.ConfigError, match="regions: no region 'XX'") as caught:
        build(regions=("XX",))
    assert "\n" not in str(caught.value)
    with pytest.raises(lpr.ConfigError, match="regions: must be a list of texts"):
        build(regions="DE")


def test_a_region_that_is_named_twice_counts_once() -> None:
    assert lpr.EngineConfig(regions=("DE", "fr", "de")).regions == ("de", "fr")


@pytest.mark.parametrize("build", [*BUILDERS, lpr.load_models])
@pytest.mark.parametrize("config", ["lpr.toml", {"threads": 2}, Path("lpr.toml")])
def test_what_is_no_configuration_is_refused(build: Callable[..., Any], config: Any) -> None:
    with pytest.raises(TypeError, match=r"an EngineConfig, not \w+; lpr\.load_config\(\) reads"):
        build(config)


@pytest.mark.parametrize("build", BUILDERS)
def test_what_is_no_opened_model_is_refused(build: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"lpr\.load_models\(\) opens, not EngineConfig"):
        build(models=lpr.EngineConfig())


def _scores(engine: lpr.Engine, samples: Path) -> list[float]:
    frames = islice(engine.run(lpr.open_source(samples / "day-approach.mp4")), 20)
    return [found.score for result in frames for found in result.detections]


def test_a_threshold_counts_with_shared_models_too(samples: Path) -> None:
    models = lpr.load_models()
    strict = lpr.EngineConfig(detector=DetectorConfig(score_threshold=0.9))
    assert min(_scores(lpr.build_engine(models=models), samples)) < 0.9
    assert min(_scores(lpr.build_engine(strict, models=models), samples), default=1.0) >= 0.9


def test_a_threshold_stays_with_its_own_engine(samples: Path) -> None:
    strict = lpr.EngineConfig(detector=DetectorConfig(score_threshold=0.99))
    models = lpr.load_models(strict)
    assert models.finder(strict).threshold == 0.99
    assert min(_scores(lpr.build_engine(models=models), samples)) < 0.99
    with lpr.open_source(samples / "two-plates.mp4") as frames:
        picture = next(iter(frames)).image
    assert len(lpr.build_still_reader(models=models).read(picture)) == 2
    assert lpr.build_still_reader(strict, models=models).read(picture) == ()


@pytest.mark.parametrize("given", [{"camera": "north"}, {"regions": ("DE",)}])
def test_what_a_voter_knows_is_not_said_beside_it(given: dict[str, Any]) -> None:
    voter = build_voter(lpr.EngineConfig(), "south")
    with pytest.raises(lpr.ConfigError, match="give them to build_voter"):
        lpr.build_engine(voter=voter, **given)


def test_an_engine_looks_where_its_configuration_says(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[int, ...]] = []

    class Region(RegionDetector):
        def __init__(self, detector: Detector, region: tuple[int, int, int, int]) -> None:
            looked.append(region)
            super().__init__(detector, region)

    monkeypatch.setattr(lpr.factory, "RegionDetector", Region)
    config = lpr.EngineConfig(roi=(0, 0, 640, 360))
    models = lpr.factory.load_models(config)
    lpr.build_engine(config, models=models)
    lpr.build_engine(config, models=models, roi=(0, 0, 100, 100))
    lpr.build_engine(models=models)
    for wrong in ((0, 0, 10, 10), (-50, 0, 100, 100), (100, 100, 50, 50), (0, 0, 64.0, 32)):
        with pytest.raises(lpr.ConfigError, match=r"^arguments: roi: roi is left, top, right"):
            lpr.build_engine(models=models, roi=wrong)  # type: ignore[arg-type]
    assert looked == [(0, 0, 640, 360), (0, 0, 100, 100)]
