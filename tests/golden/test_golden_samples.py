"""The sample clips give the expected verdicts: demo and test in one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

import lpr
from lpr.factory import Models
from lpr.protocols import FrameSource
from lpr.types import EventKind, Frame, PlateEvent

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CLIPS = sorted(path.stem for path in SAMPLES.glob("*.mp4"))


@pytest.fixture(scope="session")
def models() -> Models:
    return lpr.load_models()


def expected_texts(name: str) -> list[str]:
    lines = (SAMPLES / f"{name}.expected.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted(json.loads(line)["text"] for line in lines)


def events_of(source: FrameSource, models: Models) -> list[PlateEvent]:
    engine = lpr.build_engine(models=models, camera="sample")
    return [event for result in engine.run(source) for event in result.events]


class SlowSource:
    """Plays a clip with pauses, as a slow machine would."""

    def __init__(self, path: Path) -> None:
        self._source = lpr.open_source(path)

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            if frame.index % 7 == 0:
                time.sleep(0.01)
            yield frame


def test_there_are_samples_by_day_by_night_with_two_plates_and_with_two_lines() -> None:
    assert len(CLIPS) >= 4


@pytest.mark.parametrize("name", CLIPS)
def test_one_right_verdict_per_vehicle(name: str, models: Models) -> None:
    events = events_of(lpr.open_source(SAMPLES / f"{name}.mp4"), models)
    verdicts = {
        event.track_id: event.text
        for event in events
        if event.kind in (EventKind.CONFIRMED, EventKind.REVISED)
    }
    assert sorted(verdicts.values()) == expected_texts(name)
    departed = [event.track_id for event in events if event.kind is EventKind.DEPARTED]
    assert sorted(departed) == sorted(verdicts)


def test_a_replay_at_another_speed_gives_identical_events(models: Models) -> None:
    path = SAMPLES / f"{CLIPS[0]}.mp4"
    assert events_of(lpr.open_source(path), models) == events_of(SlowSource(path), models)
