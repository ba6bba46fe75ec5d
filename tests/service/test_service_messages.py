from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.gate.fakes import sure_event
from lpr.geometry import Quad
from lpr.service.messages import (
    Failed,
    Flushed,
    MessageError,
    Pulse,
    Report,
    Seen,
    Started,
    decode,
    encode,
)
from lpr.sources.status import CameraState, CameraStats, CameraStatus
from lpr.types import Detection, Track, TrackState

QUAD = Quad.from_box(1.5, 2.25, 101.125, 27.0)
TRACKS = (
    Track(3, QUAD, TrackState.ACTIVE, 1.0, 2.0, 5, Detection(QUAD, 0.75, 2)),
    Track(4, QUAD, TrackState.LOST, 1.0, 1.5, 2, None),
)


@pytest.mark.parametrize(
    "report",
    [
        Started(),
        Failed("no such model"),
        Flushed((sure_event("AB123CX"),)),
        Pulse(
            CameraStatus(CameraState.DEGRADED, "no frame for 3.0 s"),
            CameraStats(frames=5, still=4, dropped=3, damaged=2, losses=1, restarts=9, jumps=8),
            14.9,
            5,
            0.25,
        ),
        Seen(
            1.5, 0.5, TRACKS, (sure_event("AB123CX", track_id=3),), {3: b"\xff\xd8one", 4: b"two"}
        ),
        Seen(1.5, 0.5),
    ],
)
def test_reports_come_back_as_they_were(report: Report) -> None:
    head, body = encode(report)
    assert decode(json.loads(json.dumps(head)), body) == report


@given(st.binary(max_size=200), st.sampled_from(["seen", "pulse", "flushed", "x"]), st.integers())
def test_nonsense_is_refused(data: bytes, kind: str, size: int) -> None:
    body = np.frombuffer(data, np.uint8)
    with pytest.raises(MessageError):
        decode({"kind": kind, "json": size % (len(data) + 1)}, body)


@pytest.mark.parametrize("size", [-1, 10, "1", None])
def test_sizes_that_do_not_fit_are_refused(size: int | str | None) -> None:
    with pytest.raises(MessageError):
        decode({"kind": "started", "json": size}, np.frombuffer(b"{}", np.uint8))


def test_numbers_that_are_none_are_refused() -> None:
    text = b'{"time": NaN, "taken": 0, "tracks": [], "events": [], "pictures": []}'
    with pytest.raises(MessageError):
        decode({"kind": "seen", "json": len(text)}, np.frombuffer(text, np.uint8))


def test_places_far_outside_of_any_picture_are_refused() -> None:
    """Geometry fails with them, in the service itself."""
    (track, *_) = TRACKS
    far = replace(track, quad=Quad.from_box(0, 0, 1e308, 10))
    head, body = encode(Seen(1.5, 0.5, (far,)))
    with pytest.raises(MessageError, match="far outside"):
        decode(json.loads(json.dumps(head)), body)
