"""Readings of one vehicle, together as the engine's voter has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.clips600.baselines import best_frame, majority
from bench.clips600.passages import PassageLog, PassageReadings
from bench.clips600.recording import RecordedFrame, RecordedLook, _Player
from lpr.config import EngineConfig
from lpr.engine import Engine
from lpr.evaluate.datasets import Clip, ClipPlate
from lpr.evaluate.events import score_clip
from lpr.factory import build_voter
from lpr.geometry import Quad
from lpr.testing import sure_reading
from lpr.track.tracker import PlateTracker
from lpr.types import CropQuality, Detection, Frame, PlateEvent

SAME: list[str | None] = ["AB123CD"]
OTHER: list[str | None] = ["XY98765"]
NOTHING: list[str | None] = [""]
HIDDEN: list[str | None] = [None] * 6
GRACE = EngineConfig().voter.departure_grace


def _drive(
    says: list[str | None],
) -> tuple[tuple[PassageReadings, ...], set[int], list[PlateEvent]]:
    """A plate that drives through the picture, None where it is hidden; its passages and tracks."""
    config, player = EngineConfig(), _Player()
    voter = build_voter(config)
    engine = Engine(player, player, player, PlateTracker(config.tracker), voter)
    log = PassageLog(voter, GRACE)
    tracks: set[int] = set()
    events: list[PlateEvent] = []
    for number, text in enumerate(says):
        x = 50.0 + 10 * number
        found = Detection(Quad.from_box(x, 100, x + 120, 130), 0.9)
        looks = []
        if text is not None:
            quality = CropQuality(120.0, 0.8)
            reading = sure_reading(text, probability=0.97, quality=quality)
            looks = [RecordedLook(found, reading, None)]
        player.show(RecordedFrame(number, number / 10, tuple(looks)))
        result = engine.process(Frame(np.zeros((1, 1, 3), np.uint8), number, number / 10))
        log.add(result)
        tracks |= {track.id for track in result.tracks}
        events += result.events
    events += engine.finish()
    return log.passages(), tracks, events


@pytest.mark.parametrize("hidden", [5, 8], ids=["joined", "a silent repetition"])
def test_a_broken_track_is_one_vehicle_to_the_baselines_too(hidden: int) -> None:
    # The second track's first look says nothing, which no voter keeps.
    passages, tracks, events = _drive(SAME * 6 + HIDDEN * hidden + NOTHING + SAME * 6)
    assert len(tracks) == 2
    assert len({event.track_id for event in events}) == 1
    (passage,) = passages
    assert {passage.passage_id} == {event.track_id for event in events}
    clip = Clip(Path("a.mp4"), 10.0, 60, (ClipPlate("AB123CD", 0, 59),))
    for choose in (best_frame, majority):
        assert score_clip(clip, choose(passage)).entirely_right


def test_two_vehicles_on_one_track_are_two_to_the_baselines() -> None:
    passages, tracks, events = _drive(SAME * 10 + HIDDEN + OTHER * 14)
    assert len(tracks) == 1
    assert {event.text for event in events} == {"AB123CD", "XY98765"}
    texts = [{reading.text for reading in passage.readings} for passage in passages]
    assert texts == [{"AB123CD"}, {"XY98765"}]


def test_a_baseline_stands_until_the_engine_lets_go_of_its_plate() -> None:
    """A settled plate is read no more: its last reading is long before its last sight."""
    (passage,), _, events = _drive(SAME * 30 + HIDDEN * 5)
    assert passage.first_seen == 0.0
    assert passage.times[-1] < 2.9
    assert passage.gone == 2.9 + GRACE
    assert events[-1].time >= passage.gone
