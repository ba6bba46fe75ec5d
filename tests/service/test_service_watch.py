from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from lpr.config import EngineConfig
from lpr.engine import Engine
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.direction import Direction
from lpr.gate.evidence import by_passage
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
from lpr.types import CropQuality, Detection, EventKind, Frame
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


def seen_by_gate(hidden: Sequence[tuple[float, float]], confidence: float) -> Rig:
    """A listed car drives up and waits for two minutes, hidden now and then; later it is sure."""
    config = sure_engine(EngineConfig(), site().gates[0].policy)
    voter, tracker, rig = PlateVoter(config.voter, camera="north"), PlateTracker(), Rig(site())
    for number in range(150 * RATE):
        second = number / RATE
        near = min(max(0.0, second - 10), 3)
        x, y, width = 500 + 10 * near, 200 + 60 * near, 90 + 20 * near
        away = second < 10 or any(begin <= second < end for begin, end in hidden)
        box = Quad.from_box(x - width / 2, y, x + width / 2, y + width / 4)
        tracks = tracker.update([] if away else [Detection(box, 0.92)], time=second)
        for track in tracks:
            if track.detection is not None and voter.wants(track, time=second) > 0:
                first = confidence if second < hidden[0][0] else 0.97
                quality = CropQuality(width, 0.8)
                look = sure_reading("AB123CX", probability=first ** (1 / 7), quality=quality)
                voter.add(track, look, frame_index=number, time=second)
        events = voter.collect(tracks, frame_index=number, time=second)
        moment, told = START.later(100 + second), {event.track_id for event in events}
        followed = by_passage(tracks, voter.passage_of)
        rig.gate.observe("north", followed, time=second, age=0.1, moment=moment, told=told)
        for event in events:
            rig.gate.handle(event, age=0.1, moment=moment)
    return rig


def test_a_car_that_stays_opens_the_gate_once_however_often_it_is_hidden() -> None:
    assert seen_by_gate([(30, 35), (110, 122)], 0.97).openings == 1


@pytest.mark.parametrize("seconds", [2.0, 4.5, 8.0, 12.0])
def test_a_car_that_was_unsure_and_hidden_is_let_in_when_it_is_sure(seconds: float) -> None:
    assert seen_by_gate([(11, 11 + seconds)], 0.5).openings == 1


@pytest.mark.parametrize("look_every", [3.0, 12.0, 30.0])
def test_a_camera_that_is_looked_at_seldom_is_not_lost(
    look_every: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after an idle while begins nothing anew: it would be kept out."""
    now = [1000.0]
    monkeypatch.setattr("lpr.service.watch.time.monotonic", lambda: now[0])

    class Idle(Camera):
        last = 0.0

        def poll(self) -> Frame | None:
            now[0] += 0.5
            if now[0] - self.last < self.still_every:
                return None
            self.last = now[0]
            return super().poll()

    config = sure_engine(EngineConfig(), site().gates[0].policy)
    voter = PlateVoter(config.voter, camera="north")
    engine = Engine(
        ScriptedDetector([[]] * 40),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading("AB123CX", probability=0.9995)]),
        PlateTracker(config.tracker),
        voter,
    )
    told: list[Report] = []
    watch = CameraWatch(engine, voter.passage_of, look_every=look_every, tell=told.append)
    frames = [blank_frame(n, 1.0 + n, width=64, height=48, camera="north") for n in range(40)]
    watch.play(Idle(frames), lambda: False)
    assert sum(isinstance(one, Started) for one in told) == 1
