from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lpr

BUILDERS = [lpr.build_engine, lpr.build_still_reader]


@pytest.mark.parametrize("build", BUILDERS)
def test_wrong_regions_are_one_clear_error(build: Callable[..., Any]) -> None:
    with pytest.raises(lpr.ConfigError, match="regions: no region 'XX'") as caught:
        build(regions=("XX",))
    assert "\n" not in str(caught.value)
    with pytest.raises(lpr.ConfigError, match="regions: must be a list of texts"):
        build(regions="DE")
