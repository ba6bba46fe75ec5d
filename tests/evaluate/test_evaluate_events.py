"""Verdicts on clips, by hand-made events."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpr.evaluate.clip_comparison import ClipFlags, compare, flags_of
from lpr.evaluate.clip_report import MISSED, NO_EVENT, RIGHT, WRONG
from lpr.evaluate.datasets import Clip, ClipPlate
from lpr.evaluate.events import evaluate_clips, score_clip, verdicts_of
from lpr.geometry import Quad
from lpr.types import EventKind, PlateEvent, UnreadReason

_CLIP = Clip(
    Path("a.mp4"), 25.0, 100, (ClipPlate("AB123CD", 25, 75),), ("UNSURE1",), tags=("night",)
)


def _event(
    text: str,
    *,
    track: int = 1,
    time: float = 2.0,
    kind: EventKind = EventKind.CONFIRMED,
    first_seen: float = 1.0,
    confidence: float = 0.995,
    reason: UnreadReason | None = None,
) -> PlateEvent:
    return PlateEvent(
        kind=kind,
        camera="a",
        track_id=track,
        text=text,
        raw_text=text,
        confidence=confidence,
        char_scores=(1.0,) * len(text),
        alternatives=(),
        region=None,
        readings=3,
        agreeing=3,
        first_seen=first_seen,
        time=time,
        frame_index=int(time * 25),
        quad=Quad.from_box(0, 0, 10, 5),
        reason=reason,
    )


def test_the_last_revision_is_the_verdict() -> None:
    events = [
        _event("AB123C0", time=1.5),
        _event("AB123CD", time=2.0, kind=EventKind.REVISED),
        _event("AB123CD", time=3.0, kind=EventKind.DEPARTED),
    ]
    (verdict,) = verdicts_of(events)
    assert (verdict.text, verdict.first_text, verdict.time) == ("AB123CD", "AB123C0", 2.0)
    outcome = score_clip(_CLIP, events)
    assert outcome.entirely_right
    assert outcome.early_wrong == 1
    assert outcome.plates[0].seconds == pytest.approx(1.0)


def test_a_second_verdict_is_a_duplicate() -> None:
    outcome = score_clip(_CLIP, [_event("AB123CD"), _event("AB123CD", track=2, time=2.5)])
    assert outcome.plates[0].outcome == RIGHT
    assert outcome.plates[0].duplicates == 1
    assert not outcome.entirely_right
    assert outcome.wrong_verdicts == 0


def test_a_misreading_is_wrong_and_something_else_is_false() -> None:
    outcome = score_clip(_CLIP, [_event("AB123C0"), _event("ZZZZ99999", track=2)])
    assert outcome.plates[0].outcome == WRONG
    assert outcome.plates[0].got == ("AB123C0",)
    assert outcome.false == (("ZZZZ99999", 0.995),)
    assert outcome.wrong_verdicts == 2
    assert outcome.verdicts == ((0.995, False), (0.995, False))


def test_uncertain_texts_count_for_nothing() -> None:
    outcome = score_clip(_CLIP, [_event("AB123CD"), _event("UNSURE1", track=2)])
    assert outcome.entirely_right


def test_a_missed_plate_keeps_its_reason() -> None:
    unread = _event("", kind=EventKind.UNREAD, reason=UnreadReason.BLURRED)
    assert score_clip(_CLIP, [unread]).plates[0].reason == "blurred"
    nothing = score_clip(_CLIP, []).plates[0]
    assert (nothing.outcome, nothing.reason) == (MISSED, NO_EVENT)


def test_an_unread_event_explains_one_plate() -> None:
    early, late = ClipPlate("AB123CD", 0, 30), ClipPlate("XY12345", 20, 90)
    clip = Clip(Path("a.mp4"), 25.0, 100, (early, late))

    def unread(track: int, first_seen: float, time: float, reason: UnreadReason) -> PlateEvent:
        kind = EventKind.UNREAD
        return _event("", track=track, kind=kind, first_seen=first_seen, time=time, reason=reason)

    blurred = unread(1, 0.8, 3.5, UnreadReason.BLURRED)
    one = score_clip(clip, [blurred])
    assert [plate.reason for plate in one.plates] == [NO_EVENT, "blurred"]
    disagree = unread(2, 0.0, 1.0, UnreadReason.VOTES_DISAGREE)
    for events in ([blurred, disagree], [disagree, blurred]):
        both = score_clip(clip, events)
        assert [plate.reason for plate in both.plates] == ["votes_disagree", "blurred"]


def test_a_right_text_at_the_wrong_time_is_false() -> None:
    late = _event("AB123CD", first_seen=3.9, time=3.95)
    assert score_clip(_CLIP, [late]).false == (("AB123CD", 0.995),)


def test_two_vehicles_with_one_text_need_two_verdicts() -> None:
    clip = Clip(
        Path("b.mp4"), 25.0, 100, (ClipPlate("AB123CD", 0, 99), ClipPlate("AB123CD", 0, 99)), ()
    )
    both = score_clip(clip, [_event("AB123CD"), _event("AB123CD", track=2)])
    assert both.entirely_right
    one = score_clip(clip, [_event("AB123CD")])
    assert sorted(plate.outcome for plate in one.plates) == [MISSED, RIGHT]


def test_report_figures_and_comparison() -> None:
    empty = Clip(Path("none.mp4"), 25.0, 100, (), (), tags=("day",))
    said = {"a.mp4": [_event("AB123CD")], "none.mp4": [_event("XX1")]}
    report = evaluate_clips(lambda path: said[path.name], [_CLIP, empty])
    assert report.plates_that(RIGHT).hits == 1
    assert report.false_on_empty.hits == 1
    assert report.wrong_verdicts.hits == 1
    assert report.entirely_right.hits == 1
    assert report.sure_right.total == 2
    assert set(report.by_tag()) == {"day", "night"}
    markdown = report.to_markdown()
    assert "| plates right | 1.000 (0.207-1.000), n=1 |" in markdown
    assert "seconds | p50 1.000 (1.000-1.000), n=1; p95 1.000 (1.000-1.000), n=1 |" in markdown
    data = report.to_json()
    assert data["seconds_to_verdict"] == {
        name: {"value": 1.0, "interval": [1.0, 1.0], "n": 1} for name in ("p50", "p95")
    }
    clips = data["clips"]
    assert isinstance(clips, list)
    flags = flags_of(clips)
    assert flags == {"a.mp4": _flags(True, True), "none.mp4": ClipFlags(False, (), ())}
    assert flags_of(clips, not_wrong=True) == flags
    plate = {"text": "AB123CD", "outcome": MISSED, "got": []}
    missed = [{**clips[0], "entirely_right": False, "plates": [plate]}]
    assert flags_of(missed) == {"a.mp4": _flags(False, False)}
    assert flags_of(missed, not_wrong=True) == {"a.mp4": _flags(True, True)}
    paired = compare({"a.mp4": _flags(False, False)}, flags)
    assert (paired.plates.only_second, paired.plates.total) == (1, 1)
    assert (paired.clips.only_second, paired.clips.total) == (1, 1)
    with pytest.raises(ValueError, match="no clip in common"):
        compare({}, flags)
    with pytest.raises(ValueError, match="not a result of clips"):
        flags_of([{"name": "a"}])


def _flags(clip: bool, plate: bool, text: str = "AB123CD") -> ClipFlags:
    return ClipFlags(clip, (text,), (plate,))


def test_a_plate_said_rightly_and_once_wrongly_was_said_wrongly() -> None:
    both = score_clip(_CLIP, [_event("AB123CD"), _event("AB123C0", track=2)])
    assert both.plates[0].outcome == RIGHT
    assert flags_of([both.to_json()], not_wrong=True) == {"a.mp4": _flags(False, False)}
    # What is about no plate counts by clips alone.
    false = score_clip(_CLIP, [_event("AB123CD"), _event("ZZZZ99999", track=2)])
    assert flags_of([false.to_json()], not_wrong=True) == {"a.mp4": _flags(False, True)}


def test_other_plates_or_clips_are_not_paired() -> None:
    one = {"a.mp4": _flags(True, True), "b.mp4": _flags(True, True)}
    other = {**one, "b.mp4": _flags(True, True, "XY98765")}
    with pytest.raises(
        ValueError, match=r"b\.mp4 has other plates in the two results: AB123CD; XY"
    ):
        compare(one, other)
    with pytest.raises(ValueError, match=r"other clips: b\.mp4 .* c\.mp4"):
        compare(one, {"a.mp4": one["a.mp4"], "c.mp4": one["b.mp4"]})
    assert compare(one, {"a.mp4": one["a.mp4"]}).clips.total == 1
    clip = score_clip(_CLIP, []).to_json()
    with pytest.raises(ValueError, match=r"a\.mp4 is in the result twice"):
        flags_of([clip, clip])


def test_a_verdict_before_the_window_counts_while_its_vehicle_is_there() -> None:
    early = [
        _event("AB123CD", time=0.2, first_seen=0.0),
        _event("AB123CD", time=3.5, first_seen=0.0, kind=EventKind.DEPARTED),
    ]
    assert score_clip(_CLIP, early).plates[0].outcome == RIGHT
    # One that is gone before anybody could read it is another vehicle's.
    gone = [early[0], _event("AB123CD", time=0.3, first_seen=0.0, kind=EventKind.DEPARTED)]
    assert score_clip(_CLIP, gone).plates[0].outcome == MISSED


def test_look_alikes_are_counted_apart() -> None:
    clip = Clip(
        Path("a.mp4"), 25.0, 100, (ClipPlate("AB0I3CD", 25, 75), ClipPlate("XY12345", 25, 75))
    )
    events = [_event("ABO13CD"), _event("XY12346", track=2), _event("QQQQQQ", track=3)]
    report = evaluate_clips(lambda _: events, [clip])
    assert (report.wrong_verdicts.hits, report.wrong_beyond_look_alikes.hits) == (3, 2)
    assert "| wrong verdicts, O=0 I=1 | 0.667" in report.to_markdown()
