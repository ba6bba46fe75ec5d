"""An event to write."""

from __future__ import annotations

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
