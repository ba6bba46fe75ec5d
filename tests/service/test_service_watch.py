from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from lpr.config import EngineConfig
from lpr.engine import Engine
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.direction import Direction
from lpr.gate.plate_list import PlateList
from lpr.gate.rig import PLATES, START, Rig, site
from lpr.geometry import Quad
from lpr.service.build import sure_engine
from lpr.service.messages import Pulse, Report, Seen, Started
from lpr.service.watch import CameraWatch
from lpr.sources import CameraState, CameraStats, CameraStatus
from lpr.testing import (
    PlainRectifier,
    ScriptedDetector,
    ScriptedRecognizer,
    blank_frame,
    sure_reading,
)
from lpr.track import PlateTracker
from lpr.types import Detection, EventKind, Frame
from lpr.vote import PlateVoter

RATE = 10
FREE, LINE = 340.0, 500.0


class Camera:
    """Yields its frames one after the other, whatever the time is."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.still_every = 0.0
        self.clock_offset: float | None = time.time() - time.monotonic()
        self.status = CameraStatus(CameraState.ONLINE, "")
        self.stats = CameraStats()
        self._frames = list(frames)

    @property
    def ended(self) -> bool:
        return not self._frames

    def poll(self) -> Frame | None:
        return self._frames.pop(0)

    def close(self) -> None:
        return


def height(second: float, hidden: float) -> float:
    """Where the plate is: it drives down, stands for as long as it is hidden, and crosses."""
    if second < 2:
        return FREE + 50 * second
    return 440 + 60 * max(0.0, second - 2.2 - hidden)


def reports(hidden: float, beyond: float = 4.0) -> list[Report]:
    """What a worker tells of one vehicle that an arm hides for some seconds before the line."""
    script: list[list[Detection]] = []
    for number in range(round((2.2 + hidden + beyond) * RATE)):
        second = number / RATE
        y = height(second, hidden)
        found = Detection(Quad.from_box(580, y - 15, 720, y + 15), 0.95)
        script.append([] if 2 <= second < 2 + hidden else [found])
    config = sure_engine(EngineConfig(), site().gates[0].policy)
    voter = PlateVoter(config.voter, camera="north")
    engine = Engine(
        ScriptedDetector(script),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading("AB123CX", probability=0.9995)]),
        PlateTracker(config.tracker),
        voter,
    )
    told: list[Report] = []
    watch = CameraWatch(engine, voter.passage_of, look_every=3.0, tell=told.append)
    frames = [
        blank_frame(number, 1 + number / RATE, width=1280, height=720, camera="north")
        for number in range(len(script))
    ]
    watch.play(Camera(frames), lambda: False)
    return told


def decisions(told: Sequence[Report]) -> tuple[Rig, list[Decision]]:
    """What a gate with a line decides about it; AB123CX may only come in."""
    line = {"name": "north", "line": [[0, LINE], [1280, LINE]]}
    entry = replace(PLATES.match("AB123CX").exact[0], direction=Direction.IN)
    rig = Rig(
        site(gates=[{"name": "main", "cameras": [line]}]), PlateList([entry], PLATES.confusables)
    )
    made: list[Decision] = []
    for seen in told:
        if isinstance(seen, Seen):
            moment = START.later(100 + seen.time)
            made += rig.gate.observe("north", seen.tracks, time=seen.time, age=0.1, moment=moment)
            made += [rig.gate.handle(one, age=0.1, moment=moment) for one in seen.events]
    return rig, made


@pytest.mark.parametrize("hidden", [0.5, 2.3, 2.6])
def test_a_plate_that_was_lost_and_found_again_is_the_same_vehicle(hidden: float) -> None:
    told = reports(hidden)
    assert isinstance(told[0], Started)
    rig, made = decisions(told)
    verdicts = [(one.action, one.reason) for one in made]
    assert verdicts[0] == (Action.ASK, Reason.DIRECTION_UNKNOWN)
    assert (Action.OPEN, Reason.EXACT_MATCH) in verdicts
    assert rig.openings == 1


def test_tracks_and_pictures_carry_the_number_of_the_events() -> None:
    seen = [one for one in reports(2.6) if isinstance(one, Seen)]
    events = [event for one in seen for event in one.events]
    assert {event.track_id for event in events} == {1}
    late = [track for track in seen[-1].tracks if track.detection is not None]
    assert [track.id for track in late] == [1]
    for one in seen:
        verdicts = {event.track_id for event in one.events if event.kind is EventKind.CONFIRMED}
        assert set(one.pictures) >= verdicts


def test_the_counters_are_told_to_the_end() -> None:
    """A recording is over before the next pulse would be due."""
    told = reports(0.5)
    pulses = [one for one in told if isinstance(one, Pulse)]
    assert pulses[-1].looked == sum(isinstance(one, Seen) for one in told)
