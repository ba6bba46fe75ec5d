from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import Mock

import pytest

from lpr.engine import Engine
from lpr.errors import ModelError, SourceError
from lpr.geometry import Quad
from lpr.testing import (
    CountingFuser,
    ListSource,
    PlainRectifier,
    ScriptedDetector,
    ScriptedRecognizer,
    blank_frame,
    sure_reading,
)
from lpr.track.tracker import PlateTracker
from lpr.types import Detection, EventKind, PlateEvent, Reading, Track, TrackState
from lpr.vote.voter import PlateVoter


class OneToOneTracker:
    """Each detection is a track of its own, numbered by place."""

    def update(self, detections: Sequence[Detection], *, time: float) -> tuple[Track, ...]:
        return tuple(
            Track(number, found.quad, TrackState.ACTIVE, 0.0, time, 1, found)
            for number, found in enumerate(detections, start=1)
        )

    def reset(self) -> None:
        """Nothing is kept."""


class GreedyVoter:
    """Wants every track, the higher numbered the more, and notes what it was given."""

    def __init__(self) -> None:
        self.added: list[tuple[int, str, int]] = []

    def wants(self, track: Track, *, time: float) -> float:
        return float(track.id)

    def add(self, track: Track, reading: Reading, *, frame_index: int, time: float) -> None:
        self.added.append((track.id, reading.text, frame_index))

    def passage_of(self, track_id: int) -> int | None:
        return None

    def collect(
        self, tracks: Sequence[Track], *, frame_index: int, time: float
    ) -> tuple[PlateEvent, ...]:
        return ()

    def flush(self, *, time: float) -> tuple[PlateEvent, ...]:
        return ()


def detection(left: float) -> Detection:
    return Detection(Quad.from_box(left, 10, left + 120, 36), 0.95)


def engine_over(script: Sequence[Sequence[Detection]], text: str = "AB123CD") -> Engine:
    return Engine(
        ScriptedDetector(script),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading(text)]),
        PlateTracker(),
        PlateVoter(),
    )


def test_the_most_wanted_tracks_are_read_first_and_no_more_than_allowed() -> None:
    voter, recognizer = GreedyVoter(), ScriptedRecognizer([sure_reading("A1"), sure_reading("B2")])
    engine = Engine(
        ScriptedDetector([[detection(0), detection(200), detection(400)]]),
        PlainRectifier(),
        recognizer,
        OneToOneTracker(),
        voter,
        max_reads=2,
    )
    result = engine.process(blank_frame(7, 0.0))
    assert voter.added == [(3, "A1", 7), (2, "B2", 7)]
    assert recognizer.crops_read == 2
    assert [item.track_id for item in result.readings] == [3, 2]
    assert all(item.reading.quality is not None for item in result.readings)


def test_what_looks_make_together_is_read_after_them() -> None:
    class Noting(GreedyVoter):
        def add(self, track: Track, reading: Reading, *, frame_index: int, time: float) -> None:
            super().add(track, reading, frame_index=frame_index, time=time)
            looks.append(reading.looks)

    looks: list[int] = []
    voter, fuser = Noting(), CountingFuser()
    texts = ["A1", "B2", "A3", "B4", "A5", "B6"]
    engine = Engine(
        ScriptedDetector([[detection(0), detection(200)]] * 2),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading(text) for text in texts]),
        OneToOneTracker(),
        voter,
        fuser=fuser,
    )
    first, second = (engine.process(blank_frame(n, n / 10)) for n in range(2))
    assert first.fused == ()
    assert [item.reading.text for item in second.readings] == ["A3", "B4"]
    assert [(item.track_id, item.reading.text) for item in second.fused] == [(2, "A5"), (1, "B6")]
    assert voter.added[2:] == [(2, "A3", 1), (1, "B4", 1), (2, "A5", 1), (1, "B6", 1)]
    assert looks == [1, 1, 1, 1, 2, 2]
    engine.finish()
    assert not fuser.seen


def test_looks_are_fused_by_vehicle() -> None:
    class Knowing(GreedyVoter):
        def passage_of(self, track_id: int) -> int | None:
            return {1: 7}.get(track_id)

    fuser = CountingFuser()
    engine = Engine(
        ScriptedDetector([[detection(0), detection(200)]]),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading("A1")]),
        OneToOneTracker(),
        Knowing(),
        fuser=fuser,
    )
    engine.process(blank_frame(0, 0.0))
    assert fuser.seen == {7: 1, 2: 1}


def test_the_looks_of_ended_tracks_are_forgotten() -> None:
    fuser = CountingFuser()
    engine = Engine(
        ScriptedDetector([[detection(4.0 * i)] for i in range(5)]),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading("AB123CD", probability=0.8)]),
        PlateTracker(),
        PlateVoter(),
        fuser=fuser,
    )
    for n in range(120):
        engine.process(blank_frame(n, n / 25))
    assert fuser.forgotten == [1]
    assert not fuser.seen


def test_looks_are_kept_while_any_track_of_the_vehicle_lives() -> None:
    class Ending(OneToOneTracker):
        def update(self, detections: Sequence[Detection], *, time: float) -> tuple[Track, ...]:
            tracks = super().update(detections, time=time)
            return tuple(
                replace(one, state=TrackState.ENDED, detection=None) if time >= one.id else one
                for one in tracks
            )

    class Knowing(GreedyVoter):
        def passage_of(self, track_id: int) -> int | None:
            return 2 if self.added else None

    fuser = CountingFuser()
    engine = Engine(
        ScriptedDetector([[detection(0), detection(200), detection(400)]] * 4),
        PlainRectifier(),
        ScriptedRecognizer([sure_reading("A1")]),
        Ending(),
        Knowing(),
        fuser=fuser,
    )
    engine.process(blank_frame(0, 0.0))
    assert fuser.seen == {1: 1, 2: 1, 3: 1}
    engine.process(blank_frame(1, 1.0))
    assert fuser.seen == {2: 3, 3: 1}
    engine.process(blank_frame(2, 2.0))
    assert fuser.seen == {2: 4, 3: 1}
    engine.process(blank_frame(3, 3.0))
    assert fuser.seen == {}


