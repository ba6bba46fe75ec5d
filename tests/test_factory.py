from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lpr
import lpr.factory
from lpr.detect.region import RegionDetector
from lpr.protocols import Detector

BUILDERS = [lpr.build_engine, lpr.build_still_reader]


@pytest.mark.parametrize("build", BUILDERS)
def test_wrong_regions_are_one_clear_error(build: Callable[..., Any]) -> None:
    with pytest.raises(lpr.ConfigError, match="regions: no region 'XX'") as caught:
        build(regions=("XX",))
    assert "\n" not in str(caught.value)
    with pytest.raises(lpr.ConfigError, match="regions: must be a list of texts"):
        build(regions="DE")


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
    assert looked == [(0, 0, 640, 360), (0, 0, 100, 100)]
