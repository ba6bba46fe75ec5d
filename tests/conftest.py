"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("lpr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lpr")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared data folder: skipped where absent, required in CI."""
    folder = Path(os.environ.get("LPR_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the shared data folder {folder} is missing in CI; set LPR_DATA")
        pytest.skip(f"the shared data folder {folder} is absent; set LPR_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample clips of the repository."""
    return ROOT / "samples"