def test_a_passage_gives_one_verdict_and_one_departure() -> None:
    engine = engine_over([[detection(4.0 * i)] for i in range(25)])
    frames = [blank_frame(i, i / 25) for i in range(100)]
    events = [event for result in engine.run(ListSource(frames)) for event in result.events]
    assert [event.kind for event in events] == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert events[0].text == "AB123CD"
    assert events[0].time < 1.2


def test_events_carry_the_camera_of_their_frames() -> None:
    engine = engine_over([[detection(4.0 * i)] for i in range(25)])
    frames = [blank_frame(i, i / 25, camera="gate") for i in range(25)]
    events = [event for result in engine.run(ListSource(frames)) for event in result.events]
    assert [(event.kind, event.camera) for event in events] == [
        (EventKind.CONFIRMED, "gate"),
        (EventKind.DEPARTED, "gate"),
    ]


def test_events_still_due_come_with_the_end_of_the_source() -> None:
    engine = engine_over([[detection(4.0 * i)] for i in range(25)])
    results = list(engine.run(ListSource([blank_frame(i, i / 25) for i in range(25)])))
    kinds = [event.kind for result in results for event in result.events]
    assert kinds[-1] == EventKind.DEPARTED
    assert results[-1].detections == ()


def test_the_same_frames_give_the_same_events_again() -> None:
    script = [[detection(4.0 * i)] for i in range(25)]
    frames = [blank_frame(i, i / 25) for i in range(60)]

    def events(engine: Engine) -> list[PlateEvent]:
        return [event for result in engine.run(ListSource(frames)) for event in result.events]

    assert events(engine_over(script)) == events(engine_over(script))


def test_a_settled_track_costs_no_reading() -> None:
    recognizer = ScriptedRecognizer([sure_reading("AB123CD")])
    script = [[detection(2.0 * i)] for i in range(100)]
    engine = Engine(
        ScriptedDetector(script), PlainRectifier(), recognizer, PlateTracker(), PlateVoter()
    )
    for i in range(100):
        engine.process(blank_frame(i, i / 25))
    assert recognizer.crops_read < 40


def test_time_must_rise() -> None:
    engine = engine_over([])
    engine.process(blank_frame(0, 1.0))
    with pytest.raises(ValueError, match="not later than the one before"):
        engine.process(blank_frame(1, 1.0))


def test_a_frame_that_failed_before_it_was_followed_may_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_over([])
    with monkeypatch.context() as broken, pytest.raises(ModelError):
        broken.setattr(ScriptedDetector, "detect", Mock(side_effect=ModelError("no memory")))
        engine.process(blank_frame(0, 1e9))
    assert engine.process(blank_frame(0, 0.0)).index == 0


def test_after_finish_a_new_recording_may_start_at_zero() -> None:
    engine = engine_over([[detection(0)]] * 10)
    engine.process(blank_frame(0, 5.0))
    engine.finish()
    engine.process(blank_frame(0, 0.0))


def test_finish_without_frames_is_harmless() -> None:
    assert engine_over([]).finish() == ()


def test_a_broken_source_raises_after_its_frames_and_is_closed() -> None:
    source = ListSource([blank_frame(i, i / 25) for i in range(3)], SourceError("cable cut"))
    seen: list[int] = []
    with pytest.raises(SourceError, match="cable cut"):
        seen.extend(result.index for result in engine_over([]).run(source))
    assert seen == [0, 1, 2]
    assert source.closed


def test_what_was_due_when_a_source_broke_is_told() -> None:
    engine = engine_over([[detection(4.0 * i)] for i in range(25)])
    frames = [blank_frame(i, i / 25) for i in range(25)]
    kinds: list[EventKind] = []
    with pytest.raises(SourceError, match="cable cut"):
        for result in engine.run(ListSource(frames, SourceError("cable cut"))):
            kinds.extend(event.kind for event in result.events)
    assert kinds == [EventKind.CONFIRMED, EventKind.DEPARTED]
    assert len(list(engine.run(ListSource(frames[:3])))) == 3, "another source begins anew"


def test_who_looks_no_further_may_take_another_source() -> None:
    engine = engine_over([[detection(4.0 * i)] for i in range(25)])
    frames = [blank_frame(i, i / 25) for i in range(25)]
    for result in engine.run(ListSource(frames)):
        if result.index == 4:
            break
    assert [result.index for result in engine.run(ListSource(frames[:3]))][:3] == [0, 1, 2]


def test_at_least_one_reading_a_frame() -> None:
    with pytest.raises(ValueError, match="max_reads"):
        Engine(
            ScriptedDetector([]),
            PlainRectifier(),
            ScriptedRecognizer([]),
            OneToOneTracker(),
            GreedyVoter(),
            max_reads=0,
        )


class Remembering(ScriptedDetector):
    """Remembers the recording until it is told that it is over."""

    resets = 0

    def reset(self) -> None:
        """Count."""
        self.resets += 1


def test_the_end_of_a_recording_is_told_to_a_detector_that_remembers() -> None:
    detector = Remembering([[], []])
    engine = Engine(
        detector, PlainRectifier(), ScriptedRecognizer([]), PlateTracker(), PlateVoter()
    )
    assert engine.finish() == ()
    engine.process(blank_frame(0, 0.0))
    engine.finish()
    assert detector.resets == 1
