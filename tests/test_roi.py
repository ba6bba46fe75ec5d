from __future__ import annotations

from typing import Any

import pytest

from lpr.config import EngineConfig
from lpr.errors import ConfigError
from lpr.roi import leaves, parse_roi
from lpr.settings import check_settings

FORM = "left, top, right, bottom in frame pixels, at least 64 by 32"


@pytest.mark.parametrize(
    "wrong",
    [
        "200,300,1280,720",
        [1, 2, 300],
        [0, 0, 300, 300, 1],
        [0, 0, 63, 300],
        [0, 0, 300, 31],
        [-1, 0, 300, 300],
        [300, 300, 0, 0],
        [0, 0, 300.5, 300],
        [[0, 0], [300, 300]],
    ],
)
def test_a_roi_that_is_none_is_one_line_with_the_form(wrong: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        check_settings({"roi": wrong}, EngineConfig, "lpr.toml")
    assert str(caught.value) == f"lpr.toml: roi: roi is {FORM}, as [200, 300, 1280, 720]"


@pytest.mark.parametrize("wrong", ["", "1,2,3", "0,0,300,b", "0,0,10,10", "0 0 300 300", "0,0,9e9"])
def test_the_command_lines_roi_has_the_same_form(wrong: str) -> None:
    with pytest.raises(ValueError, match=f"is {FORM}: 200,300,1280,720$"):
        parse_roi(wrong)
    assert parse_roi(" 200, 300,1280 ,720") == (200, 300, 1280, 720)


def test_a_roi_leaves_a_picture_that_it_is_not_in() -> None:
    assert not leaves((0, 0, 640, 480), 640, 480)
    assert leaves((0, 0, 641, 480), 640, 480)
    assert leaves((0, 0, 640, 481), 640, 480)
    assert not leaves(None, 640, 480)
    assert not leaves((0, 0, 640, 480), 0, 0)
