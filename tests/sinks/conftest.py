"""An event to write, a place to write many, and the verifier of the documentation."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent, TextCandidate


@pytest.fixture
def event() -> PlateEvent:
    """A confirmed plate."""
    return PlateEvent(
        kind=EventKind.CONFIRMED,
        camera="gate",
        track_id=3,
        text="AB123CD",
        raw_text="A8123CD",
        confidence=0.98,
        char_scores=(0.99, 0.97, 1.0, 1.0, 0.98, 0.96, 0.95),
        alternatives=(TextCandidate("AB123CD", 0.98), TextCandidate("A8123CD", 0.01)),
        region="DE",
        readings=7,
        agreeing=5,
        first_seen=1.2,
        time=2.04,
        frame_index=51,
        quad=Quad((10.0, 20.0), (110.5, 21.0), (110.0, 41.3), (10.2, 40.0)),
    )


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of commits do not wait for a busy disk."""
    memory = Path("/dev/shm")  # noqa: S108 - the system's own
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="lpr-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def verify() -> Callable[..., bool]:
    """What docs/integrations.md tells receivers to verify messages with."""
    page = Path(__file__).resolve().parents[2] / "docs" / "integrations.md"
    code = page.read_text("utf-8").split("<!-- run: verify -->\n```python\n", 1)[1]
    names: dict[str, Any] = {}
    exec(code.split("```", 1)[0], names)  # noqa: S102 - the page's own code
    found: Callable[..., bool] = names["verify"]
    return found
