from __future__ import annotations

from pathlib import Path

import pytest

from lpr.synth.fonts import FontBook


@pytest.fixture(scope="module")
def fonts(shared_data: Path) -> FontBook:
    """The typefaces of the shared data."""
    return FontBook([shared_data / "fonts"])
