from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lpr.factory import build_engine
from lpr.gate.config import GateConfig
from lpr.gate.decision import Action, Decision, Reason
from lpr.gate.fakes import plain_list
from lpr.gate.plate_text import normalise
from lpr.gate.rig import START, Rig
from lpr.service import replay
from lpr.service.build import engine_config, sure_engine
from lpr.service.replay import EMPTY_SECONDS, ReplaySource
from lpr.settings import check_settings
from lpr.types import Frame
from lpr.vote.options import VoterOptions

ROOT = Path(__file__).resolve().parents[2]
RATE = 10
PICTURE = np.zeros((6, 8, 3), np.uint8)


class Recording:
    """Two seconds of black pictures."""

    def __iter__(self) -> Iterator[Frame]:
        for index in range(2 * RATE):
            yield Frame(PICTURE, index, index / RATE, "north")

    def close(self) -> None:
        return


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(replay, "time", clock)
    monkeypatch.setattr(replay, "open_source", lambda *_, **__: Recording())
    return clock


def played(source: ReplaySource, clock: Clock, seconds: float) -> list[Frame]:
    frames: list[Frame] = []
    end = clock.now + seconds
    while clock.now < end and not source.ended:
        frame = source.poll()
        if frame is not None:
            frames.append(frame)
    return frames


def test_between_two_rounds_the_road_is_empty(clock: Clock) -> None:
    """Without it, one vehicle would stay in view from the start to the end of time."""
    source = ReplaySource("clip.mp4", camera="north", loop=True)
    frames = played(source, clock, 2 * (2 + EMPTY_SECONDS) + 1)
    shown = [frame for frame in frames if not frame.image.any()]
    gaps = [later.time - frame.time for frame, later in pairwise(shown)]
    assert [round(gap, 3) for gap in gaps if gap > 1.5 / RATE] == [EMPTY_SECONDS] * 2
    assert VoterOptions().retrigger_seconds < EMPTY_SECONDS
    empty = [frame for frame in frames if frame.image.any()]
    assert all((frame.image == frame.image[0, 0]).all() for frame in empty)
    times = [frame.time for frame in frames]
    assert max(np.diff(times)) <= 1
    assert min(np.diff(times)) > 0
    assert [frame.index for frame in frames] == list(range(len(frames)))


def test_once_is_once(clock: Clock) -> None:
    source = ReplaySource("clip.mp4", camera="north", loop=False)
    assert len(played(source, clock, 10)) == 2 * RATE
    assert source.ended
    assert source.status.reason == "the recording has ended"


def test_the_example_of_the_page_shows_that_a_gate_would_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    example = page.partition("## Trying it without a camera")[2].partition("```toml")[2]
    plate = re.findall(r'lists add plates.csv "(.*?)"', example)
    config = check_settings(tomllib.loads(example.partition("```")[0]), GateConfig, "page")
    camera = config.gates[0].cameras[0]
    clock = Clock()
    monkeypatch.setattr(replay, "time", clock)
    settings = sure_engine(engine_config(config), config.gates[0].policy)
    engine = build_engine(settings, camera=camera.name)
    rig = Rig(config, plain_list([normalise(one) for one in plate]))
    source = ReplaySource(str(ROOT / str(camera.source)), camera=camera.name, loop=True)
    made: list[Decision] = []
    while clock.now < START.time + 25:
        frame = source.poll()
        for event in engine.process(frame).events if frame is not None else ():
            moment = START.later(event.time - START.time)
            made.append(rig.gate.handle(event, age=0.1, moment=moment))
    source.close()
    shown = [(one.action, one.reason, one.would) for one in made if one.text == "HZ354PM"]
    assert shown[0][:2] == (Action.ASK, Reason.STARTING)
    assert (Action.IGNORE, Reason.DRY_RUN, Action.OPEN) in shown
